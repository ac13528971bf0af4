"""Faults of devices that speak TLS, or should: that connection ends, all others go on.

Records are taken out of Python's ssl and put on the wire cut, mixed up, slowly or never; openssl
s_client asks for what no library should. Seeds are fixed; a failure names its own.
"""
import os
import random
import select
import signal
import socket
import ssl

import packets
import transfer
from harness import DEADLINE_S, behaviour, equal, main, wait_until
from peers import Peer, Stub, receive, receive_all, reset
from tls_peers import (TLS12, TLS13, VERSIONS, Interactive, admit, asks, causes, context, dial,
                       handshake, joined, refusals, settled, tls_gate, wire_of)

HELLO = packets.connect("c")


class Engine:
    """A device whose TLS is done in memory: the test moves its bytes, flight by flight."""

    def __init__(self, gate, version=None, certificate=None):
        self.inbox, self.outbox = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context(version, certificate).wrap_bio(
            self.inbox, self.outbox, server_hostname="localhost")
        self.wire = dial(gate)
        self.done = False

    def flight(self):
        """What it says next, after it has read what it needs; its CONNECT with the last one."""
        while True:
            try:
                self.tls.do_handshake()
                self.tls.write(HELLO)
                self.done = True
            except ssl.SSLWantReadError:
                pass
            if self.outbox.pending:
                return self.outbox.read()
            received = self.wire.recv(65536)
            assert received, "ended in the handshake"
            self.inbox.write(received)

    def read(self, count):
        while True:
            try:
                return self.tls.read(count)
            except ssl.SSLWantReadError:
                received = self.wire.recv(65536)
                assert received, "ended before an answer"
                self.inbox.write(received)

    def flights(self, count):
        """Sends the first `count` flights; returns the next one, unsent."""
        for _ in range(count):
            self.wire.sendall(self.flight())
        return self.flight()


def take_tickets(tls):
    """TLS 1.3 sends them behind the handshake; what comes later stands alone."""
    while select.select([tls], [], [], 0)[0]:
        tls.setblocking(False)
        try:
            tls.recv(1)
        except ssl.SSLWantReadError:
            pass
        tls.settimeout(DEADLINE_S)


def alive(bystander):
    bystander.sendall(packets.PINGREQ)
    equal(receive(bystander, 2), packets.PINGRESP, "the bystander's PINGRESP")


# ---- Bytes that are wrong -----------------------------------------------------------------------

def flip(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]


def insert(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.choice((1, 5, 100, 20_000))) + data[at:]


def leave_out(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 5, 50)):]


def replace(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(len(data) - at)


def cut_off(rng, data):
    return data[:rng.randrange(len(data))]


def twice(rng, data):
    return data + data


@behaviour("600 handshakes with garbage at any place: no broker hears of them, the others go on")
def garbage():
    with Stub() as broker, tls_gate([broker], *asks("optional")) as gate:
        bystander = admit(handshake(gate), "bystander")
        served = 0
        for seed in range(600):
            rng = random.Random(seed)
            device = Engine(gate, rng.choice(VERSIONS), rng.choice((None, "client")))
            change = rng.choice((flip, insert, leave_out, replace, cut_off, twice))
            flight = device.flights(rng.randrange(2))
            try:
                device.wire.sendall(change(rng, flight))
                device.wire.shutdown(socket.SHUT_WR)
                receive_all(device.wire)
            except OSError:
                pass  # it did not wait for our end
            device.wire.close()
            if seed % 50 == 0:
                alive(bystander)
        stats = settled(gate, lambda stats: stats["accepted"] == 601 and stats["relays"] == 1)
        served = len(broker.client_ids) - 1
        # A flip in a part that nobody reads (the version of a record's header) does no harm.
        assert served < 60 and set(broker.client_ids[1:]) <= {"c"}, broker.client_ids
        equal(sum(stats["refused"].values()), 600 - served)
        assert {"bad_hello", "bad_record", "not_tls"} <= set(causes(stats)), causes(stats)
        equal(causes(stats).get("internal", 0), 0, "blamed on us")
        alive(bystander)


@behaviour("garbage behind the handshake, before or after the CONNECT, ends that connection alone")
def garbage_after():
    with Peer() as peer, tls_gate([peer]) as gate:
        for version in VERSIONS:
            for first in (b"\x17\x03\x03\x00\x40" + bytes(64), b"GET / HTTP/1.1\r\n\r\n",
                          b"\x16\x03\x03\xff\xff", packets.PINGREQ * 10):
                tls = handshake(gate, context(version))
                wire = wire_of(tls)
                wire.sendall(first)
                receive_all(wire)
                wire.close(), tls.close()
                tls, broker = joined(gate, peer, with_context=context(version))
                tls.sendall(b"whole")
                equal(receive(broker, 5), b"whole")
                take_tickets(tls)
                wire = wire_of(tls)
                wire.sendall(first)
                equal(receive_all(broker), b"", "nothing more at the broker")
                said = receive_all(wire)
                is_record = first[0] in (0x16, 0x17)  # wolfSSL may have no alert for others
                assert said or not is_record, f"{version} {first[:5]}: no alert"
                wire.close(), tls.close(), broker.close()
        stats = settled(gate, lambda stats: stats["relays"] == 0)
        equal(stats["tls_errors"], 8, "tls_errors")
        equal(causes(stats), {"bad_record": 8}, "before the CONNECT")
        for line in gate.count("closed", 8):
            equal((line["end"], line["cause"]), ("client_tls_failed", "bad_record"))


@behaviour("a handshake and a CONNECT in segments of one byte, with a client certificate")
def one_byte_segments():
    with Stub() as broker, tls_gate([broker], *asks()) as gate:
        for version in VERSIONS:
            device = Engine(gate, version, "client")
            while not device.done:
                for byte in device.flight():
                    device.wire.sendall(bytes([byte]))
            equal(device.read(4), packets.CONNACK_OK[4], "CONNACK")
            device.wire.close()


@behaviour("a ClientHello in 50 records is read, one over 16 KiB is refused as soon as it shows")
def strange_hellos():
    with Stub() as broker, tls_gate([broker]) as gate:
        for version in VERSIONS:
            device = Engine(gate, version)
            message = device.flight()[5:]
            size = 4  # wolfSSL wants the header of a handshake message in one piece
            pieces = [message[i:i + size] for i in range(0, len(message), size)]
            device.wire.sendall(b"".join(b"\x16\x03\x01\x00" + bytes([len(piece)]) + piece
                                         for piece in pieces))
            while not device.done:
                device.wire.sendall(device.flight())
            equal(device.read(4), packets.CONNACK_OK[4], f"{version}: CONNACK")
            device.wire.close()
        with dial(gate) as wire:
            wire.sendall(b"\x16\x03\x01\x40\x00" + b"\x01\x00\x40\x01")
            equal(receive_all(wire), b"\x15\x03\x03\x00\x02\x02\x32", "alert decode_error")
        before = gate.private_bytes()
        wires = [dial(gate) for _ in range(300)]
        for wire in wires:  # as much as may be, but for the last byte
            wire.sendall(b"\x16\x03\x01\x3f\xfb\x01\x00\x3f\xf7" + bytes(0x3ff6))
        gate.stats(lambda stats: stats["setups"] == 300)
        if not gate.sanitized:  # 16 KiB each, and the receive buffers that they went through
            grown = gate.private_bytes() - before
            assert grown < 300 * (24 << 10) + (16 << 20), (before, grown)
        for wire in wires:
            wire.close()
        equal(causes(settled(gate)), {"bad_hello": 1})


@behaviour("records cut in the middle: the broker gets the whole ones, then the end")
def truncated_records():
    with Peer() as peer, tls_gate([peer]) as gate:
        count = 0
        for version in VERSIONS:
            for kept in (1, 4, 5, 20, -1):
                device = Engine(gate, version)
                while not device.done:
                    device.wire.sendall(device.flight())
                broker = peer.accept()
                equal(receive(broker, len(HELLO)), HELLO)
                device.tls.write(b"whole")
                device.wire.sendall(device.outbox.read())
                device.tls.write(b"the record that is cut")
                device.wire.sendall(device.outbox.read()[:kept])
                device.wire.shutdown(socket.SHUT_WR)
                equal(receive_all(broker), b"whole")
                broker.close()
                receive_all(device.wire)
                device.wire.close()
                count += 1
        stats = settled(gate, lambda stats: stats["relays"] == 0)
        equal((stats["tls_truncations"], stats["tls_errors"]), (count, 0))


@behaviour("close_notify missing: counted as cut off, the broker sees the end; with it: not so")
def truncation():
    with Peer() as peer, tls_gate([peer]) as gate:
        for version in VERSIONS:
            before = settled(gate)["tls_truncations"]
            tls, broker = joined(gate, peer, with_context=context(version))
            tls.sendall(b"last words")
            tls.shutdown(socket.SHUT_RDWR)
            equal(receive_all(broker), b"last words")
            tls.close(), broker.close()
            equal(settled(gate, lambda s: s["relays"] == 0)["tls_truncations"], before + 1)
            tls, broker = joined(gate, peer, with_context=context(version))
            tls.sendall(b"last words")
            broker.settimeout(DEADLINE_S)
            transfer.all_at_once([(tls.unwrap,), (lambda b=broker: (
                equal(receive_all(b), b"last words"), b.close()),)])
            tls.close()
            equal(settled(gate, lambda s: s["relays"] == 0)["tls_truncations"], before + 1)
            tls, broker = joined(gate, peer, with_context=context(version))
            broker.close()  # and the proxy says goodbye itself
            equal(receive_all(tls), b"")
            tls.close()


# ---- What no device needs -----------------------------------------------------------------------

@behaviour("renegotiation (TLS 1.2) is refused, counted, and ends that connection alone")
def renegotiation():
    with Stub() as broker, tls_gate([broker]) as gate:
        bystander = admit(handshake(gate), "bystander")
        for connected in (False, True):
            client = Interactive(gate, "-tls1_2")
            if connected:
                client.write(packets.connect("again"))
                gate.event("connected", lambda line: line["client"] == "again")
            client.write(b"R\n")
            client.end()
            assert "RENEGOTIATING" in client.errors.text() + client.said.text()
        gate.event("closed", lambda line: line.get("cause") == "renegotiation")
        stats = settled(gate, lambda stats: stats["relays"] == 1)
        equal((stats["tls_errors"], stats["handshakes"]), (1, 3))
        equal(causes(stats), {"renegotiation": 1}, "before the CONNECT")
        alive(bystander)


@behaviour("key updates (TLS 1.3), with and without an answer, and bytes go on both ways")
def key_update():
    with Peer() as peer, tls_gate([peer]) as gate:
        client = Interactive(gate, "-tls1_3")

        def update(command):  # s_client takes a letter for a command where it is read alone
            begin = len(client.errors.all)
            client.write(command)
            client.errors.wait(lambda line: "KEYUPDATE" in line, "key update", begin)

        update(b"K\n"), update(b"k\n")  # before the CONNECT, too
        client.write(HELLO)
        broker = peer.accept()
        equal(receive(broker, len(HELLO)), HELLO)
        for number in range(20):
            update(b"K\n" if number % 2 else b"k\n")
            client.write(packets.PINGREQ)
            equal(receive(broker, 2), packets.PINGREQ)
            begin = len(client.said.all)
            broker.sendall(f"answer {number}\n".encode())
            client.said.wait(lambda line, n=number: line.endswith(f"answer {n}"), "answer", begin)
        broker.close()
        client.end()
        equal(gate.event("closed")["end"], "closed")
        equal(settled(gate)["tls_errors"], 0)


# ---- Ends ---------------------------------------------------------------------------------------

@behaviour("a close or reset in each state of the handshake leaves nothing behind")
def ends_in_each_state():
    with Stub() as broker, tls_gate([broker], *asks()) as gate:
        files = gate.files()
        count = 0
        for version, flights in ((TLS12, 3), (TLS13, 2)):
            for flight in range(flights):
                for part in (0.0, 0.1, 0.5, 0.9, 1.0):
                    for end in (socket.socket.close, reset):
                        device = Engine(gate, version, "client")
                        last = device.flights(flight)
                        device.wire.sendall(last[:int(len(last) * part)])
                        end(device.wire)
                        count += 1
        stats = settled(gate, lambda s: s["accepted"] == count and s["relays"] == 0)
        assert refusals(stats)["client_gone"] >= 4 * 2 * 5, refusals(stats)
        wait_until(lambda: gate.files() <= files, f"{files} descriptors")


@behaviour("300 abrupt ends over TLS: descriptors and memory are as before")
def nothing_leaks():
    def client_cut(tls, broker):
        tls.shutdown(socket.SHUT_RDWR)
        receive_all(broker)

    def client_resets(tls, broker):
        reset(tls)
        receive_all(broker)

    def broker_closes(tls, broker):
        broker.close()
        receive_all(tls)

    def broker_resets(tls, broker):
        reset(broker)
        receive_all(wire_of(tls))

    def unread(tls, broker):
        tls.sendall(bytes(100_000))
        broker.close()
        receive_all(wire_of(tls))

    def bad_record(tls, broker):
        wire = wire_of(tls)
        wire.sendall(bytes(1000))
        receive_all(broker)
        wire.close()

    kinds = (client_cut, client_resets, broker_closes, broker_resets, unread, bad_record)
    with Peer() as peer, tls_gate([peer], "--buffers", 64, level="info") as gate:
        def play(rounds):
            for i in range(rounds):
                for end in kinds:
                    tls, broker = joined(gate, peer, with_context=context(VERSIONS[i % 2]))
                    end(tls, broker)
                    tls.close(), broker.close()
            settled(gate, lambda stats: stats["relays"] == 0)

        play(20)  # what is allocated once
        files, before = gate.files(), gate.private_bytes()
        play(50)
        wait_until(lambda: gate.files() <= files, f"{files} descriptors")
        if not gate.sanitized:
            assert gate.private_bytes() < before + (200 << 10), (before, gate.private_bytes())


@behaviour("16 KiB records against readers that stop: memory is bounded, all arrives unchanged")
def stuck_readers():
    small = ["--socket-send-bytes", 65536, "--socket-receive-bytes", 65536]
    clients = 16
    with Peer(receive_bytes=65536) as peer, tls_gate([peer], *small) as gate:
        pairs = [joined(gate, peer, f"c{i}", context(VERSIONS[i % 2]), 65536)
                 for i in range(clients)]
        before = gate.private_bytes()
        for source, sink in ((1, 0), (0, 1)):  # down, up
            senders = transfer.Senders([pair[source] for pair in pairs], 4 << 20, seed=source)
            senders.stuck()
            # Each direction may hold its budget of plaintext and of records, and spare capacity.
            allowed = clients * 4 * (64 << 10) + (4 << 20)
            if not gate.sanitized:
                assert gate.private_bytes() < before + allowed, (before, gate.private_bytes())
            with_others, broker = joined(gate, peer, "bystander")
            with_others.sendall(packets.PINGREQ)
            equal(receive(broker, 2), packets.PINGREQ)
            with_others.close(), broker.close()
            transfer.receive_streams([pair[sink] for pair in pairs], senders)
        for tls, broker in pairs:
            tls.close(), broker.close()
        equal(settled(gate, lambda stats: stats["relays"] == 0)["tls_errors"], 0)


# ---- Deadlines and storms -----------------------------------------------------------------------

@behaviour("--tls-handshake-timeout-ms ends who is silent, slow or stops half-way; others go on")
def handshake_timeout():
    with Stub() as broker, tls_gate([broker], "--tls-handshake-timeout-ms", 300) as gate:
        bystander = admit(handshake(gate), "bystander")
        silent = [dial(gate)]
        for version in VERSIONS:
            device = Engine(gate, version)
            device.wire.sendall(device.flights(0)[:50])
            stopped = Engine(gate, version)
            stopped.wire.sendall(stopped.flight())
            silent += [device.wire, stopped.wire]
        slow = Engine(gate)
        for byte in slow.flight():  # a byte in time does not put the end off
            if select.select([slow.wire], [], [], 0.02)[0]:
                break
            slow.wire.sendall(bytes([byte]))
        else:
            raise AssertionError("a slow handshake was let through")
        for wire in silent:
            receive_all(wire)
            wire.close()
        equal(refusals(settled(gate)), {"handshake_timeout": 6})
        line = gate.event("refused")
        assert "--tls-handshake-timeout-ms" in line["why"], line
        alive(bystander)


@behaviour("the CONNECT has a deadline of its own behind the handshake")
def connect_deadline():
    with Stub() as broker, tls_gate([broker], "--setup-timeout-ms", 300,
                                    "--tls-handshake-timeout-ms", 60_000) as gate:
        for version in VERSIONS:
            for said in (b"", HELLO[:5]):
                with handshake(gate, context(version)) as tls:
                    tls.sendall(said)
                    equal(receive_all(tls), b"", "closed with close_notify")
        equal(refusals(settled(gate)), {"setup_timeout": 4})
        equal(broker.client_ids, [])


@behaviour("--tls-handshakes-max 1: 100 handshakes at once wait and succeed, a live relay goes on")
def storm():
    with Stub() as broker, tls_gate([broker], "--tls-handshakes-max", 1) as gate:
        bystander = admit(handshake(gate), "bystander")
        devices = [Engine(gate, VERSIONS[i % 2]) for i in range(100)]
        hellos = [device.flight() for device in devices]
        gate.kill(signal.SIGSTOP)  # so that all of them come in one turn
        os.waitid(os.P_PID, gate.pid, os.WSTOPPED | os.WNOWAIT)
        for device, hello in zip(devices, hellos):
            device.wire.sendall(hello)
        gate.kill(signal.SIGCONT)
        for _ in range(20):
            alive(bystander)
        for device in devices:
            while not device.done:
                device.wire.sendall(device.flight())
            alive(bystander)
        for device in devices:
            equal(device.read(4), packets.CONNACK_OK[4], "CONNACK")
        stats = settled(gate, lambda stats: stats["relays"] == 101)
        equal((stats["handshakes"], causes(stats)), (101, {}))
        assert stats["handshakes_held_back"] > 50, stats["handshakes_held_back"]
        for device in devices:
            device.wire.close()


main()
