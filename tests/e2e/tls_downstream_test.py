"""What devices get over TLS: messages, versions, certificates by name, and who is let in.

Peers: mosquitto as the broker, mosquitto's clients, paho, openssl s_client, Python's ssl.
"""
import socket
import ssl
import subprocess

import broker_test
import mqtt_peer
import packets
from harness import DEADLINE_S, Lines, Jumpgate, behaviour, equal, main, start
from peers import Mosquitto, Peer, Stub, free_port, receive, receive_all
from tls_peers import (NAMES, ONLY, TLS12, TLS13, VERSIONS, admit, asks, causes, context, dial,
                       handshake, pair, pki, refusal, refusals, s_client, settled, tls_gate)

SILENT = packets.connect("c") + packets.DISCONNECT  # a broker ends it, whatever s_client does


# ---- Messages -----------------------------------------------------------------------------------

def mosquitto(program, gate, *flags):
    return [program, "-h", "localhost", "-p", str(gate.tls_port), "--cafile", pki("ca.crt"),
            "--cert", pki("client.crt"), "--key", pki("client.key"), *flags]


@behaviour("mosquitto_pub and _sub exchange 100 messages with QoS 0 to 2 over TLS 1.2 and 1.3")
def command_line_clients():
    numbers = "".join(f"{i}\n" for i in range(100))
    with Mosquitto() as broker:
        for version in VERSIONS:
            with tls_gate([broker], *ONLY[version], *asks()) as gate:
                for qos, mqtt in (("0", "mqttv311"), ("1", "mqttv5"), ("2", "mqttv31")):
                    begin = len(broker.log.all)
                    subscriber = start(mosquitto(
                        "mosquitto_sub", gate, "-t", "t/#", "-q", qos, "-V", mqtt, "-C", "100",
                        "-W", str(int(DEADLINE_S))), stdout=subprocess.PIPE)
                    received = Lines(subscriber.stdout)
                    broker.wait_log("Sending SUBACK", begin)
                    subprocess.run(mosquitto("mosquitto_pub", gate, "-t", "t/x", "-q", qos, "-V",
                                             mqtt, "-l"),
                                   input=numbers, text=True, check=True, timeout=DEADLINE_S)
                    equal(subscriber.wait(DEADLINE_S), 0, "mosquitto_sub")
                    received.thread.join(DEADLINE_S)
                    equal(received.all[:-1], numbers.split(), f"{version} QoS {qos} {mqtt}")
                for line in gate.count("connected", 6):
                    equal((line["tls"], line["cert_cn"]), (NAMES[version], "client"))
                stats = settled(gate, lambda stats: stats["relays"] == 0)
                equal((stats["handshakes"], causes(stats), refusals(stats)), (6, {}, {}))
                equal((stats["tls_truncations"], stats["tls_errors"]), (0, 0))


@behaviour("what paho's clients see of MQTT is the same over TLS through the proxy as directly")
def same_as_direct():
    scenarios = [broker_test.qos_of_delivery, broker_test.retained, broker_test.will,
                 broker_test.persistent, broker_test.takeover]
    settings = ("allow_anonymous true",)
    with Mosquitto(*settings) as direct, Mosquitto(*settings) as behind, \
            tls_gate([behind], "--tls-client-auth", "optional", "--tls-client-ca",
                     pki("ca.crt")) as gate:
        for version in ("3.1.1", "5"):
            for scenario in scenarios:
                expected = scenario(direct.port, version)
                mqtt_peer.Peer.tls_context = context(certificate="client")
                mqtt_peer.Peer.tls_context.check_hostname = False  # paho dials 127.0.0.1
                try:
                    equal(scenario(gate.tls_port, version), expected, scenario.__name__)
                finally:
                    mqtt_peer.Peer.tls_context = None
        equal(causes(settled(gate)), {})


# ---- Client certificates ------------------------------------------------------------------------

# Certificate, the cause in log and statistics, what OpenSSL says of the alert (TLS 1.2, 1.3).
BAD = [("other-client", "unknown_ca", "unknown ca"),
       ("expired-client", "expired", "certificate expired"),
       ("future-client", "not_yet_valid", "certificate expired"),
       ("revoked-client", "revoked", "certificate"),
       ("wrong-usage", "bad_certificate", "certificate")]


@behaviour("--tls-client-auth: who may come, and why not, in log, statistics and alert")
def client_certificates():
    for auth in ("none", "optional", "required"):
        for version in VERSIONS:
            flags = asks(auth) + ["--tls-client-crl", pki("crl.pem")] if auth != "none" else []
            with Stub() as broker, tls_gate([broker], *ONLY[version], *flags) as gate:
                admit(handshake(gate, context(version, "client")), "shows").close()
                gate.event("connected", lambda line, auth=auth: line["client"] == "shows" and
                           line.get("cert_cn") == (None if auth == "none" else "client"))
                expected = {}
                if auth == "required":
                    said = refusal(gate, context(version))
                    assert "alert" in said, said  # of TLS 1.2: handshake failure
                    expected["no_certificate"] = 1
                else:
                    admit(handshake(gate, context(version)), "shows-none").close()
                for name, cause, alert in BAD:
                    if auth == "none":  # not asked for, not shown
                        admit(handshake(gate, context(version, name)), name).close()
                        continue
                    said = refusal(gate, context(version, name))
                    assert "alert" in said and alert in said, f"{version} {name}: {said}"
                    expected[cause] = 1
                    gate.event("refused", lambda line, cause=cause: line.get("cause") == cause and
                               line["reason"] == "handshake_failed" and line["why"])
                stats = settled(gate)
                equal(causes(stats), expected, f"{auth} {version}")
                equal(stats["refused"]["handshake_failed"], len(expected), "refused")
                assert "refused" not in broker.client_ids, "a refused client's CONNECT got through"


@behaviour("a refused client hears the alert each time, its CONNECT unread behind the handshake")
def alerts_arrive():
    hello = packets.connect("refused", password="p" * 3000, username="u")
    with Stub() as broker, tls_gate([broker], *asks()) as gate:
        for name in (None, "expired-client"):
            for version in VERSIONS:
                for _ in range(20):  # a reset would win the race now and then
                    said = refusal(gate, context(version, name), hello=hello)
                    assert "alert" in said, f"{version} {name}: {said}"
        equal(broker.client_ids, [])
        equal(causes(settled(gate)), {"no_certificate": 40, "expired": 40})


@behaviour("a device that does not trust the proxy: the alert that it sends is counted and named")
def untrusted_proxy():
    with Stub() as broker, tls_gate([broker]) as gate:
        for version in VERSIONS:
            trusts_others = ssl.create_default_context(cafile=pki("other-ca.crt"))
            trusts_others.minimum_version = trusts_others.maximum_version = version
            for with_context, name in ((trusts_others, "localhost"),
                                       (context(version), "elsewhere.example.test")):
                try:
                    handshake(gate, with_context, name).close()
                    raise AssertionError("not refused by the client")
                except ssl.SSLCertVerificationError:
                    pass
        equal(causes(settled(gate, lambda stats: stats["accepted"] == 4)), {"peer_alert": 4})
        equal({line["alert"] for line in gate.events("refused")}, {"unknown_ca", "bad_certificate"})


@behaviour("a chain with an intermediate CA is taken, with a CRL only where each CA has one")
def intermediate():
    with Stub() as broker:
        with tls_gate([broker], *asks(), certificate="server-chain") as gate:
            admit(handshake(gate, context(TLS12, "client-chain")), "a").close()
            admit(handshake(gate, context(TLS13, "client-chain")), "b").close()
        with tls_gate([broker], *asks(), "--tls-client-crl", pki("crl.pem")) as gate:
            refusal(gate, context(certificate="client-chain"))
            equal(causes(settled(gate)), {"crl_missing": 1})


@behaviour("--require-client-id-matches: CONNACK 2 or 5 in 3.1.1, 0x85 or 0x87 in 5, no dial")
def client_id_matches():
    bad_id, no_certificate = {4: b"\x20\x02\x00\x02", 5: b"\x20\x03\x00\x85\x00"}, \
        {4: b"\x20\x02\x00\x05", 5: b"\x20\x03\x00\x87\x00"}
    for rule, good in (("cert_cn", ["client"]),
                       ("san", ["client.example.test", "urn:example:device:client",
                                "client@example.test"])):
        with Stub() as broker, tls_gate([broker], *asks("optional"), "--require-client-id-matches",
                                        rule) as gate:
            for level in (4, 5):
                for name in good:
                    admit(handshake(gate, context(certificate="client")), name, level).close()
                for certificate, client_id, answers in (
                        ("client", "Client", bad_id), ("client", "client2", bad_id),
                        ("client", "", bad_id), (None, good[0], no_certificate)):
                    with handshake(gate, context(certificate=certificate)) as tls:
                        tls.sendall(packets.connect(client_id, level))
                        equal(receive_all(tls), answers[level], f"{rule} {certificate} {client_id}")
            equal(broker.client_ids, good * 2)
            equal(refusals(settled(gate)), {"client_id_mismatch": 6, "not_certified": 2})
            gate.event("refused", lambda line: line["reason"] == "client_id_mismatch" and
                       line["client"] == "client2" and line["cert_cn"] == "client")
            with gate.connect() as plain:  # a plain client has no certificate either
                plain.sendall(packets.connect("client"))
                equal(receive_all(plain), no_certificate[4])


@behaviour("--hash-key cert_cn: the certificate chooses the broker, whatever the client id")
def routed_by_certificate():
    with Stub() as a, Stub() as b, Stub() as c:
        brokers = [a, b, c]
        chosen = []
        with Jumpgate(brokers) as gate:  # where the client ids go that are the CNs
            for number in range(4):
                with gate.connect() as client:
                    client.sendall(packets.connect(f"client-{number}"))
                    receive(client, 4)
                chosen += [i for i, b in enumerate(brokers) if f"client-{number}" in b.client_ids]
        assert len(set(chosen)) > 1, "all on one broker: no test"
        with tls_gate(brokers, *asks(), "--hash-key", "cert_cn") as gate:
            for number in range(4):
                for client_id in (f"x{number}", f"y{number}", f"z{number}"):
                    certificate = context(certificate=f"clients/{number}")
                    admit(handshake(gate, certificate), client_id).close()
                    assert client_id in brokers[chosen[number]].client_ids, client_id


# ---- Names, protocols, versions -----------------------------------------------------------------

@behaviour("SNI chooses the certificate: exact before wildcard, the first where none matches")
def server_names():
    flags = [*pair("server-wildcard"), *pair("server-b")]
    with Stub() as broker, tls_gate([broker], *flags) as gate:
        for name, common_name in (
                ("b.example.test", "b.example.test"), ("B.Example.TEST", "b.example.test"),
                ("a.wild.example.test", "*.wild.example.test"), ("localhost", "server"),
                ("a.b.wild.example.test", "server"), ("wild.example.test", "server"),
                ("nobody.example.test", "server"), (None, "server")):
            for version in ("-tls1_2", "-tls1_3"):
                sni = ["-servername", name] if name else ["-noservername"]
                said = s_client(gate, SILENT, version, *sni)
                assert f"subject=CN = {common_name}\n" in said, f"{name}: {said}"
        handshake(gate, name="b.example.test").close()  # Python verifies the name
        handshake(gate, name="a.wild.example.test").close()
    with Stub() as broker, tls_gate([broker], *flags, "--tls-strict-sni") as gate:
        admit(handshake(gate, name="a.wild.example.test")).close()
        admit(handshake(gate, name="localhost")).close()
        for version in ("-tls1_2", "-tls1_3"):
            for sni in (["-noservername"], ["-servername", "nobody.example.test"]):
                said = s_client(gate, SILENT, version, *sni)
                assert "unrecognized name" in said, said
        equal(causes(settled(gate)), {"unknown_server_name": 4})
        gate.event("refused", lambda line: line.get("cause") == "unknown_server_name")


@behaviour("ALPN agrees on mqtt or http/1.1 and lets other protocols go without")
def protocols():
    with Stub() as broker, tls_gate([broker]) as gate:
        for offered, agreed in ((["mqtt"], "mqtt"), (["http/1.1"], "http/1.1"),
                                (["h2", "http/1.1", "mqtt"], "mqtt"), (["h2"], None), ([], None)):
            for version in VERSIONS:
                offers = context(version)
                if offered:
                    offers.set_alpn_protocols(offered)
                tls = admit(handshake(gate, offers))
                equal(tls.selected_alpn_protocol(), agreed, f"{offered} {version}")
                tls.close()


@behaviour("--tls-min-version, --tls-ciphers, --tls-curves bind; who has none in common is refused")
def versions_and_suites():
    weak = ["-cipher", "DEFAULT@SECLEVEL=0"]
    for flags, client, agreed in (
            ([], ["-tls1_2"], "TLSv1.2"), ([], ["-tls1_3"], "TLSv1.3"),
            ([], ["-tls1_1", *weak], "unsupported_version"),
            ([], ["-tls1", *weak], "unsupported_version"),
            (["--tls-min-version", "1.3"], ["-tls1_2"], "unsupported_version"),
            (["--tls-min-version", "1.3"], [], "TLSv1.3"),
            ([], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], "no_common_cipher"),
            ([], ["-tls1_2", "-cipher", "AES128-SHA256"], "no_common_cipher"),
            (["--tls-ciphers", "TLS_AES_256_GCM_SHA384"], ["-tls1_2"], None),
            (["--tls-ciphers", "TLS_AES_256_GCM_SHA384"],
             ["-ciphersuites", "TLS_AES_128_GCM_SHA256"], "no_common_cipher"),
            (["--tls-ciphers", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"],
             ["-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"],
             "TLS_AES_256_GCM_SHA384"),  # best first, by our order
            (["--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"],
             ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"],
             "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
            (["--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"],
             ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"],
             "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            (["--tls-ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305"], [],
             "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            (["--tls-curves", "P-384"], ["-tls1_3", "-groups", "X25519:P-384"], "secp384r1"),
            (["--tls-curves", "P-384"], ["-tls1_3", "-groups", "X25519"], "no_common_cipher")):
        with Stub() as broker, tls_gate([broker], *flags) as gate:
            if "--tls-curves" in flags:  # wolfSSL lets clients with TLS 1.2 choose
                assert "TLS 1.2" in gate.event("tls_warning")["why"]
            said = s_client(gate, SILENT, *client)
            what = f"{flags} {client}\n{said}"
            if agreed and agreed.islower() and agreed != "secp384r1":
                assert "alert" in said, what
                stats = settled(gate, lambda stats: causes(stats))
                equal(causes(stats), {agreed: 1}, what)
                gate.event("refused", lambda line, agreed=agreed: line.get("cause") == agreed)
            elif agreed is None:
                assert "alert" in said and sum(causes(settled(gate)).values()) == 1, what
            elif agreed == "secp384r1":
                assert "secp384r1" in said, what
            else:
                line = gate.event("connected")
                assert agreed in (line["tls"], line["cipher"]), what


@behaviour("TLS ports without a plain one: IPv4 and IPv6, each device let in where it dials")
def tls_ports_alone():
    with Stub() as broker, tls_gate([broker], "--tls-listen", "[::1]:0", plain=False) as gate:
        assert "listen" not in gate.ready, gate.ready
        first, second = gate.ready["tls_listen"].split(",")
        for port, name in ((first, "127.0.0.1"), (second, "::1")):
            gate.tls_port = int(port.rsplit(":", 1)[1])
            with socket.create_connection((name, gate.tls_port), DEADLINE_S) as wire:
                admit(context().wrap_socket(wire, server_hostname=name)).close()
        equal(settled(gate)["handshakes"], 2)


@behaviour("over --connections-max a device is told so over TLS: CONNACK 3 or 0x97")
def too_many():
    with Stub() as broker, tls_gate([broker], "--connections-max", 1) as gate:
        first = admit(handshake(gate))
        for level, answer in ((4, b"\x20\x02\x00\x03"), (5, b"\x20\x03\x00\x97\x00")):
            with handshake(gate) as tls:
                tls.sendall(packets.connect("second", level))
                equal(receive_all(tls), answer)
        equal(refusals(settled(gate)), {"too_many_connections": 2})
        first.close()


# ---- The wrong port -----------------------------------------------------------------------------

@behaviour("plain MQTT on the TLS port: CONNACK 5 or 0x87, a plain sentence, no dial")
def plain_on_tls():
    with Peer() as broker, tls_gate([broker]) as gate:
        for level, answer in ((3, b"\x20\x02\x00\x05"), (4, b"\x20\x02\x00\x05"),
                              (5, b"\x20\x03\x00\x87\x00")):
            for pieces in (1, 2, 30):
                with dial(gate) as wire:
                    hello = packets.connect("plain", level, username="u", password="secret-word")
                    for piece in range(pieces):
                        begin, end = (len(hello) * i // pieces for i in (piece, piece + 1))
                        wire.sendall(hello[begin:end])
                    equal(receive_all(wire), answer, f"level {level}")
        line = gate.event("refused")
        equal((line["reason"], line["client"]), ("plain_on_tls", "plain"))
        assert "TLS port" in line["why"], line
        equal(refusals(settled(gate)), {"plain_on_tls": 9})
        assert not broker.was_dialled(), "a broker was dialled"


@behaviour("HTTP, SSH and noise on the TLS port are closed and counted, a ClientHello on the plain")
def wrong_port():
    with Peer() as broker, tls_gate([broker]) as gate:
        for first in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", bytes(50),
                      packets.PINGREQ, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"\x16"):
            with dial(gate) as wire:
                wire.sendall(first)
                if first != b"\x16":
                    equal(receive_all(wire), b"", str(first))
        stats = settled(gate, lambda stats: stats["accepted"] == 6)
        equal((refusals(stats), causes(stats)),
              ({"not_tls": 4, "proxy_not_trusted": 1, "client_gone": 1}, {"not_tls": 4}))
        assert "TLS" in gate.event("refused", lambda line: line["reason"] == "not_tls")["why"]
        for version in VERSIONS:
            try:
                context(version).wrap_socket(gate.connect(), server_hostname="localhost").close()
                raise AssertionError("a handshake with the plain port")
            except OSError:
                pass
        line = gate.event("refused", lambda line: line["reason"] == "tls_hello")
        assert "plain port" in line["why"], line
        equal(settled(gate)["refused"]["tls_hello"], 2)
        assert not broker.was_dialled(), "a broker was dialled"


@behaviour("a broker that is down: CONNACK 3 or 0x88 over TLS, and close_notify behind it")
def refused_over_tls():
    with tls_gate([free_port()]) as gate:
        for version in VERSIONS:
            for level, answer in ((4, b"\x20\x02\x00\x03"), (5, b"\x20\x03\x00\x88\x00")):
                with handshake(gate, context(version)) as tls:
                    tls.sendall(packets.connect("c", level))
                    equal(receive_all(tls), answer)  # an end without close_notify would raise


main()
