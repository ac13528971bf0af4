"""Without one part of io_uring after the other, and without all: the same bytes, the same brokers.

A kernel that lacks a part takes the same way as --io-disable (core/io/ring.h, Capabilities).
"""

import signal
import socket
import subprocess

import packets
import transfer
from harness import PROGRAM, Jumpgate, behaviour, equal, main
from peers import Peer, Stub, joined, receive, receive_all, reset

NAMES = ["defer_taskrun", "accept_multishot", "recv_multishot", "recv_budget", "socket_options",
         "peer_name", "bind", "fd_install"]


@behaviour("--io-disable knows exactly the parts that --version lists")
def names():
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    line = next(x for x in version.stdout.splitlines() if x.startswith("io_uring "))
    equal([name.lstrip("-") for name in line.split()[1:]], NAMES)


def routes(flags):
    with Stub() as a, Stub() as b, Stub() as c:
        seen = []
        for extra in ([], flags):
            with Jumpgate([a, b, c], *extra) as gate:
                before = [len(broker.client_ids) for broker in (a, b, c)]
                for i in range(40):
                    with gate.connect() as client:
                        client.sendall(packets.connect(f"id-{i}"))
                        equal(receive(client, 4), packets.CONNACK_OK[4])
                seen.append([broker.client_ids[begin:] for broker, begin in
                             zip((a, b, c), before)])
        equal(seen[1], seen[0], "homes")


def refusals(gate):
    for data, answer in ((packets.connect(level_byte=9), b"\x20\x02\x00\x01"),
                         (b"GET / HTTP/1.1\r\n\r\n", b"")):
        with gate.connect() as client:
            client.sendall(data)
            equal(receive_all(client), answer)
            name = "%s:%d" % client.getsockname()
            gate.event("refused", lambda line, name=name: line["peer"] == name)


def ends(gate, peer):
    client, broker = joined(gate, peer)
    client.sendall(b"half")
    client.shutdown(socket.SHUT_WR)
    equal(receive_all(broker), b"half")
    broker.sendall(b"other half")
    broker.close()
    equal(receive_all(client), b"other half")
    client.close()
    client, broker = joined(gate, peer)
    reset(client)
    equal(receive_all(broker), b"")
    broker.close()


def backpressure(gate, peer):
    pairs = [joined(gate, peer, f"c{i}", kernel_bytes=65536) for i in range(6)]
    senders = transfer.Senders([broker for _, broker in pairs], 3 << 20, seed=3)
    senders.stuck()
    client, broker = joined(gate, peer, "served")
    transfer.both_ways(client, broker, 1 << 20, 8)
    transfer.receive_streams([client for client, _ in pairs], senders)
    for client, broker in pairs:
        client.close(), broker.close()


def add_combinations():
    combinations = [[name] for name in NAMES] + [["recv_multishot", "fd_install"],
                                                 ["accept_multishot", "peer_name"], NAMES]
    for without in combinations:
        words = "everything" if without == NAMES else " and ".join(without)

        def works(without=without):
            flags = [part for name in without for part in ("--io-disable", name)]
            with Peer() as peer:
                for splice in ("auto", "always", "never"):
                    if splice == "always" and "fd_install" in without:
                        continue  # nothing to splice with: the same as never
                    with Jumpgate([peer], "--splice", splice, "--buffers", 64,
                                  "--socket-send-bytes", 65536, "--socket-receive-bytes", 65536,
                                  "--source-address", "127.0.0.5", *flags) as gate:
                        in_use = gate.event("io_uring")["capabilities"].split()
                        assert all("-" + name in in_use for name in without), in_use
                        client, broker = joined(gate, peer)
                        equal(broker.getpeername()[0], "127.0.0.5")
                        transfer.both_ways(client, broker, 2 << 20, 4)
                        ends(gate, peer)
                        refusals(gate)
                        backpressure(gate, peer)
                        client, broker = joined(gate, peer)
                        gate.kill(signal.SIGTERM)
                        gate.event("draining")
                        client.close(), broker.close()
                        equal(gate.exit_code(), 0)
            routes(flags)
        behaviour(f"bytes, ends, refusals, routes and drain without {words}")(works)


add_combinations()
main()
