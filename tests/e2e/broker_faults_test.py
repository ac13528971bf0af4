#!/usr/bin/python3
"""`jumpload broker` misbehaves on purpose, and jumpload's account says exactly how.

Usage: broker_faults_test.py JUMPLOAD [untimed|timed|SCENARIO...]. Prints TAP. What the broker did
is in the line of JSON that it prints at its end; what jumpload saw is in its result: they must be
equal, number by number.
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

import beside
from mqtt_peer import DEADLINE_S, Process, connect_packet, raw

JUMPLOAD = sys.argv[1]
PATIENCE_S = 60


class Broker:
    """A broker with these faults; `end()` stops it and returns what it says of itself."""

    def __init__(self, *flags):
        self.process = Process([JUMPLOAD, "broker", "--listen", "127.0.0.1:0", *map(str, flags)])
        ready = self.process.lines.get(timeout=DEADLINE_S)
        self.port = int(re.search(r"listening on \S+:(\d+)", ready).group(1))

    def end(self):
        assert self.process.stop() == 0, self.process.output
        line = self.process.lines.get(timeout=DEADLINE_S)
        return json.loads(line)


@contextlib.contextmanager
def broker(*flags):
    one = Broker(*flags)
    try:
        yield one
    finally:
        if one.process.process.poll() is None:
            one.process.stop()


def load(mode, port, *flags, exit_codes=(0,)):
    """The result of one run of jumpload. How late it sends is not what is tested here."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        done = subprocess.run([JUMPLOAD, mode, "-p", str(port), "--quiet", "--json", path,
                               "--lateness-limit-ms", "60000", *map(str, flags)],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode in exit_codes, (done.returncode, done.stdout, done.stderr)
        with open(path) as result:
            return json.load(result)


# ---- Deliveries ---------------------------------------------------------------------------------

def the_account_finds_each_injected_fault(qos, version):
    with broker("--lose", "1/20", "--duplicate", "1/15", "--reorder", "1/10") as one:
        seen = load("p2p", one.port, "-c", 40, "-I", 10, "-q", qos, "-V", version, "--duration", 2,
                    exit_codes=(3,))["messages"]
        did = one.end()["faults"]
    assert seen["sent"] == 20 * 200 and did["lost"] == 20 * 10, (seen, did)
    assert did["duplicated"] > 200 and did["reordered"] > 200, did
    for fault in ("lost", "duplicated", "reordered"):
        assert seen[fault] == did[fault], (fault, seen, did)
    assert seen["received"] + seen["lost"] == seen["sent"], seen
    assert seen["unexpected"] == 0, seen


def one_fault_alone_leaves_the_other_figures_at_zero(flag, figure):
    with broker(f"--{flag}", "1/25") as one:
        seen = load("p2p", one.port, "-c", 10, "-I", 10, "--duration", 1,
                    exit_codes=(0, 3))["messages"]
        did = one.end()["faults"]
    for other in ("lost", "duplicated", "reordered"):
        assert seen[other] == did[other], (flag, seen, did)
        assert (seen[other] > 0) == (other == figure), (flag, seen)


def a_seed_says_what_is_lost():
    def lost(seed):
        with broker("--lose", "1/9", "--seed", seed) as one, socket.create_connection(
                ("127.0.0.1", one.port), timeout=DEADLINE_S) as wire:
            wire.sendall(connect_packet(b"x") + b"\x82\x06\x00\x01\x00\x01t\x00")
            wire.sendall(b"".join(b"\x30\x04\x00\x01t" + bytes([i]) for i in range(90))
                         + b"\xc0\x00")
            got = b""
            while not got.endswith(b"\xd0\x00"):
                got += wire.recv(4096)
        return set(range(90)) - {m[0] for m in re.findall(rb"\x30\x04\x00\x01t(.)", got, re.S)}

    first = lost(1)
    assert len(first) == 10, first
    assert lost(1) == first != lost(2), "the seed decides, and nothing else"


# ---- Connections --------------------------------------------------------------------------------

def exactly_the_share_of_clients_is_refused():
    with broker("--refuse", "10%", "--refuse-code", "0x97") as one:
        seen = load("conn", one.port, "-c", 200, "--duration", 1, exit_codes=(1,))
        said = one.end()
    assert seen["clients"]["failed"] == 20 and seen["clients"]["connected"] == 180, seen["clients"]
    assert said["faults"]["connections_refused"] == said["connections_refused"] == 20, said


def a_redirect_names_the_other_broker():
    with broker("--redirect", "127.0.0.1:1884", "--name", "old") as one:
        told = raw(one.port, connect_packet(level=5))
        assert told[0] == 0x20 and told[3] == 0x9C, told
        assert b"\x1c\x00\x0e127.0.0.1:1884" in told, told
        assert raw(one.port, connect_packet()) == b"\x20\x02\x00\x03"
        said = one.end()
    assert said["faults"]["connections_refused"] == 2 and said["name"] == "old", said


def a_name_is_told_in_the_connack():
    with broker("--name", "one-of-three") as one:
        with socket.create_connection(("127.0.0.1", one.port), timeout=DEADLINE_S) as wire:
            wire.sendall(connect_packet(level=5))
            told = wire.recv(4096)
    assert b"\x26\x00\x06broker\x00\x0cone-of-three" in told, told


def a_connack_comes_no_sooner_than_asked():
    with broker("--connack-delay-ms", 300) as one:
        seen = load("conn", one.port, "-c", 50, "--duration", 1)
        said = one.end()
    assert seen["clients"]["connected"] == 50 and said["faults"]["connacks_delayed"] == 50
    assert seen["connect_us"]["p50"] >= 300_000, seen["connect_us"]


def garbage_is_no_connack():
    with broker("--garbage") as one:
        seen = load("conn", one.port, "-c", 5, "--duration", 1, exit_codes=(1,))
        said = one.end()
    assert seen["clients"]["failed"] == 5, seen["clients"]
    assert said["faults"]["garbage"] == 5, said


def garbage_after_some_packets_ends_a_connection():
    # Of each client the CONNECT and four messages count, the fifth message is answered wrongly.
    with broker("--garbage", "--garbage-after", 5) as one:
        seen = load("pub", one.port, "-c", 4, "-t", "t/%i", "-I", 20,
                    "--duration", 1, exit_codes=(0, 3))
        said = one.end()
    assert seen["clients"]["connected"] == 4, seen["clients"]
    assert seen["clients"]["connections_lost"] == 4, seen["clients"]
    assert said["faults"]["garbage"] == 4 and said["messages_in"] == 4 * 4, said


def connections_drop_after_so_many_messages():
    with broker("--drop-after", 25) as one:
        seen = load("pub", one.port, "-c", 4, "-t", "t/%i", "-I", 10, "-q", 1,
                    "--duration", 1, "--reconnect", "--reconnect-min-ms", 20, exit_codes=(0, 3))
        did = one.end()["faults"]
    assert did["connections_dropped"] >= 8, did
    assert seen["clients"]["connections_lost"] == did["connections_dropped"], (seen, did)


def a_slow_reader_takes_no_more_than_its_rate():
    rate = 50_000
    with broker("--slow-read", rate) as one:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", one.port), timeout=1) as wire:
            wire.sendall(connect_packet(b"eager"))
            message = b"\x30\x83\x08\x00\x01t" + bytes(1024)
            with contextlib.suppress(socket.timeout):  # it stops reading: so do we, in the end
                while time.monotonic() < began + 4:
                    wire.sendall(message)
        taken = one.end()["bytes_in"]
        seconds = time.monotonic() - began
    assert rate / 10 < taken <= rate * (seconds + 0.2), (taken, seconds)


# ---- Time ---------------------------------------------------------------------------------------

def a_stall_shows_in_the_latency_from_the_plan():
    """0.5 s once in a run of 10 s: 5 % of the messages are due in it, so one in a hundred waits for
    0.4 s or more. Closed-loop clients (one message in flight) would hardly have noticed."""
    with broker("--stall", "every=10s,for=500ms") as one:
        seen = load("p2p", one.port, "-c", 40, "-I", 10, "-q", 1, "-F", 1, "--duration", 10)
        stalls = one.end()["faults"]["stalls"]
    from_plan, from_send = seen["latency_us"]["p99"], seen["service_us"]["p99"]
    print(f"# p99 from the plan {from_plan} us, from the actual send {from_send} us")
    exact = abs(from_plan - 400_000) <= 20_000
    assert stalls == 1 and exact and from_send < 100_000, (stalls, seen["latency_us"],
                                                           seen["service_us"])


def a_stalled_broker_throws_nobody_out():
    with broker("--stall", "every=3s,for=2s") as one:
        with socket.create_connection(("127.0.0.1", one.port), timeout=DEADLINE_S) as wire:
            wire.sendall(connect_packet(keep_alive_s=1))
            assert wire.recv(4, socket.MSG_WAITALL) == b"\x20\x02\x00\x00"
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline:  # pings as fast as they are answered
                wire.sendall(b"\xc0\x00")
                assert wire.recv(2, socket.MSG_WAITALL) == b"\xd0\x00"
        assert one.end()["faults"]["stalls"] >= 1


UNTIMED = [(the_account_finds_each_injected_fault, qos, version)
           for qos in (0, 1, 2) for version in (4, 5)]
UNTIMED += [(one_fault_alone_leaves_the_other_figures_at_zero, flag, figure)
            for flag, figure in (("lose", "lost"), ("duplicate", "duplicated"),
                                 ("reorder", "reordered"))]
UNTIMED += [
    a_seed_says_what_is_lost, exactly_the_share_of_clients_is_refused,
    a_redirect_names_the_other_broker, a_name_is_told_in_the_connack,
    a_connack_comes_no_sooner_than_asked, garbage_is_no_connack,
    garbage_after_some_packets_ends_a_connection, connections_drop_after_so_many_messages,
    a_slow_reader_takes_no_more_than_its_rate, a_stalled_broker_throws_nobody_out]
TIMED = [a_stall_shows_in_the_latency_from_the_plan]  # wants its processor when it is due


if __name__ == "__main__":
    sys.exit(beside.choose(UNTIMED, TIMED))
