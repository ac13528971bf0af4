"""Who is turned away, what it is told, and that no broker hears of it.

Each bad first packet: the exact answer, the counter, the log line, and no dial. Clauses: sections
2a of the research notes name them; here only bytes count.
"""

import os
import socket
import ssl
import subprocess

import packets
from harness import DEADLINE_S, Jumpgate, behaviour, equal, main, wait_until
from peers import Peer, Stub, free_port, receive, receive_all

NO_ANSWER = b""


def v3(code):
    return bytes([0x20, 2, 0, code])


def v5(code):
    return bytes([0x20, 3, 0, code, 0])


def property_connect(properties):
    return packets.connect("id", 5, properties=properties)


def string_property(name, value):
    return bytes([name]) + packets.binary(value)


GOOD = packets.connect("id")
# What it is, its bytes, the answer, the counter.
BAD = [
    ("PUBLISH first", packets.publish("a", b"b"), NO_ANSWER, "not_mqtt"),
    ("PINGREQ first", packets.PINGREQ, NO_ANSWER, "not_mqtt"),
    ("packet type 0", b"\x00\x00", NO_ANSWER, "not_mqtt"),
    ("packet type 15, 200 MB", b"\xf0\xff\xff\xff\x5f", NO_ANSWER, "not_mqtt"),
    ("CONNECT with header flags", b"\x11" + GOOD[1:], NO_ANSWER, "malformed"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", NO_ANSWER, "not_mqtt"),
    ("HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", NO_ANSWER, "http_request"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NO_ANSWER, "http_request"),
    ("length of 5 bytes", b"\x10\x80\x80\x80\x80\x00", NO_ANSWER, "malformed"),
    ("length 0", b"\x10\x00", NO_ANSWER, "malformed"),
    ("name MQTX", packets.connect(name="MQTX"), NO_ANSWER, "unsupported_version"),
    ("level 6", packets.connect(level_byte=6), v3(1), "unsupported_version"),
    ("level 3 as MQTT", packets.connect(level_byte=3), v3(1), "unsupported_version"),
    ("level 0", packets.connect(level_byte=0), v3(1), "unsupported_version"),
    ("level 4 as MQIsdp", packets.connect(level=3, level_byte=4), v3(1), "unsupported_version"),
    ("3.1.1: empty id, clean session 0", packets.connect("", clean=False), v3(2),
     "client_id_not_valid"),
    ("3.1: empty id", packets.connect("", 3), v3(2), "client_id_not_valid"),
    ("3.1.1: reserved flag", packets.connect(flags_or=1), NO_ANSWER, "malformed"),
    ("3.1.1: will QoS without will", packets.connect(flags_or=8), NO_ANSWER, "malformed"),
    ("3.1.1: password without user", packets.connect(password="p"), NO_ANSWER, "malformed"),
    ("3.1.1: user flag without field", packets.connect(flags_or=0x80), NO_ANSWER, "malformed"),
    ("3.1.1: id with U+0000", packets.connect("a\0b"), NO_ANSWER, "malformed"),
    ("3.1.1: id with a surrogate", packets.connect(b"\xed\xa0\x80"), NO_ANSWER, "malformed"),
    ("3.1.1: trailing byte", packets.packet(0x10, GOOD[2:] + b"x"), NO_ANSWER, "malformed"),
    ("5: reserved flag", packets.connect(level=5, flags_or=1), v5(0x81), "malformed"),
    ("5: id with U+0000", packets.connect("a\0b", 5), v5(0x81), "malformed"),
    ("5: unknown property", property_connect(b"\x7f\x00"), v5(0x81), "malformed"),
    ("5: property of PUBLISH", property_connect(b"\x01\x01"), v5(0x81), "malformed"),
    ("5: property cut short", property_connect(b"\x11\x00"), v5(0x81), "malformed"),
    ("5: property twice", property_connect(b"\x21\x00\x05\x21\x00\x05"), v5(0x82), "malformed"),
    ("5: receive maximum 0", property_connect(b"\x21\x00\x00"), v5(0x82), "malformed"),
    ("5: maximum packet size 0", property_connect(b"\x27\0\0\0\0"), v5(0x82), "malformed"),
    ("5: authentication data without method", property_connect(string_property(0x16, b"x")),
     v5(0x82), "malformed"),
    ("5: will topic with wildcard", packets.connect("id", 5, will=("a/#", b"")), v5(0x90),
     "malformed"),
]


def add_bad_packets():
    for words, data, answer, counter in BAD:
        def is_refused(data=data, answer=answer, counter=counter):
            with Peer() as peer, Jumpgate([peer]) as gate, gate.connect() as client:
                client.sendall(data)
                equal(receive_all(client), answer, "answer")
                line = gate.event("refused")
                equal((line["reason"], line["phase"]), (counter, "peek"))
                equal(line["peer"], "%s:%d" % client.getsockname())
                assert line["why"], line
                assert not peer.was_dialled(), "a bad packet opened a broker connection"
        shown = answer.hex() or "a close"
        behaviour(f"{words}: answered by {shown}, counted as {counter}")(is_refused)


add_bad_packets()


@behaviour("every refusal is counted once and none dials")
def counted():
    with Peer() as peer, Jumpgate([peer], stats=True) as gate:
        expected = {}
        for _, data, _, counter in BAD:
            with gate.connect() as client:
                client.sendall(data)
                receive_all(client)
            expected[counter] = expected.get(counter, 0) + 1
        stats = gate.stats(lambda s: sum(s["refused"].values()) >= len(BAD))
        equal({k: v for k, v in stats["refused"].items() if v}, expected)
        equal((stats["accepted"], stats["brokers"][0]["dials"]), (len(BAD), 0))
        assert not peer.was_dialled()


@behaviour("a refused packet in 1-byte segments gets the same answer")
def refused_in_pieces():
    with Peer() as peer, Jumpgate([peer]) as gate:
        for data, answer in ((packets.connect(level_byte=6), v3(1)),
                             (packets.connect(level=5, flags_or=1), v5(0x81))):
            with gate.connect() as client:
                try:
                    for byte in data:
                        client.sendall(bytes([byte]))
                except (BrokenPipeError, ConnectionResetError):
                    pass  # judged before its last byte
                equal(receive_all(client), answer)


@behaviour("a TLS ClientHello of openssl on the plain port is closed at once")
def tls_hello():
    with Peer() as peer, Jumpgate([peer]) as gate:
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.port}"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        assert done.returncode != 0
        equal(gate.event("refused")["reason"], "tls_hello")
        try:
            ssl.create_default_context().wrap_socket(gate.connect(), server_hostname="a").close()
            raise AssertionError("a TLS handshake succeeded")
        except (ssl.SSLError, ConnectionError):
            pass
        assert not peer.was_dialled()


@behaviour("random bytes are closed and open no broker connection")
def garbage():
    with Peer() as peer, Jumpgate([peer], "--setup-timeout-ms", 300) as gate:
        for _ in range(50):
            with gate.connect() as client:
                client.sendall(os.urandom(300))
                receive_all(client)
        assert not peer.was_dialled()


@behaviour("silence, half a CONNECT and a byte now and then end at --setup-timeout-ms")
def setup_timeout():
    with Stub() as broker, Jumpgate([broker], "--setup-timeout-ms", 500, stats=True) as gate:
        silent, half, slow = (gate.connect() for _ in range(3))
        half.sendall(GOOD[:-1])
        slow.settimeout(0.05)
        for byte in packets.connect("x" * 1000):  # fifty seconds of dribble
            try:
                slow.sendall(bytes([byte]))
                if not slow.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            raise AssertionError("a client was slow for longer than --setup-timeout-ms")
        equal((receive_all(silent), receive_all(half)), (b"", b""))
        with gate.connect() as client:  # others are served
            client.sendall(GOOD)
            equal(receive(client, 4), packets.CONNACK_OK[4])
        stats = gate.stats(lambda s: s["refused"]["setup_timeout"] == 3)
        equal(stats["brokers"][0]["dials"], 1)


@behaviour("a client that leaves before its CONNECT is complete is counted as client_gone")
def client_gone():
    with Peer() as peer, Jumpgate([peer], stats=True) as gate:
        for data in (b"", GOOD[:1], GOOD[:-1]):
            with gate.connect() as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                equal(receive_all(client), b"")
        gate.stats(lambda s: s["refused"]["client_gone"] == 3)
        assert not peer.was_dialled()


@behaviour("a CONNECT over --connect-size-max is refused by its header: 5 gets 0x95, 3.1.1 a close")
def too_large():
    with Peer() as peer, Jumpgate([peer], "--connect-size-max", 1000) as gate:
        for level, answer in ((5, v5(0x95)), (4, NO_ANSWER)):
            data = packets.connect("x" * 2000, level)
            for sent in (data, data[:20]):  # whole, and only said to come
                with gate.connect() as client:
                    client.sendall(sent)
                    equal(receive_all(client), answer, f"level {level}, {len(sent)} bytes")
        equal({line["reason"] for line in gate.count("refused", 4)}, {"too_large"})
        assert gate.events("refused")[0]["why"].endswith("--connect-size-max"), "the flag's name"
        with gate.connect() as client:
            client.sendall(packets.connect("x" * 900))
            peer.accept().close()


@behaviour("over --connections-max: 5 gets 0x97, 3.1.1 gets 3; a place that is freed is given out")
def too_many():
    with Stub() as broker, Jumpgate([broker], "--connections-max", 2, threads=2) as gate:
        first, second = gate.connect(), gate.connect()
        for client in (first, second):
            client.sendall(GOOD)
            equal(receive(client, 4), packets.CONNACK_OK[4])
        for level, answer in ((5, v5(0x97)), (4, v3(3)), (3, v3(3))):
            with gate.connect() as client:
                client.sendall(packets.connect("late", level))
                equal(receive_all(client), answer, f"level {level}")
        gate.count("refused", 3)
        first.close()
        gate.event("closed")

        def admitted():
            with gate.connect() as client:
                client.sendall(GOOD)
                return receive(client, 4) == packets.CONNACK_OK[4]
        wait_until(admitted, "a free place")
        second.close()


@behaviour("no broker alive: 5 gets 0x88, 3.1.1 gets 3, also once it is marked down")
def no_broker():
    ports = [free_port(), free_port()]
    with Jumpgate(ports, "--fail-max", 2, "--fail-timeout-ms", 60_000) as gate:
        for i in range(4):
            for level, answer in ((5, v5(0x88)), (4, v3(3)), (3, v3(3))):
                with gate.connect() as client:
                    client.sendall(packets.connect(f"c{i}", level))
                    equal(receive_all(client), answer, f"level {level}")
        gate.count("broker_down", 2)
        equal({line["reason"] for line in gate.count("refused", 10)}, {"no_broker"})
        equal(gate.events("refused")[0]["phase"], "dial")


@behaviour("the refused line escapes and shortens the client id")
def escaped():
    with Jumpgate([free_port()], level="info") as gate, gate.connect() as client:
        nasty = 'a"b\\\x1b[31m\n\u202e' + "z" * 500
        client.sendall(packets.connect(nasty))
        equal(receive_all(client), v3(3))
        gate.event("refused")
        raw = next(line for line in gate.lines.all if line and '"refused"' in line)
        assert all(0x20 <= ord(c) < 0x7F for c in raw), raw
        assert len(raw) < 640, raw
        shown = gate.events("refused")[0]["client"]
        assert shown.startswith('a"b\\\x1b[31m\n') and shown.endswith("z..."), shown


@behaviour("repeated refusals are throttled; how many were held back is told")
def throttled():
    with Peer() as peer, Jumpgate([peer], stats=True) as gate:
        for _ in range(300):
            with gate.connect() as client:
                client.sendall(b"\x00")
                receive_all(client)
        stats = gate.stats(lambda s: s["refused"]["not_mqtt"] == 300)
        equal(stats["log_lines_dropped"], 0)
        assert len(gate.events("refused")) < 150, len(gate.events("refused"))

        def told():
            with gate.connect() as client:
                client.sendall(b"\x00")
                receive_all(client)
            return any(line.get("suppressed") for line in gate.events("refused"))
        wait_until(told, "a line with `suppressed`")


main()
