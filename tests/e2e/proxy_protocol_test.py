"""The PROXY protocol with a real HAProxy in front of jumpgate and behind it, and with bad headers.

Headers are written and read here from proxy-protocol.txt, not by our codec: a shared mistake would
hide.
"""

import ipaddress
import socket
import struct

import packets
from haproxy import HAProxy
from harness import DEADLINE_S, Jumpgate, behaviour, equal, main
from peers import Mosquitto, Peer, Stub, receive, receive_all
from pki import context, pki
from tls_brokers import (MUTUAL_LISTEN, TLS_LISTEN, UPSTREAM_CA, Recorder, TlsStream,
                       accepted_by_broker, over_tls, server_context, tls_connect, tls_port)

TRUSTED = ("--proxy-protocol-from", "127.0.0.0/8")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
HELLO = packets.connect("c")
SOURCE = "127.0.1.7"  # a client that is not where the header's sender is


# ---- Headers ------------------------------------------------------------------------------------

def v1(source="192.0.2.7", destination="192.0.2.1", ports=(40000, 1883)):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {ports[0]} {ports[1]}\r\n".encode()


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def v2(source="192.0.2.7", destination="192.0.2.1", ports=(40000, 1883), tlvs=b"", command=0x21,
       family=None, length_off=0):
    body = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    body += struct.pack(">HH", *ports) + tlvs
    if family is None:
        family = 0x21 if ":" in source else 0x11
    return SIGNATURE + struct.pack(">BBH", command, family, len(body) + length_off) + body


def read_v2(data):
    """(source, destination, {TLV: value}, bytes in all) of a v2 header; strict."""
    equal(data[:13], SIGNATURE + b"\x21", "signature, version 2, PROXY")
    size = {0x11: 4, 0x21: 16}[data[13]]
    end = 16 + struct.unpack_from(">H", data, 14)[0]
    assert len(data) >= end, data
    at = 16 + 2 * size + 4
    ports = struct.unpack_from(">HH", data, at - 4)
    source = (str(ipaddress.ip_address(data[16:16 + size])), ports[0])
    destination = (str(ipaddress.ip_address(data[16 + size:16 + 2 * size])), ports[1])
    return source, destination, read_tlvs(data[at:end]), end


def read_tlvs(data):
    found = {}
    while data:
        kind, length = struct.unpack_from(">BH", data)
        assert kind not in found and len(data) >= 3 + length, data
        found[kind] = data[3:3 + length]
        data = data[3 + length:]
    return found


AUTHORITY, CRC32C, UNIQUE_ID, TLS = 0x02, 0x03, 0x05, 0x20
TLS_VERSION, TLS_CN, TLS_CIPHER = 0x21, 0x22, 0x23


def shown(address):
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_seen_as(gate, client_id, address):
    line = gate.event("connected", lambda x: x["client"] == client_id)
    equal(line["peer"], shown(address), client_id)
    return line


# ---- HAProxy in front ---------------------------------------------------------------------------

@behaviour("HAProxy in front, send-proxy and send-proxy-v2: the log names the real client")
def haproxy_in_front():
    with Mosquitto() as broker, Jumpgate([broker], *TRUSTED) as gate:
        for words in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c"):
            front = f"listen f\n    bind 127.0.0.1:{{port}}\n    server s 127.0.0.1:{gate.port} "
            with HAProxy(front + words + "\n") as haproxy, haproxy.connect(SOURCE) as client:
                name = words.replace(" ", "-")
                accepted_by_broker(client, name)
                is_seen_as(gate, name, client.getsockname())
                equal(client.getsockname()[0], SOURCE)


@behaviour("HAProxy in front ends TLS and tells of it (send-proxy-v2-ssl-cn)")
def haproxy_ends_tls():
    with Stub() as broker, Jumpgate([broker], *TRUSTED) as gate:
        body = f"listen f\n    bind 127.0.0.1:{{port}} ssl crt {{pem}} ca-file {pki('ca.crt')} " \
            f"verify required\n    server s 127.0.0.1:{gate.port} send-proxy-v2-ssl-cn\n"
        with HAProxy(body, (pki("server.crt"), pki("server.key"))) as haproxy:
            wire = haproxy.connect(SOURCE)
            with TlsStream(wire, context(certificate="client")) as client:
                accepted_by_broker(client, "behind-tls")
                is_seen_as(gate, "behind-tls", wire.getsockname())


@behaviour("HAProxy in front passes TLS through: the header comes first, the handshake behind it")
def haproxy_passes_tls():
    with Stub() as broker, Jumpgate([broker], *TRUSTED, *MUTUAL_LISTEN) as gate:
        body = f"listen f\n    bind 127.0.0.1:{{port}}\n    server s 127.0.0.1:{tls_port(gate)} " \
            "send-proxy-v2\n"
        with HAProxy(body) as haproxy:
            wire = haproxy.connect(SOURCE)
            with TlsStream(wire, context(certificate="client")) as client:
                accepted_by_broker(client, "through")
                line = is_seen_as(gate, "through", wire.getsockname())
                equal((line["tls"], line["cert_cn"]), ("TLSv1.3", "client"))


@behaviour("HAProxy's health checks (LOCAL) are no clients and no faults")
def health_checks():
    with Stub() as broker, Jumpgate([broker], *TRUSTED, stats=True) as gate:
        body = f"listen f\n    bind 127.0.0.1:{{port}}\n    server s 127.0.0.1:{gate.port} " \
            "send-proxy-v2 check check-send-proxy inter 100ms\n"
        with HAProxy(body) as haproxy:
            stats = gate.stats(lambda s: s["accepted"] >= 5)
            with haproxy.connect(SOURCE) as client:
                accepted_by_broker(client, "beside")
                is_seen_as(gate, "beside", client.getsockname())
            equal({k for k, v in stats["refused"].items() if v} - {"client_gone"}, set())
            equal(stats["brokers"][0]["dials"], 0)


# ---- HAProxy behind -----------------------------------------------------------------------------

LOG_FORMAT = '    log-format "from=%ci:%cp to=%[dst]:%[dst_port] authority=%[fc_pp_authority] ' \
    'id=%[fc_pp_unique_id]"\n'


def behind(broker):
    return "frontend f\n    bind 127.0.0.1:{port} accept-proxy\n" + LOG_FORMAT + \
        f"    default_backend b\nbackend b\n    server s 127.0.0.1:{broker.port}\n"


@behaviour("HAProxy behind, accept-proxy: it logs the client that --send-proxy v1 and v2 name")
def haproxy_behind():
    with Mosquitto() as broker, HAProxy(behind(broker)) as haproxy:
        for word in ("v1", "v2"):
            with Jumpgate([haproxy], "--send-proxy", word) as gate:
                client = socket.create_connection(("127.0.0.1", gate.port), DEADLINE_S,
                                                  (SOURCE, 0))
                accepted_by_broker(client, f"with-{word}")
                here, there = shown(client.getsockname()), shown(client.getpeername())
                client.close()
                line = haproxy.wait_log(f"from={here} ")
                assert f" to={there} authority=- id=-" in line, line
                broker.wait_log(f"as with-{word} ")


@behaviour("HAProxy behind, --send-proxy v2-tls: it logs the SNI and a unique id of each client")
def haproxy_behind_tls():
    with Mosquitto() as broker, HAProxy(behind(broker)) as haproxy:
        with Jumpgate([haproxy], "--send-proxy", "v2-tls", *MUTUAL_LISTEN) as gate:
            ids = set()
            for i in range(3):
                with tls_connect(gate, "client") as client:
                    accepted_by_broker(client, f"tls-{i}")
                    here = shown(client.wire.getsockname())
                    there = shown(client.wire.getpeername())
                line = haproxy.wait_log(f"from={here} ")
                assert f" to={there} authority=localhost id=" in line, line
                ids.add(line.rsplit("id=", 1)[1])
            equal(len(ids), 3, "unique ids")
            assert "-" not in ids, ids
            with gate.connect() as client:  # beside them, one without TLS
                accepted_by_broker(client, "plain")
                here = shown(client.getsockname())
            line = haproxy.wait_log(f"from={here} ")
            assert " authority=- id=" in line and not line.endswith("id=-"), line


@behaviour("HAProxy on both sides: who it says the client is arrives at the other end")
def haproxy_on_both_sides():
    with Mosquitto() as broker, HAProxy(behind(broker)) as back:
        with Jumpgate([back], "--send-proxy", "v2", *TRUSTED) as gate:
            body = "listen f\n    bind 127.0.0.1:{port}\n" \
                f"    server s 127.0.0.1:{gate.port} send-proxy\n"
            with HAProxy(body) as front, front.connect(SOURCE) as client:
                accepted_by_broker(client, "far")
                here, there = shown(client.getsockname()), shown(client.getpeername())
                client.close()
                assert f" to={there} " in back.wait_log(f"from={here} ")


# ---- What is sent, byte by byte -----------------------------------------------------------------

@behaviour("--send-proxy: the header is exact, comes before everything, and once")
def sent_bytes():
    for word in ("v1", "v2", "v2-tls"):
        listen = TLS_LISTEN if word == "v2-tls" else ()
        with Peer() as broker, Jumpgate([broker], "--send-proxy", word, *listen) as gate:
            with gate.connect() as client:
                client.sendall(HELLO)
                side = broker.accept()
                here, there = client.getsockname(), client.getpeername()
                if word == "v1":
                    header = v1(here[0], there[0], (here[1], there[1]))
                    equal(receive(side, len(header)), header)
                elif word == "v2":
                    header = v2(here[0], there[0], (here[1], there[1]))
                    equal(receive(side, len(header)), header)
                else:
                    head = receive(side, 16)
                    head += receive(side, struct.unpack(">H", head[14:])[0])
                    source, destination, tlvs, _ = read_v2(head)
                    equal((source, destination, set(tlvs)), (here, there, {UNIQUE_ID}))
                equal(receive(side, len(HELLO)), HELLO)
                client.sendall(packets.PINGREQ)
                equal(receive(side, 2), packets.PINGREQ, "nothing between")
                side.close()


@behaviour("v2-tls: version, cipher, CN, verification and SNI, as the handshake had them")
def sent_tls():
    for certificate in (None, "client"):
        listen = TLS_LISTEN if certificate is None else MUTUAL_LISTEN
        with Peer() as broker, Jumpgate([broker], "--send-proxy", "v2-tls", *listen) as gate:
            with tls_connect(gate, certificate) as client:
                client.sendall(HELLO)
                side = broker.accept()
                head = receive(side, 16)
                head += receive(side, struct.unpack(">H", head[14:])[0])
                source, _, tlvs, _ = read_v2(head)
                equal(source, client.wire.getsockname())
                equal((set(tlvs), tlvs[AUTHORITY]), ({AUTHORITY, UNIQUE_ID, TLS}, b"localhost"))
                flags, verify = struct.unpack_from(">BI", tlvs[TLS])
                inner = read_tlvs(tlvs[TLS][5:])
                equal((inner[TLS_VERSION], inner[TLS_CIPHER].decode()),
                      (b"TLSv1.3", client.tls.cipher()[0]))
                if certificate is None:  # PP2_CLIENT_SSL; verify is 0 only where one was verified
                    equal((flags, verify != 0, set(inner)), (1, True, {TLS_VERSION, TLS_CIPHER}))
                else:  # with PP2_CLIENT_CERT_CONN and _SESS
                    equal((flags, verify, inner[TLS_CN]), (7, 0, b"client"))
                equal(receive(side, len(HELLO)), HELLO)
                side.close()


@behaviour("to a TLS broker the header goes in the clear, before the ClientHello")
def sent_to_tls_broker():
    header_ends = []

    class Behind(Recorder):
        def _talk(self, wire):
            head = receive(wire, 16)
            head += receive(wire, struct.unpack(">H", head[14:])[0])
            header_ends.append(read_v2(head))
            super()._talk(wire)

    with Behind(server_context()) as broker:
        with Jumpgate([over_tls(broker)], *UPSTREAM_CA, "--send-proxy", "v2") as gate:
            for i in range(2):
                with gate.connect() as client:
                    accepted_by_broker(client, f"id-{i}")
                    equal(header_ends[i][:2], (client.getsockname(), client.getpeername()))
            equal([s.tls.session_reused for s in broker.streams], [False, True])


# ---- What is received ---------------------------------------------------------------------------

GOOD = [
    ("v1", v1(), "192.0.2.7:40000"),
    ("v1, IPv6", v1("2001:db8::7", "2001:db8::1"), "[2001:db8::7]:40000"),
    ("v2", v2(), "192.0.2.7:40000"),
    ("v2, IPv6", v2("2001:db8::7", "2001:db8::1"), "[2001:db8::7]:40000"),
    ("v2 with TLVs", v2(tlvs=tlv(AUTHORITY, b"a.example") + tlv(0x04, bytes(9)) +
                        tlv(UNIQUE_ID, b"x" * 128) + tlv(0xE0, b"own")), "192.0.2.7:40000"),
    ("v1 UNKNOWN", b"PROXY UNKNOWN\r\n", None),
    ("v1 UNKNOWN, longest", b"PROXY UNKNOWN " + b"f" * 90 + b"\r\n", None),
    ("v2 LOCAL", v2(command=0x20), None),
    ("v2 LOCAL, empty", SIGNATURE + b"\x20\x00\x00\x00", None),
    ("v2 UNSPEC", SIGNATURE + b"\x21\x00\x00\x00", None),
]


@behaviour("each form of a header is read, whole, byte by byte and split at each byte")
def split_headers():
    with Stub() as broker, Jumpgate([broker], *TRUSTED) as gate:
        for words, header, address in GOOD:
            for cut in (0, "each", *range(1, len(header) + 1)):
                name = f"{words}/{cut}"
                hello = packets.connect(name)
                with gate.connect() as client:
                    data = header + hello
                    if cut == "each":
                        for i in range(len(data)):
                            client.sendall(data[i:i + 1])
                    else:
                        client.sendall(data[:cut])
                        client.sendall(data[cut:])
                    equal(receive(client, 4), packets.CONNACK_OK[4], name)
                    line = gate.event("connected", lambda x, n=name: x["client"] == n,
                                      max(0, len(gate.lines.all) - 20))
                    equal(line["peer"], address or shown(client.getsockname()), name)


BAD = [
    ("no header: MQTT", HELLO),
    ("no header: a ClientHello", b"\x16\x03\x01\x02\x00\x01" + bytes(64)),
    ("no header: zeros", bytes(64)),
    ("v1, small letters", b"proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n"),
    ("v1, no such family", b"PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n"),
    ("v1, IPv6 as TCP4", b"PROXY TCP4 ::1 ::1 1 2\r\n"),
    ("v1, a host name", b"PROXY TCP4 localhost 192.0.2.1 1 2\r\n"),
    ("v1, leading zeros", b"PROXY TCP4 192.000.2.7 192.0.2.1 1 2\r\n"),
    ("v1, port 65536", b"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n"),
    ("v1, port 007", b"PROXY TCP4 192.0.2.7 192.0.2.1 007 2\r\n"),
    ("v1, no port", b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n"),
    ("v1, one field too many", b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"),
    ("v1, two spaces", b"PROXY TCP4  192.0.2.7 192.0.2.1 1 2\r\n"),
    ("v1, LF alone", b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n" + HELLO * 8),
    ("v1, endless", b"PROXY UNKNOWN " + b"x" * 200),
    ("v2, version 1", v2(command=0x11)),
    ("v2, command 2", v2(command=0x22)),
    ("v2, family 4", v2(family=0x41)),
    ("v2, too short for its addresses", v2(family=0x21)),
    ("v2, a bad signature", b"\r\n\r\n\0\r\nQUIX\n" + v2()[12:]),
    ("v2, a TLV beyond the end", v2(tlvs=struct.pack(">BH", 4, 200) + b"x")),
    ("v2, half a TLV", v2(tlvs=b"\x04\x00")),
    ("v2, a wrong checksum", v2(tlvs=tlv(CRC32C, b"\1\2\3\4"))),
    ("v2, 65,535 bytes", v2(tlvs=tlv(4, bytes(65000)))),
]


@behaviour("malformed and missing headers from a trusted peer: closed, counted, nothing dialled")
def malformed():
    with Peer() as broker, Jumpgate([broker], *TRUSTED, stats=True) as gate:
        for words, header in BAD:
            with gate.connect() as client:
                client.sendall(header)
                equal(receive_all(client), b"", words)
        lines = gate.count("refused", 10)  # a second has ten lines at most
        assert all(line["reason"] == "proxy_header" and line["why"] for line in lines), lines
        stats = gate.stats(lambda s: sum(s["refused"].values()) == len(BAD))
        equal({k: v for k, v in stats["refused"].items() if v}, {"proxy_header": len(BAD)})
        equal(stats["brokers"][0]["dials"], 0)
        assert not broker.was_dialled()


@behaviour("a header from a peer that is not trusted is refused, on both kinds of port")
def not_trusted():
    elsewhere = ("--proxy-protocol-from", "192.0.2.0/24,2001:db8::/32")
    for flags in ((), elsewhere):
        with Peer() as broker, Jumpgate([broker], *flags, *TLS_LISTEN, stats=True) as gate:
            for header in (v1(), v2(), v2("2001:db8::7", "2001:db8::1")):
                with gate.connect() as client:
                    client.sendall(header + HELLO)
                    equal(receive_all(client), b"", "the answer")
                with socket.create_connection(("127.0.0.1", tls_port(gate)), DEADLINE_S) as client:
                    client.sendall(header + HELLO)
                    equal(receive_all(client), b"", "the answer of the TLS port")
            for line in gate.count("refused", 6):
                equal((line["reason"], line["peer"].split(":")[0]),
                      ("proxy_not_trusted", "127.0.0.1"))
                assert "--proxy-protocol-from" in line["why"], line
            stats = gate.stats(lambda s: sum(s["refused"].values()) == 6)
            equal((stats["refused"]["proxy_not_trusted"], stats["brokers"][0]["dials"]), (6, 0))
            assert not broker.was_dialled()


@behaviour("peers that are not in the list are served without a header, beside those that are")
def both_kinds():
    with Stub() as broker, Jumpgate([broker], "--proxy-protocol-from", SOURCE) as gate:
        with gate.connect() as client:
            accepted_by_broker(client, "direct")
            is_seen_as(gate, "direct", client.getsockname())
        with socket.create_connection(("127.0.0.1", gate.port), DEADLINE_S, (SOURCE, 0)) as client:
            client.sendall(v2())
            accepted_by_broker(client, "balanced")
        is_seen_as(gate, "balanced", ("192.0.2.7", 40000))


@behaviour("the address of the header is what --hash-key remote_addr routes by")
def routes_by_header():
    with Stub() as a, Stub() as b, Stub() as c:
        with Jumpgate([a, b, c], *TRUSTED, "--hash-key", "remote_addr") as gate:
            for _ in range(2):
                for i in range(60):
                    with gate.connect() as client:
                        client.sendall(v2(f"198.51.100.{i}"))
                        accepted_by_broker(client, f"from-{i}")
        for broker in (a, b, c):
            names = broker.client_ids
            assert 20 <= len(names) <= 60, len(names)
            equal(sorted(names), sorted(2 * list(set(names))), "each address has one home")


@behaviour("IPv6: a trusted peer, its header, and what is sent on")
def ipv6():
    with Peer() as broker, Jumpgate([broker], "--listen", "[::1]:0", "--proxy-protocol-from", "::1",
                                    "--send-proxy", "v2") as gate:
        with socket.create_connection(("::1", gate.port), DEADLINE_S) as client:
            client.sendall(v1("2001:db8::7", "2001:db8::1") + HELLO)
            with broker.accept() as side:
                expected = v2("2001:db8::7", "2001:db8::1") + HELLO
                equal(receive(side, len(expected)), expected)
    with Peer() as broker, Jumpgate([broker], "--listen", "[::1]:0", "--send-proxy", "v1") as gate:
        with socket.create_connection(("::1", gate.port), DEADLINE_S) as client:
            client.sendall(HELLO)
            with broker.accept() as side:
                here, there = client.getsockname(), client.getpeername()
                expected = v1(here[0], there[0], (here[1], there[1])) + HELLO
                equal(receive(side, len(expected)), expected)


@behaviour("a trusted peer whose header never ends is let go at the set-up time-out")
def half_a_header():
    with Stub() as broker, Jumpgate([broker], *TRUSTED, "--setup-timeout-ms", 300) as gate:
        for header in (v1()[:20], v2()[:20]):
            with gate.connect() as client:
                client.sendall(header)
                equal(receive_all(client), b"")
        for line in gate.count("refused", 2):
            equal(line["reason"], "setup_timeout")


if __name__ == "__main__":
    main()
