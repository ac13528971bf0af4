#!/usr/bin/python3
"""What jumpload writes down: JSON, held to docs/result.schema.json, of runs against mosquitto."""
import contextlib
import csv
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


@behaviour("shards merge to what one run of both would have counted")
def merge():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        shards, paths = [], []
        for number in range(3):
            shards.append(play(folder, "p2p", broker.port, "-c", 10, "-I", 20, "-q", 1,
                               "--prefix", f"shard{number}-", "-t", f"shard{number}/%i",
                               "--duration", 1, "--fail-if", "duplicated>0"))
            paths.append(os.path.join(folder, f"{number}.json"))
            os.rename(os.path.join(folder, "result.json"), paths[-1])
        merged = join(folder, paths, 0)
        for group in ("messages", "clients", "bytes"):
            for name in merged[group]:
                equal(merged[group][name], sum(s[group][name] for s in shards), name)
        for name in ("latency_us", "service_us", "connect_us"):
            equal(merged[name]["count"], sum(s[name]["count"] for s in shards), name)
            equal(merged[name]["sum"], sum(s[name]["sum"] for s in shards), name)
            equal(merged[name]["min"], min(s[name]["min"] for s in shards), name)
            equal(merged[name]["max"], max(s[name]["max"] for s in shards), name)
        equal([s["command"] for s in merged["shards"]], [s["command"] for s in shards])
        equal([t["expression"] for t in merged["thresholds"]], ["duplicated>0"])
        for name in SUMS:
            equal(sum(s[name] for s in merged["seconds_series"]), merged["messages"][name], name)
        # In two steps it is the same, but for the names of the files.
        first = os.path.join(folder, "first.json")
        join(folder, paths[:2], 0, first)
        stepwise = join(folder, [first, paths[2]], 0)
        for result in (merged, stepwise):
            del result["command"]
        equal(stepwise, merged)


def join(folder, paths, exit_code, into=None):
    into = into or os.path.join(folder, "merged.json")
    done = subprocess.run([JUMPLOAD, "merge", *paths, "-o", into], capture_output=True, text=True,
                          timeout=60, check=False)
    equal(done.returncode, exit_code, done.stdout + done.stderr)
    result = json.loads(pathlib.Path(into).read_text(encoding="utf-8"))
    equal(faults(SCHEMA, result, strict=True), [], "the schema")
    return result


@behaviour("a broken --fail-if is exit code 3, named in text and JSON; a held one is not")
def limits():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        path = os.path.join(folder, "result.json")
        done = subprocess.run([JUMPLOAD, "p2p", "-p", str(broker.port), "-c", "4", "-I", "20",
                               "--duration", "1", "--json", path, *PATIENT, "--fail-if", "p50>1us",
                               "--fail-if", "lost > 0", "--fail-if", "ack.p99>1s"],
                              capture_output=True, text=True, timeout=60, check=False)
        equal(done.returncode, 3, done.stdout)
        broken = [line for line in done.stdout.splitlines() if line.startswith("FAILED: ")]
        equal([line.split(":")[1].strip() for line in broken], ["p50>1us", "ack.p99>1s"])
        result = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        equal([(t["expression"], t["measured"], t["failed"]) for t in result["thresholds"]],
              [("p50>1us", True, True), ("lost>0", True, False), ("ack.p99>1s", False, True)])
        equal(result["exit_code"], 3)
        result = play(folder, "p2p", broker.port, "-c", 4, "-I", 20, "--duration", 1,
                      "--fail-if", "p50>1000s", "--fail-if", "lost>0%", "--fail-if", "failed>0")
        equal([t["failed"] for t in result["thresholds"]], [False] * 3)


@behaviour("the CSV has the words and the numbers of the seconds in the JSON")
def table():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        path = os.path.join(folder, "seconds.csv")
        result = play(folder, "p2p", broker.port, "-c", 4, "-I", 20, "--duration", 2, "--csv", path)
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    equal(len(rows), len(result["seconds_series"]))
    for row, second in zip(rows, result["seconds_series"], strict=True):
        equal({name: value for name, value in second.items() if not name.endswith("_hdr")},
              {name: type(second[name])(value) for name, value in row.items()})


@behaviour("a full disk is said for each file, exit code 1, and the text is printed all the same")
def full_disk():
    with Mosquitto() as broker:
        files = [word for flag in ("json", "csv", "hgrm", "hdr-log")
                 for word in (f"--{flag}", "/dev/full")]
        done = subprocess.run([JUMPLOAD, "conn", "-p", str(broker.port), "-c", "2", "--duration",
                               "1", *files, *PATIENT], capture_output=True, text=True, timeout=60,
                              check=False)
    equal(done.returncode, 1)
    assert "2 requested, 2 connected" in done.stdout, done.stdout
    equal(done.stderr.splitlines(),
          [f"jumpload conn: --{flag} /dev/full: could not be written: No space left on device"
           for flag in ("json", "csv", "hgrm", "hdr-log")])


@behaviour("a file that cannot be written is refused before anything is dialled")
def refused_files():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        run = os.path.join(folder, "run.json")
        for files, why in (
                (("--csv", f"{folder}/no/x"), f"--csv {folder}/no/x: cannot be written: there is no"
                                              f" folder {folder}/no/; make it first"),
                (("--json", folder), f"--json {folder}: cannot be written: is a folder"),
                (("--json", "-"), "--json -: cannot be written: standard output is for the text"),
                (("--json", run, "--hgrm", run),
                 f"--hgrm {run}: is the file of --json as well; give each its own")):
            done = subprocess.run([JUMPLOAD, "conn", "-p", str(broker.port), "-c", "1", *files],
                                  capture_output=True, text=True, timeout=10, check=False)
            equal(done.returncode, 2, done.stderr)
            equal(done.stdout, "")
            assert done.stderr.startswith(f"jumpload conn: {why}"), done.stderr
        equal(os.listdir(folder), [])


if __name__ == "__main__":
    main()
