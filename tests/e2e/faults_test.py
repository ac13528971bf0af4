"""Faults of peers, of the machine and of its owner: the proxy goes on, or ends as it says."""

import os
import random
import resource
import signal
import socket
import subprocess
import threading

import blocked
import packets
import transfer
from harness import (DEADLINE_S, ENVIRONMENT, PROGRAM, Jumpgate, behaviour, equal, main,
                     raise_file_limit, wait_until)
from peers import Peer, Stub, free_port, joined, receive, receive_all, reset

HELLO = packets.connect("c", 5)
NO_BROKER = b"\x20\x03\x00\x88\x00"


@behaviour("a broker that refuses or is blackholed: 0x88 within the dial time-out, others served")
def unreachable():
    with Peer(backlog=0) as full, Stub() as alive:
        hold = []  # fills the accept queue: further SYNs get no answer (listen(2))
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", full.port))
            hold.append(filler)
        for port in (free_port(), full.port):
            with Jumpgate([port], "--dial-timeout-ms", 300) as gate, gate.connect() as client:
                client.sendall(HELLO)
                equal(receive_all(client), NO_BROKER)
        with Jumpgate([full, alive], "--dial-timeout-ms", 300, "--fail-max", 1) as gate:
            clients = []
            for i in range(10):
                client = gate.connect()
                client.sendall(packets.connect(f"c{i}"))
                clients.append(client)
            for client in clients:
                equal(receive(client, 4), packets.CONNACK_OK[4])
                client.close()
            gate.event("broker_down", lambda line: "timed out" in line["why"])
        for filler in hold:
            filler.close()


@behaviour("a client that resets while its broker is dialled leaves nothing behind")
def reset_while_dialling():
    with Peer(backlog=0) as full:
        hold = [socket.socket() for _ in range(4)]
        for filler in hold:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", full.port))
        with Jumpgate([full], "--dial-timeout-ms", 400, stats=True) as gate:
            for _ in range(20):
                client = gate.connect()
                client.sendall(HELLO)
                reset(client)
            gate.stats(lambda s: s["accepted"] == 20 and s["setups"] == 0 and s["relays"] == 0)
        for filler in hold:
            filler.close()


@behaviour("5,000 clients that connect at once are all served, through 2 workers")
def storm():
    raise_file_limit()
    with Stub() as a, Stub() as b, Jumpgate([a, b], threads=2, stats=True, level="info") as gate:
        clients = []
        for i in range(5000):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", gate.port))
            clients.append(client)
        for i, client in enumerate(clients):
            client.setblocking(True)
            client.settimeout(DEADLINE_S)
            client.sendall(packets.connect(f"storm-{i}"))
        for client in clients:
            equal(receive(client, 4), packets.CONNACK_OK[4])
        for client in clients:
            client.sendall(packets.PINGREQ)
        for client in clients:
            equal(receive(client, 2), packets.PINGRESP)
        equal(len(set(a.client_ids) | set(b.client_ids)), 5000)
        equal(gate.stats(lambda s: s["relays"] == 5000)["cq_overflows"], 0)
        for client in clients:
            client.close()
        gate.stats(lambda s: s["relays"] == 0)


def answer_of(client):
    """What became of a client that has something to read."""
    try:
        answer = receive(client, 4)
        if answer == packets.CONNACK_OK[4]:
            client.sendall(packets.PINGREQ)
            equal(receive(client, 2), packets.PINGRESP)
            return "served"
        equal(answer, b"\x20\x02\x00\x03")
        return "refused"
    except ConnectionResetError:
        return "reset"


@behaviour("with its descriptor table full it pauses, serves who is there, and accepts again")
def table_full():
    with Stub() as broker, Jumpgate(
            [broker], stats=True,
            preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))) as gate:
        clients = []
        for i in range(100):
            client = gate.connect()
            client.sendall(packets.connect(f"c{i}"))
            clients.append(client)
        most = gate.ready["connections_max"]
        stats = gate.stats(lambda s: s["accept_pauses"] > 0 and s["relays"] == most)
        wait_until(lambda: len(broker.client_ids) == most, "their CONNECTs")
        ends = [answer_of(client) for client in transfer.readable(clients)]
        equal(ends.count("served"), most, "clients served")
        # The kernel accepts before it looks for a slot: whom it finds none for, it resets.
        assert ends.count("reset") <= stats["accept_pauses"], (ends, stats["accept_pauses"])
        for client in clients:
            client.close()
        gate.stats(lambda s: s["relays"] == 0 and s["setups"] == 0)
        with gate.connect() as client:
            client.sendall(HELLO)
            equal(receive(client, 5), packets.CONNACK_OK[5])


@behaviour("readers that stop exhaust the buffers: others are served, no byte is lost")
def buffers_exhausted():
    with Peer() as peer, Jumpgate([peer], "--buffers", 64, "--buffer-bytes", 4096, "--splice",
                                  "never", "--socket-send-bytes", 65536,
                                  "--socket-receive-bytes", 65536, stats=True) as gate:
        pairs = [joined(gate, peer, f"stopped-{i}", kernel_bytes=65536) for i in range(24)]
        senders = transfer.Senders([broker for _, broker in pairs], 3 << 20, seed=5)
        senders.stuck()
        stats = gate.stats(lambda s: s["buffer_exhaustions"] > 0 and s["spills"] > 0)
        assert stats["spills"] > 0
        client, broker = joined(gate, peer, "served")
        transfer.both_ways(client, broker, 1 << 20, 6)
        transfer.receive_streams([client for client, _ in pairs], senders)
        for client, broker in pairs:
            client.close(), broker.close()
        gate.stats(lambda s: s["relays"] == 0)


@behaviour("SIGTERM under load: new clients are refused, the others finish, exit 0")
def drain():
    with Peer() as peer, Jumpgate([peer], threads=2) as gate:
        pairs = [joined(gate, peer, f"c{i}") for i in range(8)]
        results = []
        body = random.Random(7).randbytes(4 << 20)
        sender = threading.Thread(target=lambda: [b.sendall(body) for _, b in pairs])
        sender.start()
        gate.kill(signal.SIGTERM)
        gate.event("draining")

        def refused():
            try:
                gate.connect(timeout_s=1).close()
            except OSError:
                return True
        wait_until(refused, "the listeners to close")
        for client, _ in pairs:
            results.append(receive(client, len(body)) == body)
        sender.join()
        equal(results, [True] * 8, "streams whole")
        for client, broker in pairs:
            client.sendall(packets.PINGREQ)
            equal(receive(broker, 2), packets.PINGREQ)
        assert gate.process.poll() is None, "ended before its clients"
        for client, broker in pairs:
            client.close(), broker.close()
        equal(gate.exit_code(), 0)


@behaviour("a second SIGTERM, SIGINT or the drain time-out ends it now, whatever is open")
def stop_now():
    ends = (([signal.SIGTERM, signal.SIGTERM], []), ([signal.SIGINT], []),
            ([signal.SIGTERM, signal.SIGINT], []), ([signal.SIGQUIT], ["--drain-timeout-s", 0]),
            ([signal.SIGTERM], ["--drain-timeout-s", 1]))
    for signals, flags in ends:
        with Peer() as peer, Jumpgate([peer], "--splice", "always", *flags) as gate:
            client, broker = joined(gate, peer)
            streaming, source = joined(gate, peer, "streaming")
            transfer.fill([source])
            with gate.connect() as half:
                half.sendall(HELLO[:5])  # still reading its CONNECT
                for number in signals[:-1]:
                    gate.kill(number)
                    gate.event("draining")  # two pending SIGTERMs would be one (signal(7))
                gate.kill(signals[-1])
                equal(gate.exit_code(), 0, f"{signals} {flags}")
                equal((receive_all(client), receive_all(broker)), (b"", b""))
            streaming.close(), source.close()


@behaviour("exit codes: 2 for a mistake in the flags, 1 for what cannot be started, with one line")
def exit_codes():
    with Peer() as peer:
        taken = f"127.0.0.1:{peer.port}"
        flags = ["--listen", "127.0.0.1:0", "--broker", taken]
        for code, arguments, words in (
                (0, ["--help"], ""), (0, ["--version"], ""),
                (2, ["--no-such-flag"], "--no-such-flag"),
                (2, ["--broker", taken], "--listen"),
                (2, flags + ["--threads", "0"], "1 to 256"),
                (2, flags + ["--threads", "1", "--threads", "1"], "--threads"),
                (2, flags + ["--io-disable", "everything"], "accept_multishot"),
                (1, ["--listen", taken, "--broker", taken], "Address already in use"),
                (1, ["--listen", "192.0.2.1:0", "--broker", taken], "192.0.2.1"),
                (1, ["--listen", ":0", "--broker", "no-such-host.invalid:1"], "no-such-host")):
            done = subprocess.run([PROGRAM] + arguments, capture_output=True, timeout=DEADLINE_S,
                                  text=True, env=ENVIRONMENT)
            equal(done.returncode, code, f"{arguments}: {done.stderr}")
            assert words in done.stderr, f"{arguments}: {done.stderr}"
            if code == 2:
                equal(done.stderr.count("\n"), 1, done.stderr)
            if code == 0:
                assert done.stdout and not done.stderr, arguments


@behaviour("without io_uring (EPERM, ENOSYS) it exits 1 and names the sysctl and seccomp")
def io_uring_blocked():
    for error in (blocked.EPERM, blocked.ENOSYS):
        gate = Jumpgate([1], preexec=blocked.io_uring_setup(error), wait=False)
        equal(gate.exit_code(), 1)
        text = gate.lines.text()
        assert "kernel.io_uring_disabled" in text and "seccomp" in text, text


@behaviour("300 abrupt ends of 6 kinds leave no descriptor behind")
def nothing_leaks():
    with Peer() as peer, Jumpgate([peer], "--splice", "always", stats=True) as gate:
        def client_closes(client, broker):
            client.close()
            receive_all(broker)

        def broker_closes(client, broker):
            broker.close()
            receive_all(client)

        def broker_resets(client, broker):
            reset(broker)
            receive_all(client)

        def client_resets(client, broker):
            reset(client)
            receive_all(broker)

        def with_bytes_unread(client, broker):
            client.sendall(bytes(100_000))
            broker.close()
            receive_all(client)

        def both_reset(client, broker):
            client.sendall(b"x")
            reset(client)
            reset(broker)

        kinds = (client_closes, broker_closes, broker_resets, client_resets, with_bytes_unread,
                 both_reset)
        before = gate.files()
        for i in range(50):
            for end in kinds:
                client, broker = joined(gate, peer, f"c{i}")
                end(client, broker)
                client.close(), broker.close()
        gate.stats(lambda s: s["accepted"] == 300 and s["relays"] == 0)
        # Pipes stay in their pool, two descriptors each; both directions of one relay had one.
        wait_until(lambda: gate.files() <= before + 4, f"{before} descriptors")


@behaviour("a process that is stopped for a while (SIGSTOP) loses no client and no byte")
def suspended():
    with Peer() as peer, Jumpgate([peer]) as gate:
        client, broker = joined(gate, peer)
        gate.kill(signal.SIGSTOP)
        os.waitid(os.P_PID, gate.pid, os.WSTOPPED | os.WNOWAIT)
        client.sendall(b"sent while it stood still")
        gate.kill(signal.SIGCONT)
        equal(receive(broker, 25), b"sent while it stood still")
        client.close(), broker.close()


@behaviour("a reset behind data that waited for a slow reader ends the relay, after the data")
def reset_behind_data():
    for flags in ([], ["--splice", "never", "--socket-send-bytes", 8192]):
        with Peer() as peer, Jumpgate([peer], *flags, stats=True) as gate:
            for i in range(2):
                client, broker = joined(gate, peer, f"c{i}", kernel_bytes=65536)
                transfer.fill([broker])
                reset(broker)
                assert receive_all(client)
                client.close()
            equal(gate.stats(lambda s: s["relays"] == 0)["half_close_timeouts"], 0)


main()
