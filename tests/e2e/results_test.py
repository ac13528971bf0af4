#!/usr/bin/python3
"""What jumpload writes down: JSON, held to docs/result.schema.json, of runs against mosquitto."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile

from harness import behaviour, equal, main, wait_until
from json_schema import faults
from peers import Mosquitto, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUMPLOAD = os.environ.get("JUMPLOAD", "build/jumpload")
SCHEMA = json.loads((ROOT / "docs/result.schema.json").read_text(encoding="utf-8"))
SUMS = ("sent", "received", "acknowledged")
# Timing is not what these tests are about: a busy machine must not fail them.
PATIENT = ("--lateness-limit-ms", "60000")


def play(folder, mode, port, *flags, exit_code=0):
    """One run to its end; its result, which the schema must allow in every field."""
    path = os.path.join(folder, "result.json")
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    command = [JUMPLOAD, mode, "-p", str(port), *PATIENT, "--json", path, *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    equal(done.returncode, exit_code, done.stdout + done.stderr)
    result = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    equal(faults(SCHEMA, result, strict=True), [], "the schema")
    return result


@behaviour("results of each mode are as the schema says, and the schema names all that is in them")
def schema():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        often = ("-I", 50)
        for mode, flags in (("conn", ()), ("pub", ("-t", "a/%i", "-q", 1, *often)),
                            ("sub", ("-t", "a/#")), ("p2p", ("-q", 2, *often))):
            result = play(folder, mode, broker.port, "-c", 4, "--duration", 1, *flags)
            equal(result["mode"], mode)
            equal(result["exit_code"], 0)
            equal(result["clients"]["connected"], 4)
        result = play(folder, "conn", free_port(), "-c", 3, "--duration", 1, exit_code=1)
        equal(result["exit_code"], 1)
        equal(result["setup_failures"], {"refused": 3})
        equal(sum(second["errors"] for second in result["seconds_series"]), 3)


@behaviour("the seconds add up to the run, and stand on its clock")
def seconds():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        result = play(folder, "p2p", broker.port, "-c", 20, "-I", 10, "-q", 1, "--duration", 3)
    series = result["seconds_series"]
    for name in SUMS:
        equal(sum(second[name] for second in series), result["messages"][name], name)
    for name in ("latency", "send_lateness"):
        equal(sum(second[f"{name}_count"] for second in series), result[f"{name}_us"]["count"])
        equal(max(second[f"{name}_max_us"] for second in series), result[f"{name}_us"]["max"])
    numbers = [second["second"] for second in series]
    equal(numbers, sorted(set(numbers)), "seconds")
    assert len(series) >= 4 and numbers[0] == 0, numbers
    total = sum(second["length_s"] for second in series)
    assert abs(total - series[-1]["elapsed_s"]) < 0.001, (total, series[-1])
    assert series[-1]["stage"] == "draining" and series[-1]["connected"] == 0, series[-1]


@behaviour("an interrupted run leaves a whole document that says so")
def interrupted():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        path = os.path.join(folder, "result.json")
        run = subprocess.Popen([JUMPLOAD, "p2p", "-p", str(broker.port), "-c", "4", "-I", "20",
                                "--duration", "1000", "--live-json", "--json", path, *PATIENT],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            wait_until(lambda: json.loads(run.stdout.readline())["received"] > 10, "messages")
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=30)
        finally:
            run.kill()
        equal(run.returncode, 0)
        result = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    equal(faults(SCHEMA, result, strict=True), [])
    equal(result["interrupted"], True)
    equal(result["messages"]["received"], result["messages"]["planned"])


@behaviour("a command line comes back as it was given, but for the password")
def command():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        topic = "it's $HOME/%i"
        result = play(folder, "pub", broker.port, "-c", 1, "--duration", 1, "-t", topic,
                      "-P", "s3cret", "-u", "me")
    assert "s3cret" not in json.dumps(result), result["command"]
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {result['command']}"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    equal(words[:2], ["jumpload", "pub"])
    equal(words[words.index("-t") + 1], topic)
    equal(words[words.index("-P") + 1], "***")


if __name__ == "__main__":
    main()
