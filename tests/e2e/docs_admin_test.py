"""docs/admin-api.md: its commands run as they stand, and its table of metrics is the program's."""

import pathlib
import re
import subprocess
import tempfile
import urllib.request

from document_script import run_document
from harness import Jumpgate, behaviour, equal, main
from peers import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/admin-api.md").read_text(encoding="utf-8")


@behaviour("the commands run as they stand and print what the document says")
def commands_run():
    ports = {name: free_port() for name in ("PORT", "ADMIN_PORT")}
    run_document(DOCUMENT, ports, "admin-example/jumpgate.log")


@behaviour("the table of metrics holds each of /metrics with its words, and promtool agrees")
def metrics():
    table = dict(re.findall(r"(?m)^\| `((?:jumpgate|process)_\w+)` \| [^|]*\| (.*) \|$", DOCUMENT))
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        with Jumpgate([], "--admin", "127.0.0.1:0", "--state-dir", folder + "/state") as gate:
            address = gate.event("admin_listening")["address"]
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
                text = answer.read().decode()
    equal(table, dict(re.findall(r"(?m)^# HELP (\S+) (.*)$", text)), "names and what they say")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=20, check=False)
    equal((checked.returncode, checked.stdout + checked.stderr), (0, ""), "promtool")


if __name__ == "__main__":
    main()
