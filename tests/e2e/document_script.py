"""Runs the commands of a document of docs/.

Law: all `sh` blocks are one script, in order, in a folder of their own; a `text` block behind one
is what it prints ("..." stands for anything). A `yaml` block whose first line is a comment with a
file's name becomes this file, and a configuration without a word of complaint; a `text` block
behind it is what --check says of it instead. Only the assignments of ports and of the program are
changed. Jobs that are left in the background end with the script.
"""

import os
import pathlib
import re
import subprocess
import tempfile

from harness import ENVIRONMENT, PROGRAM, equal, start

BLOCK = re.compile(r"^```(sh|text|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\S+\.yaml)\n")
VALID = "configuration is valid: ...\n"
SCRIPT_S = 120


def saved_and_checked(name, text):
    """A shell script; the listener is for examples that are about something else."""
    listen = "" if "listeners:" in text else "--listen 127.0.0.1:0 "
    check = f"$PROGRAM --check --config {name} {listen}2>&1 || true"
    return f"cat > {name} <<'END OF FILE'\n{text}END OF FILE\n{check}\n"


def blocks(document):
    """[shell text, expected output or None] in the order of the document."""
    found = []
    for kind, text in BLOCK.findall(document):
        if kind == "sh":
            found.append([text, None])
        elif kind == "text":
            found[-1][1] = text
        elif name := FILE_NAME.match(text):
            found.append([saved_and_checked(name.group(1), text), VALID])
    return found


def with_own_values(text, ports):
    values = {"JUMPGATE": os.path.abspath(PROGRAM)} | {n: str(port) for n, port in ports.items()}
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^{name}=\S+", f"{name}={value}", text)
        equal(count, 1, f"assignments of {name}")
    return text


def as_pattern(line):
    return ".*".join(re.escape(part) for part in line.split("..."))


def run_document(document, ports, log_name):
    """`ports`: what the document assigns to variables of these names; `log_name`: for failures."""
    parts = blocks(document)
    assert len(parts) >= 8, len(parts)
    script = f"set -eu\nPROGRAM={os.path.abspath(PROGRAM)}\n"
    script += "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"
    for number, (text, _) in enumerate(parts):
        script += f"echo '== {number}'\n{text}"
    script += "echo '== end'\n"
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        errors = pathlib.Path(folder, "errors")
        with errors.open("wb") as out:
            shell = start(["bash", "-c", with_own_values(script, ports)], cwd=folder, stderr=out,
                          env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            try:
                printed = shell.communicate(timeout=SCRIPT_S)[0].decode()
            except subprocess.TimeoutExpired:
                shell.terminate()  # its trap ends what it has started
                printed = shell.communicate()[0].decode()
        said = printed + errors.read_text(encoding="utf-8", errors="replace")
        log = pathlib.Path(folder, log_name)
        said += log.read_text(encoding="utf-8") if log.exists() else ""
    equal(shell.returncode, 0, "exit code of the script\n" + said)
    outputs = dict(re.findall(r"^== (\d+)\n(.*?)(?=^== )", printed, re.MULTILINE | re.DOTALL))
    for number, (text, expected) in enumerate(parts):
        if expected is None:
            continue
        pattern = "\n".join(as_pattern(line) for line in expected.splitlines()) + "\n"
        assert re.fullmatch(pattern, outputs[str(number)]), \
            f"{text}\nprinted:\n{outputs[str(number)]}\nexpected:\n{expected}"
