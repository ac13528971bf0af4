"""What runs out beneath jumpload: source ports, names, room on a disk. Each is said in words that
tell what to do. In a network and with mounts of their own (own_network.py)."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile

import own_network
from fleet import Brokers
from harness import behaviour, equal, main
from load_run import play, side_by_side

PORTS = 100
RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")  # of this network alone


@contextlib.contextmanager
def narrow(setting, value):
    before = setting.read_text()
    setting.write_text(value)
    try:
        yield
    finally:
        setting.write_text(before)


@behaviour("source ports run out: said once, naming --ifaddr; two addresses have room for all")
def ports():
    def check(name, case):
        connected, flags, exit_code = case
        run = play("conn", broker.ports[0], "-c", 150, "--prefix", name, "--duration",
                   1, *flags, exit_code=exit_code)
        equal(run.result["clients"]["connected"], connected)
        lacking = 150 - connected
        equal(run.result["setup_failures"], {"no_address": lacking} if lacking else {})
        advice = ("no free source port towards the target; give more addresses with --ifaddr, "
                  "each of this machine")
        equal(run.text.count(advice), 1 if lacking else 0, run.text)

    with Brokers(1) as broker, narrow(RANGE, f"20000 {19999 + PORTS}"):
        side_by_side({"one": (PORTS, (), 1), "two": (150, ("--ifaddr", "127.0.0.2,127.0.0.3"), 0)},
                     check)


@behaviour("a name that resolves to nothing ends the run before it begins, and names it")
def names():
    run = play("conn", 1883, "-h", "nowhere.invalid", exit_code=1)
    assert run.text.startswith("jumpload conn: --host nowhere.invalid: "), run.text
    equal((run.text.count("\n"), run.result), (1, None), run.text)


@behaviour("a disk that is full: exit 1 and the path, no half of a result, the old one as it was")
def disk():
    with Brokers(1) as broker, tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", folder], check=True)
        try:
            old = pathlib.Path(folder, "run.json")
            old.write_text(json.dumps("of an earlier run"))
            pathlib.Path(folder, "other").write_bytes(bytes(10_000))
            fresh = os.path.join(folder, "run.csv")
            run = play("pub", broker.ports[0], "-c", 50, "-t", "t", "-I", 10, "-q", 1,
                       "--duration", 1, "--hgrm", fresh, json_path=old, exit_code=1)
            line = f"--json {old}: could not be written: No space left on device"
            assert line in run.text, run.text
            equal(run.result, "of an earlier run")
            assert not [x for x in os.listdir(folder) if "partial" in x], os.listdir(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    own_network.enter()
    main()
