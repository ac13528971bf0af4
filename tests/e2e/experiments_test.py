"""jumpload compare and find-max: the same load many times, on real brokers that differ."""

import json
import pathlib
import re
import signal
import subprocess
import tempfile

from fleet import JUMPLOAD, Brokers
from harness import Lines, behaviour, equal, main, start, wait_until

PATIENCE_S = 100
LOAD = ("p2p", "-c", "20", "--rate", "200", "-q", "1", "--duration", "1",
        "--lateness-limit-ms", "60000")


def run(*arguments, exit_code=0):
    done = subprocess.run([JUMPLOAD, *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)
    equal(done.returncode, exit_code, done.stdout + done.stderr)
    return done.stdout, done.stderr


def targets(**ports):
    return [f"--target={name}=127.0.0.1:{port}" for name, port in ports.items()]


@behaviour("compare runs its targets in turn, round after round, and tells their ratios")
def compare():
    with Brokers(2) as brokers, tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        path = pathlib.Path(folder, "compare.json")
        one, two = brokers.ports
        said, _ = run("compare", *targets(one=one, two=two), "--pid", f"two={brokers.process.pid}",
                      "--rounds", 2, "--json", path, *LOAD)
        order = [line.split(": ")[1] for line in said.splitlines() if line.startswith("round ")]
        equal(order, ["one", "two"] * 2)
        result = json.loads(path.read_text(encoding="utf-8"))
        equal(result["rounds"], 2)
        for name in ("one", "two"):
            # 200 messages in one second.
            equal(result["targets"][name]["messages"]["values"], [200.0] * 2)
            equal(result["targets"][name]["lost"]["values"], [0.0] * 2)
        ratio = result["targets"]["two"]["messages"]["ratio"]
        equal(ratio, {"median": 1.0})  # of two rounds there is no interval
        assert "ratio" not in result["targets"]["one"]["messages"]
        assert result["targets"]["two"]["CPU per message"]["median"] >= 0
        assert "CPU per message" not in result["targets"]["one"]


@behaviour("compare says which target failed, and why")
def compare_failure():
    with Brokers(1) as brokers:
        said, _ = run("compare", *targets(here=brokers.ports[0], nowhere=1), "--rounds", 1, *LOAD,
                      exit_code=1)
        assert "nowhere: 0 connected" in said and "attempts failed: refused" in said, said
        for command in (["compare", *targets(a=brokers.ports[0], b=brokers.ports[0])],
                        ["find-max"]):
            _, said = run(*command, "p2p", "--nonsense", exit_code=2)
            assert said.startswith("jumpload p2p: --nonsense: unknown flag"), said


@behaviour("an interrupted comparison ends with what it has")
def compare_interrupted():
    with Brokers(1) as brokers:
        process = start([JUMPLOAD, "compare", *targets(a=brokers.ports[0], b=brokers.ports[0]),
                         "--rounds", "100", *LOAD],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = Lines(process.stdout)
        lines.wait(lambda line: line.startswith("round 1 of 100: b"), "a whole round",
                   deadline_s=PATIENCE_S)
        process.send_signal(signal.SIGINT)
        equal(process.wait(PATIENCE_S), 0, lines.text())
        lines.wait(lambda line: line == "interrupted: partial", "the word that it is partial")
        lines.wait(lambda line: line.endswith("x1.00"), "the ratios of the round")


@behaviour("find-max finds what a broker that reads slowly can take")
def find_max():
    # Each publisher's 2,000 bytes a second: some 17 messages of 100 bytes, so 170 of ten. The rest
    # of a few seconds would come while the run drains, within any limit of latency. A machine that
    # stops for a moment fails a try that would hold; it does not do so three times in a row.
    with Brokers(1, "--slow-read", "2000") as brokers, \
            tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        path = pathlib.Path(folder, "find-max.json")
        said, _ = run("find-max", "--slo", "p99=5s", "--rate-from", 130, "--rate-to", 6400,
                      "--step-s", 3, "--tries", 3, "--precision", 50, "--json", path,
                      "p2p", "-p", brokers.ports[0], "-c", 20, "-s", 100,
                      "--lateness-limit-ms", 60000, "--drain-ms", 10000)
        result = json.loads(path.read_text(encoding="utf-8"))
        equal((result["highest_that_held"], result["lowest_that_failed"]), (130, 184), said)
        equal(list(dict.fromkeys(step["rate"] for step in result["steps"])), [130, 260, 184])
        equal(result["generator_was_the_limit"], False)
        assert re.search(r"260 messages/s: FAILS .*only 1[5-9]\d/s of 260/s arrived in time", said)


@behaviour("find-max says where nothing holds, and where all that was asked for does")
def find_max_ends():
    with Brokers(1, "--lose", "1/5") as brokers:
        said, _ = run("find-max", "--slo", "loss=0", "--rate-from", 100, "--step-s", 1,
                      "--tries", 1, "p2p", "-p", brokers.ports[0], "-c", 20, "--drain-ms", 500,
                      "--lateness-limit-ms", 60000, exit_code=3)
        assert "no rate held: 100 messages/s failed already" in said, said
        assert "FAILS" in said and "; lost>0: lost is 20\n" in said, said
    said, _ = run("find-max", "--slo", "ack.p99=1s", "--tries", 1, "--step-s", 1, "pub",
                  "-p", 1, "-c", 2, "-t", "x", exit_code=3)
    assert "attempts failed: refused (nothing listens" in said, said
    assert "ack.p99>1s: ack was not measured" in said, said
    with Brokers(1) as brokers:
        said, _ = run("find-max", "--slo", "loss=0", "--rate-from", 100, "--rate-to", 200,
                      "--step-s", 1, "p2p", "-p", brokers.ports[0], "-c", 20,
                      "--lateness-limit-ms", 60000)
        assert "200 messages/s hold; nothing above was tried" in said, said


@behaviour("compare and find-max say that they were interrupted before they had anything")
def interrupted_at_once():
    with Brokers(1) as brokers:
        port = brokers.ports[0]
        for command, said in ((["compare", *targets(a=port, b=port), "p2p"], "no round ended"),
                              (["find-max", "p2p", "-p", str(port)],
                               "no rate was tried to its end")):
            process = start([JUMPLOAD, *command, "-c", "20"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            lines = Lines(process.stdout)
            running = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            wait_until(lambda path=running: path.read_text(encoding="ascii"), "the first run")
            process.send_signal(signal.SIGINT)
            equal(process.wait(PATIENCE_S), 1, lines.text())
            lines.wait(lambda line, what=said: f"interrupted: {what}" in line, said)


if __name__ == "__main__":
    main()
