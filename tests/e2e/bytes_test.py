"""Bytes arrive whole, in order and nothing else does: however they are cut, paused or ended."""

import hashlib
import random
import socket
import threading

import packets
from harness import Jumpgate, behaviour, equal, main, wait_until
from peers import Mosquitto, Peer, joined, receive, receive_all, reset
import transfer


@behaviour("a CONNECT in 1-byte segments reaches the broker unchanged")
def one_byte_segments():
    with Peer() as peer, Jumpgate([peer]) as gate, gate.connect() as client:
        hello = packets.connect("drip", 5, username="u", password=b"\0p", will=("w", b"gone"))
        for byte in hello:
            assert not peer.was_dialled(), "dialled before the CONNECT was complete"
            client.sendall(bytes([byte]))
        with peer.accept() as broker:
            equal(receive(broker, len(hello)), hello)


@behaviour("CONNECT, SUBSCRIBE, PUBLISH and PINGREQ in one segment reach the broker in order")
def one_segment():
    with Peer() as peer, Jumpgate([peer]) as gate, gate.connect() as client:
        burst = (packets.connect("burst") + packets.subscribe("a/b") +
                 packets.publish("a/b", b"hello") + packets.PINGREQ)
        client.sendall(burst)
        with peer.accept() as broker:
            equal(receive(broker, len(burst)), burst)


@behaviour("200 KB behind the CONNECT reach a broker that answers late")
def pipelined():
    body = random.Random(1).randbytes(200_000)
    for flags in ([], ["--buffer-bytes", 512, "--relay-budget-bytes", 512]):
        with Peer() as peer, Jumpgate([peer], *flags) as gate, gate.connect() as client:
            hello = packets.connect("pipe")
            sender = threading.Thread(target=client.sendall, args=(hello + body,))
            sender.start()
            with peer.accept() as broker:
                equal(receive(broker, len(hello) + len(body)), hello + body)
                sender.join()


@behaviour("a 60 KB CONNECT, far over one receive buffer, passes whole")
def large_connect():
    with Peer() as peer, Jumpgate([peer], "--buffer-bytes", 512) as gate, \
            gate.connect() as client:
        hello = packets.connect("big", username="token", password=b"x" * 60_000)
        client.sendall(hello)
        with peer.accept() as broker:
            equal(receive(broker, len(hello)), hello)


@behaviour("mosquitto's bridges (level 0x84, 0x83) are forwarded with their bit")
def bridges():
    with Peer() as peer, Jumpgate([peer]) as gate:
        for level, byte in ((4, 0x84), (3, 0x83)):
            with gate.connect() as client:
                hello = packets.connect("bridge", level, level_byte=byte)
                client.sendall(hello)
                with peer.accept() as broker:
                    equal(receive(broker, len(hello)), hello)


def add_transfers():
    """Random sizes, pauses and half-closes, each with its own seed, in all ways to relay."""
    ways = [
        ("auto", 16, []),
        ("auto", 16, ["--splice-min-bytes", 4096, "--pipe-bytes", 4096]),
        ("auto", 8, ["--buffer-bytes", 512, "--relay-budget-bytes", 4096]),
        ("auto", 16, ["--pipes-max", 1]),
        ("always", 64, []),
        ("always", 8, ["--pipe-bytes", 4096]),
        ("never", 16, ["--buffer-bytes", 16384, "--relay-budget-bytes", 16384]),
        ("never", 8, ["--buffer-bytes", 512, "--relay-budget-bytes", 512]),
        ("never", 32, ["--relay-budget-bytes", 16_777_216, "--buffers", 64]),
    ]
    # Tiny socket buffers make the kernel give up sends with -EAGAIN, once in some tens of MB.
    tiny = ["--socket-receive-bytes", 4096, "--socket-send-bytes", 4096]
    ways += [("never", 16, tiny)] * 4 + [("always", 16, tiny)]
    for seed, (splice, megabytes, flags) in enumerate(ways, 1):
        words = " ".join(["--splice", splice] + [str(flag) for flag in flags])

        def transfer_both_ways(seed=seed, splice=splice, megabytes=megabytes, flags=flags):
            with Peer() as peer, Jumpgate([peer], "--splice", splice, *flags) as gate:
                client, broker = joined(gate, peer)
                transfer.both_ways(client, broker, megabytes << 20, seed)
        behaviour(f"{megabytes} MB both ways, sizes and pauses at random: {words}")(
            transfer_both_ways)


add_transfers()


@behaviour("12 transfers at once share 16 buffers: each arrives whole")
def few_buffers():
    for splice in ("never", "auto"):
        with Peer() as peer, Jumpgate([peer], "--buffers", 16, "--buffer-bytes", 1024,
                                      "--splice", splice, "--relay-budget-bytes", 8192,
                                      "--socket-send-bytes", 4096) as gate:
            pairs = [joined(gate, peer, f"c{i}") for i in range(12)]
            transfer.all_at_once([(transfer.both_ways, client, broker, 1 << 20, 100 + i)
                                  for i, (client, broker) in enumerate(pairs)])


@behaviour("after one side has ended, the other direction goes on until it ends as well")
def half_close():
    body = random.Random(2).randbytes(3_000_000)
    for splice in ("never", "auto", "always"):
        with Peer() as peer, Jumpgate([peer], "--splice", splice) as gate:
            for first in ("client", "broker"):
                client, broker = joined(gate, peer)
                ender, other = (client, broker) if first == "client" else (broker, client)
                ender.sendall(b"last words")
                ender.shutdown(socket.SHUT_WR)
                equal(receive_all(other), b"last words", f"{splice}, {first} ends first")
                sender = threading.Thread(target=lambda s=other: (
                    s.sendall(body), s.shutdown(socket.SHUT_WR)))
                sender.start()
                equal(hashlib.sha256(receive_all(ender)).digest(), hashlib.sha256(body).digest())
                sender.join()
                client.close(), broker.close()
            equal([line["end"] for line in gate.count("closed", 2)], ["closed"] * 2)


@behaviour("one side that never ends is cut off after --half-close-timeout-s")
def half_close_timeout():
    with Peer() as peer, Jumpgate([peer], "--half-close-timeout-s", 1, stats=True) as gate:
        client, broker = joined(gate, peer)
        client.shutdown(socket.SHUT_WR)
        equal(receive_all(broker), b"")
        equal(receive_all(client), b"")  # the proxy closes it; the broker said nothing
        equal(gate.event("closed")["end"], "half_close_timeout")
        equal(gate.stats()["half_close_timeouts"], 1)


@behaviour("a broker's last packet arrives, though it closes at once and with bytes unread")
def last_packet():
    last = packets.packet(0xE0, b"\x8b\x00") + random.Random(3).randbytes(100_000)
    for splice in ("never", "always"):
        with Peer() as peer, Jumpgate([peer], "--splice", splice) as gate:
            client, broker = joined(gate, peer, level=5)
            broker.sendall(last)
            broker.close()
            equal(receive_all(client), last, splice)
            client.close()
            client, broker = joined(gate, peer, level=5)
            client.sendall(b"on its way")  # a close with unread bytes sends RST after the data
            equal(receive(broker, 2), b"on")
            broker.sendall(b"bye")
            broker.close()
            equal(receive_all(client), b"bye", splice)
            client.close()


@behaviour("a client's RST ends the broker side at once, without a DISCONNECT")
def client_reset():
    for splice in ("never", "always"):
        with Peer() as peer, Jumpgate([peer], "--splice", splice) as gate:
            client, broker = joined(gate, peer)
            client.sendall(b"still sent")
            equal(receive(broker, 10), b"still sent")
            reset(client)
            equal(receive_all(broker), b"", splice)
            equal(gate.event("closed")["end"], "client_reset")


@behaviour("a client's RST in the middle of a download ends the broker side at once")
def client_reset_download():
    for splice in ("never", "auto", "always"):
        with Peer() as peer, Jumpgate([peer], "--splice", splice) as gate:
            client, broker = joined(gate, peer)
            broker.settimeout(0.2)
            try:
                while True:
                    broker.sendall(bytes(1 << 20))
            except TimeoutError:
                pass  # everything between is full: the direction waits for the client
            reset(client)
            broker.settimeout(None)
            broker.setblocking(False)
            wait_until(lambda: transfer.ended(broker), f"the end at the broker ({splice})")
            broker.close()
            gate.event("closed")


@behaviour("a client's RST makes its will fire on a real broker")
def will_fires():
    with Mosquitto() as broker, Jumpgate([broker]) as gate, gate.connect() as watcher:
        watcher.sendall(packets.connect("watcher") + packets.subscribe("will/#"))
        receive(watcher, 4 + 5)  # CONNACK, SUBACK
        client = gate.connect()
        client.sendall(packets.connect("mortal", will=("will/mortal", b"gone")))
        equal(receive(client, 4), packets.CONNACK_OK[4])
        reset(client)
        will = packets.publish("will/mortal", b"gone")
        equal(receive(watcher, len(will)), will)


@behaviour("a broker that closes or resets, before CONNACK or later, ends the client at once")
def broker_ends():
    for end in (socket.socket.close, reset):
        for answers in (False, True):
            with Peer() as peer, Jumpgate([peer]) as gate, gate.connect() as client:
                hello = packets.connect("c")
                client.sendall(hello)
                broker = peer.accept()
                receive(broker, len(hello))
                if answers:
                    broker.sendall(packets.CONNACK_OK[4])
                    receive(client, 4)
                end(broker)
                equal(receive_all(client), b"")
                assert not peer.was_dialled(), "a CONNECT that was sent must not be sent again"


@behaviour("a peer that never reads holds its budget, no more, and others are served")
def never_reads():
    with Peer() as peer, Jumpgate([peer], "--splice", "never") as gate:
        before = gate.private_bytes()
        stuck = [joined(gate, peer, f"stuck{i}") for i in range(30)]
        offered = transfer.fill([broker for _, broker in stuck])
        assert offered > 30 * 200_000, offered
        client, broker = joined(gate, peer, "served")
        transfer.both_ways(client, broker, 1 << 20, 9)
        grown = gate.private_bytes() - before
        limit = 30 * 3 * 65536 + (48 << 20 if gate.sanitized else 18 << 20)  # + the buffer ring
        assert grown < limit, f"{grown} bytes for {offered} offered"
        for client, _ in stuck:
            client.close()


main()
