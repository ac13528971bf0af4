"""TLS with brokers: who is verified how, what a bad broker never hears, sessions, reloads, streams.

The good brokers are mosquitto, the bad ones Python's ssl with the certificates that bench/certs.py
makes to be refused; they keep every byte that they receive.
"""

import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

import packets
import transfer
from harness import DEADLINE_S, Jumpgate, Lines, behaviour, equal, main, start, wait_until
from peers import Mosquitto, Peer, Stub, receive, receive_all
from tls_brokers import (MUTUAL, MUTUAL_LISTEN, PROXY_IDENTITY, TLS_LISTEN, UPSTREAM_CA, Recorder,
                       TlsMosquitto, TlsStream, accepted_by_broker, over_tls, pki, server_context,
                       tls_connect, tls_port)

SIGNALS = ("--config-watch", "false")  # reloads by SIGHUP alone

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SECRETS = {"client_id": "device-7", "username": "mallory", "password": "pa55word"}
UNHEARD = tuple(word.encode() for word in SECRETS.values())
REFUSED = {4: b"\x20\x02\x00\x03", 5: b"\x20\x03\x00\x88\x00"}  # server unavailable


def identity(name):
    return ["--cert", pki(name + ".crt"), "--key", pki(name + ".key")]


def publish(port, topic, text, *flags):
    subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic,
                    "-m", text, *flags], check=True, timeout=DEADLINE_S, capture_output=True)


def failures(stats, group="broker_handshake_failures"):
    return {cause: count for cause, count in stats[group].items() if count}


def refusals(stats):
    return failures(stats, "refused")


# ---- Good brokers -------------------------------------------------------------------------------

@behaviour("a mosquitto that requires a certificate gets the proxy's, for plain clients")
def broker_requires_certificate():
    with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker:
        with Jumpgate([over_tls(broker)], *UPSTREAM_CA, *PROXY_IDENTITY, stats=True) as gate:
            for level in (3, 4, 5):
                with gate.connect() as client:
                    accepted_by_broker(client, f"plain-{level}", level)
                broker.wait_log(f"as plain-{level} ")
                broker.wait_log("u'proxy'")
                line = gate.event("connected", lambda x, n=level: x["client"] == f"plain-{n}")
                equal(line["broker_tls"], "TLSv1.3")
                assert "tls" not in line, line
            stats = gate.stats(lambda s: s["broker_handshakes"] == 3 and s["relays"] == 0)
            equal((stats["handshakes"], failures(stats), refusals(stats)), (0, {}, {}))


@behaviour("TLS all the way: certificates on both legs, messages by mosquitto_pub and _sub")
def mutual_on_both_legs():
    with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker:
        with Jumpgate([over_tls(broker)], *UPSTREAM_CA, *PROXY_IDENTITY, *MUTUAL_LISTEN) as gate:
            port = tls_port(gate)
            mine = ["--cafile", pki("ca.crt"), *identity("client")]
            subscriber = start(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-i", "sub",
                                "-q", "1", "-t", "t/#", "-C", "50", *mine], stdout=subprocess.PIPE)
            received = Lines(subscriber.stdout)
            broker.wait_log("Sending SUBACK to sub")
            texts = [f"message {i}" for i in range(50)]
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-i", "pub", "-q",
                            "1", "-t", "t/x", "-l", *mine], input="\n".join(texts) + "\n",
                           text=True, check=True, timeout=DEADLINE_S)
            equal(subscriber.wait(DEADLINE_S), 0, "mosquitto_sub")
            received.thread.join(DEADLINE_S)
            equal(received.all[:-1], texts, "messages")
            for name in ("sub", "pub"):
                line = gate.event("connected", lambda x, n=name: x["client"] == n)
                equal((line["cert_cn"], line["tls"], line["broker_tls"]),
                      ("client", "TLSv1.3", "TLSv1.3"), name)
            broker.wait_log("u'proxy'")
            refused = subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t",
                                      "t", "-m", "x", "--cafile", pki("ca.crt")], check=False,
                                     timeout=DEADLINE_S, capture_output=True)
            assert refused.returncode != 0, "a device without a certificate was served"


@behaviour("a broker that speaks TLS 1.2 only, and one of 1.3 only, asking for the certificate")
def both_versions():
    for version, name in ((TLS12, "TLSv1.2"), (TLS13, "TLSv1.3")):
        context = server_context("server-chain", version, client_ca="ca")
        with Recorder(context) as broker, Jumpgate(
                [over_tls(broker)], *UPSTREAM_CA, *PROXY_IDENTITY) as gate:
            with gate.connect() as client:
                accepted_by_broker(client, **SECRETS)
            line = gate.event("connected")
            equal(line["broker_tls"], name)
            equal(dict(part[0] for part in broker.streams[0].tls.getpeercert()["subject"]),
                  {"commonName": "proxy"})
            equal(bytes(broker.plain), packets.connect(**SECRETS) + packets.PINGREQ)
            assert not any(word in broker.raw for word in UNHEARD), "in the clear"


@behaviour("TLS and plain brokers in one list: weights and homes do not care, weight=0 gets nobody")
def mixed_brokers():
    with Recorder(server_context()) as heavy, Stub() as plain, \
            Recorder(server_context()) as drained:
        brokers = [over_tls(heavy, ",weight=3"), f"127.0.0.1:{plain.port},weight=1",
                   over_tls(drained, ",weight=0")]
        with Jumpgate(brokers, *UPSTREAM_CA) as gate:
            for _ in range(2):
                for i in range(200):
                    with gate.connect() as client:
                        accepted_by_broker(client, f"id-{i}")
        equal(drained.accepted, 0, "drained")
        equal(sorted(heavy.client_ids[:len(heavy.client_ids) // 2]),
              sorted(heavy.client_ids[len(heavy.client_ids) // 2:]), "the same homes again")
        equal(len(heavy.client_ids) + len(plain.client_ids), 400)
        assert 260 <= len(heavy.client_ids) <= 340, len(heavy.client_ids)  # 3 to 1 of 400: 300


@behaviour("the broker is asked for its host, for sni=NAME where given, and never for an address")
def server_names():
    asked = []
    context = server_context("server-b")
    context.sni_callback = lambda tls, name, ctx: asked.append(name)
    for options, host, verify, expected in (
            (",sni=b.example.test", "127.0.0.1", "full", "b.example.test"),
            (",sni=elsewhere.example.test", "127.0.0.1", "ca", "elsewhere.example.test"),
            ("", "localhost", "ca", "localhost"), ("", "127.0.0.1", "ca", None)):
        with Recorder(context) as broker:
            if host == "localhost" and socket.gethostbyname(host) != "127.0.0.1":
                continue
            with Jumpgate([over_tls(broker, options, host)], *UPSTREAM_CA, "--upstream-verify",
                          verify) as gate, gate.connect() as client:
                accepted_by_broker(client)
                equal(asked, [expected], "SNI")
                asked.clear()
    with Recorder(server_context("server-b")) as broker, Jumpgate(
            [over_tls(broker, ",sni=c.example.test")], *UPSTREAM_CA) as gate:
        with gate.connect() as client:  # the name of sni= is the one that is verified
            client.sendall(packets.connect(**SECRETS))
            equal(receive_all(client), REFUSED[4])
        broker.never_heard(*UNHEARD)


# ---- Bad brokers --------------------------------------------------------------------------------

# What it is; how it is made; --upstream-verify; the cause that is counted; words of `broker_down`.
BAD = [
    ("a certificate for another host", lambda: Recorder(server_context("wrong-host")), "full",
     "wrong_name", "host"),
    ("a certificate of an unknown CA", lambda: Recorder(server_context("other-server")), "full",
     "unknown_ca", "CA"),
    ("a certificate of an unknown CA (ca)", lambda: Recorder(server_context("other-server")), "ca",
     "unknown_ca", "CA"),
    ("an expired certificate", lambda: Recorder(server_context("expired-server")), "full",
     "expired", "expired"),
    ("an expired certificate (ca)", lambda: Recorder(server_context("expired-server")), "ca",
     "expired", "expired"),
    ("a certificate of tomorrow", lambda: Recorder(server_context("future-server")), "full",
     "not_yet_valid", "not valid yet"),
    ("a client's certificate", lambda: Recorder(server_context("client")), "ca",
     "bad_certificate", ""),
    ("an unknown CA, TLS 1.2", lambda: Recorder(server_context("other-server", TLS12)), "full",
     "unknown_ca", "CA"),
    ("another host, TLS 1.2", lambda: Recorder(server_context("wrong-host", TLS12)), "full",
     "wrong_name", "host"),
    ("TLS 1.1 only", lambda: Recorder(server_context(version=ssl.TLSVersion.TLSv1_1)), "full",
     "peer_alert", "refused"),
    ("no TLS at all: it answers the ClientHello with a CONNACK",
     lambda: Recorder(first_words=packets.CONNACK_OK[4]), "full", "not_tls", "TLS"),
    ("no TLS at all: HTTP", lambda: Recorder(first_words=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
     "none", "not_tls", "TLS"),
    ("no TLS at all: a real mosquitto", Mosquitto, "full", "truncated", "speak TLS"),
]


def add_bad_brokers():
    for words, make, verify, cause, why in BAD:
        def is_not_told(make=make, verify=verify, cause=cause, why=why):
            with make() as broker, Jumpgate(
                    [over_tls(broker)], *UPSTREAM_CA, "--upstream-verify", verify, "--fail-max", 2,
                    stats=True) as gate:
                for level in (4, 5):
                    with gate.connect() as client:
                        client.sendall(packets.connect(level=level, **SECRETS))
                        equal(receive_all(client), REFUSED[level], f"level {level}")
                lines = gate.count("refused", 2)
                for line in lines:
                    equal((line["reason"], line["phase"]), ("broker_tls", "dial"))
                    assert line["why"], line
                    if cause == "peer_alert":
                        equal(line["alert"], "protocol_version")
                down = gate.event("broker_down")
                assert why in down["why"], down
                stats = gate.stats(lambda s: sum(s["refused"].values()) == 2)
                equal(refusals(stats), {"broker_tls": 2})
                equal(failures(stats), {cause: 2})
                equal((stats["broker_handshakes"], stats["brokers"][0]["dial_failures"],
                       stats["brokers"][0]["down"]), (0, 2, True))
                if isinstance(broker, Recorder):
                    broker.wait_ended(2)
                    broker.never_heard(*UNHEARD)
        behaviour(f"{words}: 0x03 or 0x88, and no password")(is_not_told)


add_bad_brokers()


@behaviour("a verified broker that speaks before it was spoken to is not believed either")
def speaks_first():
    with Recorder(server_context(version=TLS12), first_words=packets.CONNACK_OK[4]) as broker, \
            Jumpgate([over_tls(broker)], *UPSTREAM_CA) as gate:
        # The words and the end of the handshake may come in one piece or in two: in two the
        # broker has the CONNECT, and the client gets what the broker said.
        with gate.connect() as client:
            client.sendall(packets.connect(**SECRETS))
            assert receive(client, 4) in (REFUSED[4], packets.CONNACK_OK[4])


@behaviour("a broker that is silent, in the handshake or below it: refused at the dial time-out")
def silent():
    with Recorder(answers=False) as broker, Jumpgate(
            [over_tls(broker)], *UPSTREAM_CA, "--dial-timeout-ms", 300, "--fail-max", 1,
            stats=True) as gate:
        for level in (4, 5):
            with gate.connect() as client:
                client.sendall(packets.connect(level=level, **SECRETS))
                equal(receive_all(client), REFUSED[level], f"level {level}")
        assert "timed out" in gate.event("broker_down")["why"]
        equal(refusals(gate.stats(lambda s: sum(s["refused"].values()) == 2)), {"no_broker": 2})
        broker.wait_ended(2)
        broker.never_heard(*UNHEARD)


@behaviour("where a bad broker is a client's home others are tried; only they hear the password")
def others_are_tried():
    with Recorder(server_context("other-server")) as bad, Recorder(server_context()) as good:
        with Jumpgate([over_tls(bad), over_tls(good)], *UPSTREAM_CA, "--fail-max", 0,
                      stats=True) as gate:
            for i in range(20):
                with gate.connect() as client:
                    accepted_by_broker(client, f"id-{i}", password="pa55word", username="m")
            equal(len(good.client_ids), 20)
            bad.wait_ended(bad.accepted)
            bad.never_heard(b"pa55word", b"id-")
            assert 3 <= bad.accepted <= 17, bad.accepted
            stats = gate.stats(lambda s: s["broker_handshakes"] == 20)
            equal((failures(stats), refusals(stats)), ({"unknown_ca": bad.accepted}, {}))
            equal(bad.failures[0].count("unknown ca"), 1, bad.failures[0])  # the alert


@behaviour("a broker marked down by its certificate is left alone, and taken back when it is right")
def down_and_up():
    context = server_context("expired-server")
    with Recorder(context) as broker, Jumpgate(
            [over_tls(broker)], *UPSTREAM_CA, "--fail-max", 1, "--fail-timeout-ms", 100) as gate:
        with gate.connect() as client:
            client.sendall(packets.connect(**SECRETS))
            equal(receive_all(client), REFUSED[4])
        gate.event("broker_down", lambda line: "expired" in line["why"])
        context.load_cert_chain(pki("broker.crt"), pki("broker.key"))
        with gate.connect() as client:
            accepted_by_broker(client)
        gate.event("broker_up")


@behaviour("--upstream-verify ca takes another host's certificate, none takes any and always warns")
def weaker_verification():
    for verify, certificate in (("ca", "wrong-host"), ("none", "other-server"),
                                ("none", "expired-server"), ("none", "wrong-host")):
        flags = UPSTREAM_CA if verify == "ca" else ()
        with Recorder(server_context(certificate)) as broker, Jumpgate(
                [over_tls(broker)], *flags, "--upstream-verify", verify) as gate:
            with gate.connect() as client:
                accepted_by_broker(client, **SECRETS)
            warnings = [line for line in gate.events("tls_warning")
                        if "--upstream-verify none" in line["why"]]
            equal(len(warnings), 1 if verify == "none" else 0, "warnings")


@behaviour("a broker that requires a certificate is shown none, or a bad one: no CONNACK 0")
def no_certificate_shown():
    other = ("--upstream-cert", pki("other-client.crt"), "--upstream-key", pki("other-client.key"))
    for shown in ((), other):
        # TLS 1.2: its refusal is part of the handshake, which fails.
        with Recorder(server_context(version=TLS12, client_ca="ca")) as broker, Jumpgate(
                [over_tls(broker)], *UPSTREAM_CA, *shown, stats=True) as gate:
            with gate.connect() as client:
                client.sendall(packets.connect(**SECRETS))
                equal(receive_all(client), REFUSED[4])
            gate.event("refused", lambda line: line["reason"] == "broker_tls")
            broker.wait_ended(1)
            broker.never_heard(*UNHEARD)
            stats = gate.stats(lambda s: sum(s["refused"].values()) == 1)
            equal(failures(stats), {"peer_alert": 1})
        # TLS 1.3: the client's side is done before the server has judged the certificate
        # (RFC 8446 4.4.2.4), so the verified broker has the CONNECT when it refuses.
        with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker, Jumpgate(
                [over_tls(broker)], *UPSTREAM_CA, *shown, stats=True) as gate:
            with gate.connect() as client:
                client.sendall(packets.connect(**SECRETS))
                equal(receive_all(client), b"", "the answer of a broker that refused the proxy")
            if not shown:
                broker.wait_log("peer did not return a certificate")
            gate.stats(lambda s: s["relays"] == 0 and s["tls_errors"] == 1)
            line = gate.event("closed", lambda line: line["level"] == "warn")
            alert = "unknown_ca" if shown else "certificate_required"
            equal((line["end"], line["cause"], line["alert"]),
                  ("broker_tls_failed", "peer_alert", alert))


# ---- Sessions and reloads -----------------------------------------------------------------------

@behaviour("sessions are resumed: one full handshake for each broker, TLS 1.2 and 1.3")
def resumption():
    for version in (TLS12, TLS13):
        with Recorder(server_context(version=version, client_ca="ca")) as a, \
                Recorder(server_context(version=version, client_ca="ca")) as b:
            with Jumpgate([over_tls(a), over_tls(b)], *UPSTREAM_CA, *PROXY_IDENTITY,
                          stats=True) as gate:
                for i in range(20):
                    with gate.connect() as client:
                        accepted_by_broker(client, f"id-{i}")
                stats = gate.stats(lambda s: s["broker_handshakes"] == 20)
                for broker in (a, b):
                    reused = [stream.tls.session_reused for stream in broker.streams]
                    equal(reused, [False] + [True] * (len(reused) - 1), f"{version} {broker.port}")
                equal(stats["broker_handshakes_resumed"], 18, str(version))
                equal(failures(stats), {})


@behaviour("a real mosquitto's sessions are resumed, and a new one is made where it has forgotten")
def resumption_of_mosquitto():
    with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker:
        with Jumpgate([over_tls(broker)], *UPSTREAM_CA, *PROXY_IDENTITY, stats=True) as gate:
            for i in range(5):
                with gate.connect() as client:
                    accepted_by_broker(client, f"id-{i}")
            stats = gate.stats(lambda s: s["broker_handshakes"] == 5)
            resumed = stats["broker_handshakes_resumed"]
            gate.kill(signal.SIGHUP)  # a changed identity must not ride on an old session
            gate.event("reloaded")
            with gate.connect() as client:
                accepted_by_broker(client, "after")
            stats = gate.stats(lambda s: s["broker_handshakes"] == 6)
            equal((resumed, stats["broker_handshakes_resumed"]), (4, 4))


@behaviour("SIGHUP: a new --upstream-ca holds from the next dial on, live relays go on")
def reload_ca():
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        ca = f"{folder}/upstream-ca.crt"
        shutil.copy(pki("ca.crt"), ca)
        before, after = server_context(), server_context("other-server")
        with Recorder(before) as broker, Jumpgate(
                [over_tls(broker)], "--upstream-ca", ca, "--fail-max", 0, *SIGNALS,
                stats=True) as gate:
            old = gate.connect()
            accepted_by_broker(old, "old")
            broker.context = after  # the broker's certificate is replaced first: nobody gets in
            with gate.connect() as client:
                client.sendall(packets.connect(**SECRETS))
                equal(receive_all(client), REFUSED[4])
            gate.event("refused", lambda line: "CA" in line["why"])
            broker.never_heard(*UNHEARD)

            with open(ca, "w", encoding="ascii") as file:
                file.write("no certificate\n")
            gate.kill(signal.SIGHUP)
            assert ca in gate.event("reload_problem")["problem"]
            shutil.copy(pki("other-ca.crt"), ca)
            gate.kill(signal.SIGHUP)
            gate.event("reloaded")
            with gate.connect() as client:
                accepted_by_broker(client, "new")

            broker.context = before  # what the old CA vouches for is nothing any more
            with gate.connect() as client:
                client.sendall(packets.connect(**SECRETS))
                equal(receive_all(client), REFUSED[4])
            old.sendall(packets.PINGREQ)
            equal(receive(old, 2), packets.PINGRESP, "the relay from before")
            old.close()
            stats = gate.stats(lambda s: s["relays"] == 0 and s["setups"] == 0)
            equal(refusals(stats), {"broker_tls": 2})


@behaviour("SIGHUP: a new --upstream-cert is what the broker is shown, not an old session")
def reload_identity():
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        certificate, key = f"{folder}/proxy.crt", f"{folder}/proxy.key"
        with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker:
            def present(name):
                shutil.copy(pki(name + ".crt"), certificate)
                shutil.copy(pki(name + ".key"), key)
            present("proxy")
            with Jumpgate([over_tls(broker)], *UPSTREAM_CA, "--upstream-cert", certificate,
                          "--upstream-key", key, *SIGNALS) as gate:
                for name in ("proxy", "client-chain"):
                    present(name)
                    gate.kill(signal.SIGHUP)
                    wait_until(lambda n=name: len(gate.events("reloaded")) ==
                               ("proxy", "client-chain").index(n) + 1, "reload")
                    with gate.connect() as client:
                        accepted_by_broker(client, f"as-{name}")
                    broker.wait_log(f"as as-{name} ")
                    if name == "proxy":
                        broker.wait_log(f"u'{name}'")
                shown = [line for line in broker.log.all if line and "as as-client-chain" in line]
                assert "u'client-chain'" in shown[0], shown


@behaviour("a bad --upstream file or pair ends the start with its name and no secret")
def bad_files():
    for flags, word in ((("--upstream-ca", "/nowhere.pem"), "/nowhere.pem"),
                        (("--upstream-ca", pki("ca.key")), "ca.key"),
                        (("--upstream-cert", pki("proxy.crt"), "--upstream-key",
                          pki("mismatch.key")), "mismatch.key")):
        gate = Jumpgate(["127.0.0.1:1,tls"], *flags, wait=False)
        equal(gate.exit_code(), 2)
        said = gate.lines.text()
        assert word in said and "PRIVATE KEY" not in said, said


# ---- Streams ------------------------------------------------------------------------------------

def relayed(gate, broker, client, context):
    """The broker's side of `client`, past CONNECT and CONNACK."""
    client.sendall(packets.connect("stream"))
    wire = broker.accept()
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    side = wire if context is None else TlsStream(wire, context, True)
    equal(receive(side, len(packets.connect("stream"))), packets.connect("stream"))
    side.sendall(packets.CONNACK_OK[4])
    equal(receive(client, 4), packets.CONNACK_OK[4], "CONNACK")
    return side


STREAM_BYTES = 8 << 20


def add_streams():
    for words, secure_client, secure_broker in (("TLS to TLS", True, True),
                                                ("TLS to plain", True, False),
                                                ("plain to TLS", False, True)):
        for version in (TLS12, TLS13) if secure_broker else (TLS13,):
            def both_ways(secure_client=secure_client, secure_broker=secure_broker,
                          version=version):
                context = server_context(version=version) if secure_broker else None
                with Peer() as broker:
                    name = over_tls(broker) if secure_broker else broker
                    flags = (TLS_LISTEN if secure_client else ()) + \
                        (UPSTREAM_CA if secure_broker else ())
                    with Jumpgate([name], *flags, stats=True) as gate:
                        for seed in (1, 2):
                            client = tls_connect(gate) if secure_client else gate.connect()
                            side = relayed(gate, broker, client, context)
                            transfer.both_ways(client, side, STREAM_BYTES, seed)
                            for end in (client, side):
                                if isinstance(end, TlsStream):
                                    equal(end.ended_cleanly, True, "close_notify")
                        stats = gate.stats(lambda s: s["relays"] == 0 and s["setups"] == 0)
                        equal((stats["tls_truncations"], stats["tls_errors"]), (0, 0))
                        assert stats["bytes_up"] >= 2 * STREAM_BYTES, stats
            behaviour(f"8 MB both ways, {words}, the broker {version.name}: sums agree, clean ends"
                      )(both_ways)


add_streams()


if __name__ == "__main__":
    main()
