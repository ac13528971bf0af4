"""jumpload against targets that refuse, break, lie or fall silent, and against too little of what
a machine has: every fault is counted under its name and said in words."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from fleet import JUMPLOAD, PATIENCE_S, Brokers
from harness import behaviour, equal, main, sanitized, start, wait_until
from load_run import CONNACK, Script, play, reset, side_by_side

# MQTT 5, table 3-1 (3.2.2.2), in its words.
REASONS = {
    0x80: "Unspecified error", 0x81: "Malformed Packet", 0x82: "Protocol Error",
    0x83: "Implementation specific error", 0x84: "Unsupported Protocol Version",
    0x85: "Client Identifier not valid", 0x86: "Bad User Name or Password",
    0x87: "Not authorized", 0x88: "Server unavailable", 0x89: "Server busy", 0x8A: "Banned",
    0x8C: "Bad authentication method", 0x90: "Topic Name invalid", 0x95: "Packet too large",
    0x97: "Quota exceeded", 0x99: "Payload format invalid", 0x9A: "Retain not supported",
    0x9B: "QoS not supported", 0x9C: "Use another server", 0x9D: "Server moved",
    0x9F: "Connection rate exceeded",
}
# MQTT 3.1.1, table 3.1, and the reason code of MQTT 5 that says the same.
RETURNS = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}


def refuse_with(codes, version):
    """One client for each code: the run, and the page that is made of its result."""
    def refuse(wire, number):
        wire.recv(4096)
        code = bytes([codes[number]])
        wire.sendall(b"\x20\x02\x00" + code if version == 4 else b"\x20\x03\x00" + code + b"\x00")

    with Script(refuse) as peer:
        run = play("conn", peer.port, "-c", len(codes), "-V", version, "--duration", 1, exit_code=1)
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        source, page = pathlib.Path(folder, "run.json"), pathlib.Path(folder, "run.html")
        source.write_text(json.dumps(run.result))
        subprocess.run([JUMPLOAD, "report", str(source), "-o", str(page)], check=True,
                       timeout=PATIENCE_S)
        return run, page.read_text()


def check_codes(wanted, run, page):
    equal(run.result["connack_codes"], {f"0x{code:02x}": 1 for code in wanted}, "connack_codes")
    equal(run.result["setup_failures"], {"connack": len(wanted)}, "setup_failures")
    for code in wanted:
        line = f"connack 0x{code:02x} ({REASONS[code]}): 1"
        assert line in run.text, (line, run.text)
        row = rf">0x{code:02x}</th><td class=\"words\">{REASONS[code]}</td><td>1</td>"
        assert re.search(row, page), row


@behaviour("each reason code of a CONNACK is in the table under its name: JSON, text, report")
def each_connack_code():
    def check(version, codes):
        check_codes([RETURNS.get(code, code) for code in codes], *refuse_with(codes, version))

    side_by_side({4: list(RETURNS), 5: list(REASONS)}, check)


# ---- Targets that break ------------------------------------------------------------------------

def ends_at_once(wire, _):
    wire.recv(4096)


def resets_at_once(wire, _):
    wire.recv(4096)
    reset(wire)


def answers_garbage(wire, _):
    wire.recv(4096)
    wire.sendall(bytes(range(64)))
    wire.recv(4096)


def says_nothing(wire, _):
    while wire.recv(4096):
        pass


def accepts_and(then):
    def script(wire, _):
        wire.recv(4096)
        wire.sendall(CONNACK[5])
        wire.recv(4096)  # the first message
        then(wire)
    return script


def send_and_read(data):
    def then(wire):
        wire.sendall(data)
        wire.recv(4096)
    return then


BEFORE_CONNACK = {  # the script, and the cause that each of the clients has
    "closed": ends_at_once,
    "reset": resets_at_once,
    "protocol_error": answers_garbage,
    "timeout": says_nothing,
}
BEHIND_CONNACK = {
    "closed": accepts_and(lambda wire: None),
    "reset": accepts_and(reset),
    "protocol_error": accepts_and(send_and_read(b"\xf0\xff\xff\xff\xff\xff")),
    "disconnected": accepts_and(send_and_read(b"\xe0\x01\x8b")),
}


@behaviour("a target that breaks before its CONNACK fails each client, under the cause")
def breaks_before_connack():
    def check(cause, script):
        with Script(script) as peer:
            run = play("conn", peer.port, "-c", 3, "--duration", 1, "--connect-timeout-ms", 300,
                       exit_code=1)
        equal(run.result["setup_failures"], {cause: 3}, cause)
        equal(run.result["clients"]["failed"], 3, cause)
        assert f"{cause}: 3 attempts failed" in run.text, run.text

    side_by_side(BEFORE_CONNACK, check)


@behaviour("a target that breaks in the middle loses each connection, under the cause: exit 3")
def breaks_mid_run():
    def check(cause, script):
        with Script(script) as peer:
            run = play("pub", peer.port, "-c", 3, "-t", "t/%i", "-I", 50, "--duration", 1,
                       exit_code=3)
        equal(run.result["connections_lost"], {cause: 3}, cause)
        messages = run.result["messages"]
        equal(messages["planned"], 60, cause)
        assert messages["unsent"] == 60 - messages["sent"] > 0, messages
        assert f"{messages['unsent']} NEVER SENT" in run.text, run.text

    side_by_side(BEHIND_CONNACK, check)


@behaviour("a target that stops reading: bounded memory, an end in time, and what was not sent")
def stops_reading():
    def script(wire, number):
        wire.recv(4096)
        wire.sendall(CONNACK[5])
        deaf.over.wait(2)  # longer than the run, shorter than its patience with goodbyes

    with Script(script, receive_bytes=4096) as deaf:
        # 10 clients x 50 messages of 1 MB each: 500 MB, of which the sockets take what they take.
        run = play("pub", deaf.port, "-c", 10, "-t", "t", "-I", 20, "-s", 1_000_000, "--duration",
                   1, "--drain-ms", 200, exit_code=3, before=(sys.executable, "-c", PEAK))
    messages = run.result["messages"]
    equal(messages["planned"], 500)
    assert messages["unsent"] > 400 and "NEVER SENT" in run.text, messages
    peak_kib = int(re.search(r"peak (\d+)", run.text).group(1))
    assert peak_kib < (400_000 if sanitized(JUMPLOAD) else 150_000), f"{peak_kib} KiB"


# Starts what follows, and says how much memory it had at most.
PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


# ---- What a machine has too little of ------------------------------------------------------------

def under(limit):
    return "prlimit", f"--nofile={limit}:{limit}"


@behaviour("fewer descriptors than clients: direct ones first, then an error with limit and remedy")
def few_descriptors():
    with Brokers(1) as broker:
        run = play("conn", broker.ports[0], "-c", 200, "--duration", 1, before=under(150))
    equal(run.result["clients"]["connected"], 200)
    equal(run.result["plan"]["threads"], 2)  # each has a table of its own
    for limit, flags, says in (
            (150, ("-c", 200, "--threads", 1),
             "--threads: 200 clients in 1 threads do not fit under the descriptor limit of 150 "
             "(ulimit -n); allowed: 2 to 142"),
            (150, ("-c", 2000, "--threads", 200),
             "--threads: 2000 clients in 200 threads do not fit under the descriptor limit of 150 "
             "(ulimit -n); allowed: 14 to 142"),
            (150, ("-c", 100_000),
             "--count: 100000 clients need more than 142 threads under this descriptor limit "
             "(ulimit -n: 150); raise it, or run several processes"),
            (6, ("-c", 200),
             "--count: 200 clients need more than 1 threads under this descriptor limit "
             "(ulimit -n: 6); raise it, or run several processes")):
        run = play("conn", 1883, *flags, exit_code=2, before=under(limit))
        equal(run.text, f"jumpload conn: {says}\n")


@behaviour("results that find no room: exit 1, the path, the reason")
def full_device():
    with Brokers(1) as broker, open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([JUMPLOAD, "conn", "-p", str(broker.ports[0]), "-c", "2",
                               "--duration", "1", "--json", "/dev/full"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
    equal(done.returncode, 1, done.stderr)
    for said in ("--json /dev/full: could not be written: No space left on device",
                 "stdout: could not be written"):
        assert said in done.stderr, done.stderr


# ---- Ctrl-C --------------------------------------------------------------------------------------

def started(folder, peer, count, *flags):
    """A run in the background, whose clients have sent their messages."""
    path = pathlib.Path(folder, "result.json")
    process = start([JUMPLOAD, "pub", "-p", str(peer.port), "-c", str(count), "-t", "t", "-q", "1",
                     "-I", "20", "--duration", "1000", "--drain-ms", "600000",
                     "--lateness-limit-ms", "60000", "--json", str(path), *flags],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    text=True)
    return process, path


@behaviour("Ctrl-C once waits for what is under way, twice ends at once; the result is marked")
def interrupted():
    heard = set()

    def script(wire, number):
        wire.recv(4096)
        wire.sendall(CONNACK[5])
        wire.recv(4096)
        heard.add(number)
        while wire.recv(4096):  # no message is ever answered
            pass

    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Script(script) as peer:
        process, path = started(folder, peer, 4)
        wait_until(lambda: len(heard) == 4, "all clients")
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            pass
        assert process.poll() is None, "--drain-ms was not waited for"
        assert not path.exists(), os.listdir(folder)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE_S / 4)  # far below --drain-ms
        result = json.loads(path.read_text())
        equal(os.listdir(folder), ["result.json"])
    equal(result["interrupted"], True)
    assert "interrupted: partial results" in said, said
    assert result["messages"]["unacknowledged"] == result["messages"]["sent"] > 0


@behaviour("Ctrl-C while clients connect ends the run, and no client that was not tried has failed")
def interrupted_early():
    accepted = []
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        with Script(lambda wire, number: (accepted.append(number), says_nothing(wire, 0))) as peer:
            process, path = started(folder, peer, 1000, "-R", "10")
            wait_until(lambda: len(accepted) >= 2, "the first clients")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S / 4)
        result = json.loads(path.read_text())
    equal(result["interrupted"], True)
    equal((result["clients"]["failed"], result["setup_failures"]), (0, {}))


if __name__ == "__main__":
    main()
