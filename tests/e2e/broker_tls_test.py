#!/usr/bin/python3
"""The embedded broker with TLS against mosquitto's clients, paho, openssl and bare records.

Usage: broker_tls_test.py [WORDS]; the program is named by the environment (JUMPLOAD). Prints TAP.
Every stop is a leak test: the broker CHECKs that all sockets, buffers and messages are home.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile

import broker_test
import mqtt_peer
import packets
from harness import BAD_WORDS, DEADLINE_S, Lines, behaviour, equal, main, start, wait_until
from peers import receive, receive_all
from pki import context, pki

JUMPLOAD = os.environ.get("JUMPLOAD", "build/jumpload")
FOLDER = tempfile.TemporaryDirectory(prefix="jumpgate-e2e-")
HANDSHAKE_TIMEOUT_S = 10  # loadgen/broker_connection.cc: accept to CONNECT


class Broker:
    """`jumpload broker` with one TLS listener. As a context it must end with 0 and in peace."""

    def __init__(self, *flags):
        self.process = start(
            [JUMPLOAD, "broker", "--tls-listen", "127.0.0.1:0", "--stats-interval-s", "1",
             "--cert", pki("server.crt"), "--key", pki("server.key"), *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = Lines(self.process.stdout)
        self.errors = Lines(self.process.stderr)
        self.port = self.lines.wait(
            lambda line: "with TLS" in line and int(line.split()[-3].rsplit(":", 1)[1]), "the port")

    def stats(self, accept, what):
        """The first statistics that accept() likes."""
        def look(line):
            stats = json.loads(line) if line.startswith("{") else None
            return stats if stats and accept(stats) else None
        return self.lines.wait(look, what)

    def count(self, group, cause, times=1):
        self.stats(lambda stats: stats["tls"][group].get(cause, 0) == times,
                   f"{times} {cause} in {group}")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE_S)
        for lines in (self.lines, self.errors):
            lines.thread.join(DEADLINE_S)
            bad = [line for line in lines.all if line and any(w in line for w in BAD_WORDS)]
            assert not bad, lines.text()
        equal(code, 0, "exit code\n" + self.errors.text())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            self.end()
        else:
            self.process.kill()
            self.process.wait()


# ---- Clients ------------------------------------------------------------------------------------

def dial(broker):
    return socket.create_connection(("127.0.0.1", broker.port), DEADLINE_S)


def handshake(broker, with_context=None):
    """A socket whose end without close_notify is an error."""
    return (with_context or context()).wrap_socket(
        dial(broker), server_hostname="localhost", suppress_ragged_eofs=False)


def connect(tls, client_id="c", **fields):
    tls.sendall(packets.connect(client_id, **fields))
    equal(receive(tls, 4), packets.CONNACK_OK[4], "CONNACK")
    return tls


def mosquitto(program, broker, *flags):
    return [program, "-h", "localhost", "-p", str(broker.port), "--cafile", pki("ca.crt"), *flags]


def identity(name):
    return ["--cert", pki(name + ".crt"), "--key", pki(name + ".key")]


def publish(broker, *flags):
    """One retained message by mosquitto_pub: its exit code."""
    command = mosquitto("mosquitto_pub", broker, "-t", "t", "-m", "x", "-q", "1", "-r", *flags)
    return subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=DEADLINE_S, check=False).returncode


def s_client(broker, script, *flags):
    """openssl s_client with `script` as its input; what it said."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{broker.port}", "-CAfile", pki("ca.crt"),
         *flags], input=script, capture_output=True, timeout=DEADLINE_S, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def refusal(broker, version, certificate=None):
    """What OpenSSL says of a client whose CONNECT is on its way when it is refused."""
    try:
        with handshake(broker, context(version, certificate)) as tls:
            tls.sendall(packets.connect("c"))
            return tls.recv(1)
    except ssl.SSLError as error:
        return error.reason.lower().replace("_", " ")


# ---- Messages -----------------------------------------------------------------------------------

@behaviour("mosquitto_pub and mosquitto_sub exchange messages over TLS 1.2 and 1.3")
def both_versions():
    for version in ("1.2", "1.3"):  # mosquitto_pub speaks 1.3 wherever it can
        with Broker("--tls-version", version) as broker:
            subscriber = start(
                mosquitto("mosquitto_sub", broker, "-t", "t/#", "-q", "1", "-C", "201", "-W",
                          str(int(DEADLINE_S)), "-F", "%p"), stdout=subprocess.PIPE)
            received = Lines(subscriber.stdout)
            broker.stats(lambda stats: stats["subscriptions"] == 1, "the subscription")
            numbers = "".join(f"{i}\n" for i in range(200)) + "end\n"
            subprocess.run(mosquitto("mosquitto_pub", broker, "-t", "t/x", "-q", "1", "-l"),
                           input=numbers, text=True, check=True, timeout=DEADLINE_S)
            equal(subscriber.wait(DEADLINE_S), 0, "mosquitto_sub")
            received.thread.join(DEADLINE_S)
            equal(received.all[:-1], numbers.split(), f"messages over TLS {version}")
            broker.stats(lambda stats: stats["connections"] == 0 and stats["tls"] == {
                "handshakes_full": 2, "handshakes_resumed": 0, "handshakes_timed_out": 0,
                "client_certificates": 0, "handshakes_failed": {}, "connections_failed": {}},
                "two clean handshakes")


@behaviour("what clients see of MQTT is the same over TLS as without")
def same_as_plain():
    scenarios = [broker_test.qos_of_delivery, broker_test.retained, broker_test.will,
                 broker_test.persistent, broker_test.takeover, broker_test.shared]
    plain, ports = broker_test.start_jumpload(JUMPLOAD)
    with Broker() as broker:
        for scenario in scenarios:
            for version in ("3.1.1", "5"):
                expected = scenario(ports[0], version)
                with tls_peers():
                    equal(scenario(broker.port, version), expected,
                          f"{scenario.__name__} {version}")
    equal(plain.stop(), 0, "exit code of the plain broker")


@contextlib.contextmanager
def tls_peers():
    """Meanwhile paho's clients speak TLS."""
    mqtt_peer.Peer.tls_context = context()
    mqtt_peer.Peer.tls_context.check_hostname = False  # paho dials 127.0.0.1
    try:
        yield
    finally:
        mqtt_peer.Peer.tls_context = None


@behaviour("messages larger than records and buffers arrive whole, both ways, at many clients")
def large_messages():
    with Broker("--buffers", "16", "--buffer-bytes", "512") as broker:
        listeners = []
        for number in range(5):
            tls = connect(handshake(broker), f"s{number}")
            tls.sendall(packets.subscribe("t"))
            receive(tls, 5)
            listeners.append(tls)
        publisher = connect(handshake(broker), "p")
        message = packets.publish("t", os.urandom(900_000))
        for _ in range(3):
            publisher.sendall(message)
            for tls in listeners:
                equal(receive(tls, len(message)), message, "message")
        for tls in listeners + [publisher]:
            tls.sendall(packets.DISCONNECT)
            equal(tls.recv(1), b"", "end with close_notify")
            tls.close()


@behaviour("a handshake and a CONNECT in segments of one byte")
def one_byte_segments():
    with Broker() as broker:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            inbox, outbox = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context(version).wrap_bio(inbox, outbox, server_hostname="localhost")
            with dial(broker) as wire:
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

                def until_done(step):
                    while True:
                        try:
                            return step()
                        except ssl.SSLWantReadError:
                            pass
                        finally:
                            for byte in outbox.read():
                                wire.sendall(bytes([byte]))
                        inbox.write(wire.recv(1))

                until_done(tls.do_handshake)
                until_done(lambda: tls.write(packets.connect("slow")))
                equal(until_done(lambda: tls.read(4)), packets.CONNACK_OK[4], "CONNACK")


# ---- Versions, sessions -------------------------------------------------------------------------

@behaviour("--tls-version leaves one version, and clients of the other are refused")
def one_version():
    tls12, tls13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    # Who speaks TLS 1.3 alone offers only suites that TLS 1.2 does not have.
    for ours, mine, other, cause in (("1.2", tls12, tls13, "no_common_cipher"),
                                     ("1.3", tls13, tls12, "unsupported_version")):
        with Broker("--tls-version", ours) as broker:
            connect(handshake(broker, context(mine))).close()
            said = refusal(broker, other)
            assert "alert" in str(said), said
            broker.count("handshakes_failed", cause)


@behaviour("sessions are resumed in both versions, with and without client certificates")
def resumption():
    for flags in ([], ["--client-ca", pki("ca.crt")]):
        with Broker(*flags) as broker:
            for number, version in enumerate(("-tls1_2", "-tls1_3"), 1):
                ticket = os.path.join(FOLDER.name, "ticket")
                hello = packets.connect("c") + packets.DISCONNECT
                mine = ["-cert", pki("client.crt"), "-key", pki("client.key")]
                # The broker ends the connection, so s_client has read its tickets by then.
                said = s_client(broker, hello, version, *mine, "-sess_out", ticket, "-ign_eof")
                assert "New, TLSv1." in said and "Verify return code: 0 (ok)" in said, said
                said = s_client(broker, hello, version, *mine, "-sess_in", ticket, "-ign_eof")
                assert "Reused, TLSv1." in said, said
                broker.stats(lambda stats, number=number: stats["tls"] == {
                    "handshakes_full": number, "handshakes_resumed": number,
                    "handshakes_timed_out": 0,
                    "client_certificates": 2 * number if flags else 0,
                    "handshakes_failed": {}, "connections_failed": {}}, "a resumed handshake")


@behaviour("a key update that asks for one in return is answered, and messages go on")
def key_update():
    with Broker() as broker:
        client = start(["openssl", "s_client", "-connect", f"127.0.0.1:{broker.port}", "-tls1_3"],
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said, errors = Lines(client.stdout), Lines(client.stderr)

        def write(data):
            client.stdin.write(data)
            client.stdin.flush()

        said.wait(lambda line: "Verify return code" in line, "the handshake")
        for number in range(1, 4):
            begin = len(errors.all)
            write(b"K\n")  # with update_requested (s_client(1)); each is read alone
            errors.wait(lambda line: "KEYUPDATE" in line, f"key update {number}", begin)
        write(packets.connect("k") + packets.publish("t", b"x") + packets.PINGREQ)
        broker.stats(lambda stats: stats["messages_in"] == 1, "the message under the new keys")
        write(packets.DISCONNECT)
        said.thread.join(DEADLINE_S)  # the broker ends it
        equal(client.wait(DEADLINE_S), 0, "s_client\n" + errors.text())
        answered = "".join(line for line in said.all if line)
        assert " \x02" in answered and "closed" in answered, answered
        broker.stats(lambda stats: stats["connections"] == 0 and
                     stats["tls"]["connections_failed"] == {}, "a clean end")


# ---- Client certificates ------------------------------------------------------------------------

@behaviour("--client-ca: a client without a certificate, or with a bad one, is refused and counted")
def mutual_tls():
    for version in ("1.2", "1.3"):
        with Broker("--client-ca", pki("ca.crt"), "--tls-version", version) as broker:
            equal(publish(broker, *identity("client")), 0, "the right one")
            assert publish(broker) != 0, "none"
            assert publish(broker, *identity("expired-client")) != 0, "expired"
            assert publish(broker, *identity("other-client")) != 0, "unknown CA"
            stats = broker.stats(
                lambda stats: sum(stats["tls"]["handshakes_failed"].values()) == 3, "three refused")
            equal(stats["tls"]["handshakes_failed"],
                  {"no_certificate": 1, "expired": 1, "unknown_ca": 1}, version)
            equal(stats["tls"]["client_certificates"], 1, "client_certificates")
            equal((stats["messages_in"], stats["connections_refused"]), (1, 3), "messages, refused")


@behaviour("--client-auth optional: a client may come without a certificate, never with a bad one")
def optional_certificate():
    with Broker("--client-ca", pki("ca.crt"), "--client-auth", "optional") as broker:
        equal(publish(broker), 0, "none")
        equal(publish(broker, *identity("client")), 0, "the right one")
        assert publish(broker, *identity("expired-client")) != 0, "expired"
        broker.count("handshakes_failed", "expired")
        broker.stats(lambda stats: stats["tls"]["client_certificates"] == 1, "one certificate")


@behaviour("the refused client is told why: the alert arrives, also where it has sent its CONNECT")
def alerts_arrive():
    tls12, tls13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    with Broker("--client-ca", pki("ca.crt")) as broker:
        for version, certificate, alert in ((tls13, None, "certificate required"),
                                            (tls12, None, "handshake failure"),
                                            (tls13, "expired-client", "certificate expired"),
                                            (tls12, "expired-client", "certificate expired"),
                                            (tls13, "other-client", "unknown ca"),
                                            (tls12, "other-client", "unknown ca")):
            for _ in range(20):  # a reset would win the race now and then
                said = refusal(broker, version, certificate)
                assert alert in str(said), f"{version} {certificate}: {said}"


# ---- Bad input ----------------------------------------------------------------------------------

@behaviour("garbage before, in and after the handshake ends that connection alone")
def garbage():
    with Broker() as broker:
        bystander = connect(handshake(broker), "bystander")
        for first in (packets.connect("c"), b"GET / HTTP/1.1\r\n\r\n", os.urandom(5) * 1000):
            with dial(broker) as wire:
                wire.sendall(first)
                receive_all(wire)
        broker.stats(lambda stats: sum(stats["tls"]["handshakes_failed"].values()) == 3,
                     "three that are no TLS")
        # A record of a handshake that holds none.
        with dial(broker) as wire:
            wire.sendall(b"\x16\x03\x01\x00\x05" + b"\xff" * 5)
            receive_all(wire)
        broker.stats(lambda stats: sum(stats["tls"]["handshakes_failed"].values()) == 4, "a fourth")
        # A record that does not decrypt, below a handshake that is done.
        tls = connect(handshake(broker), "cheat")
        wire = socket.socket(fileno=os.dup(tls.fileno()))
        wire.settimeout(DEADLINE_S)
        wire.sendall(b"\x17\x03\x03\x00\x40" + os.urandom(64))
        receive_all(wire)
        wire.close()
        tls.close()
        broker.count("connections_failed", "bad_record")
        # No MQTT inside of TLS.
        s_client(broker, b"GET / HTTP/1.0\r\n\r\n", "-ign_eof")
        bystander.sendall(packets.PINGREQ)
        equal(receive(bystander, 2), packets.PINGRESP, "the bystander's PINGRESP")


@behaviour("a stream that ends without close_notify is counted as truncated, and the will is sent")
def truncation():
    with Broker() as broker:
        watcher = connect(handshake(broker), "watcher")
        watcher.sendall(packets.subscribe("will"))
        receive(watcher, 5)
        expected = packets.publish("will", b"x")
        for ends, truncated in ((lambda tls: tls.shutdown(socket.SHUT_RDWR), 1),
                                (lambda tls: tls.unwrap(), 1)):
            tls = connect(handshake(broker), "dies", will=("will", "x"))
            ends(tls)
            equal(receive(watcher, len(expected)), expected, "the will")
            tls.close()
            broker.count("connections_failed", "truncated", truncated)
        # In the middle of the handshake; and without a byte, which is no handshake.
        with dial(broker) as wire:
            wire.sendall(b"\x16\x03\x01")
        with dial(broker):
            pass
        broker.count("handshakes_failed", "truncated")
        # DISCONNECT was said: nothing is cut off.
        tls = connect(handshake(broker), "polite")
        tls.sendall(packets.DISCONNECT)
        tls.shutdown(socket.SHUT_RDWR)
        tls.close()
        stats = broker.stats(lambda stats: stats["connections"] == 1, "the watcher alone")
        equal(stats["tls"]["connections_failed"], {"truncated": 1}, "truncated")


@behaviour("who never finishes the handshake is let go after 10 s")
def handshake_timeout():
    with Broker() as broker, dial(broker) as wire:
        wire.sendall(b"\x16\x03\x01\x02\x00\x01")  # the start of a ClientHello
        wire.settimeout(HANDSHAKE_TIMEOUT_S + DEADLINE_S)
        receive_all(wire)
        broker.stats(lambda stats: stats["tls"]["handshakes_timed_out"] == 1, "the time-out")


# ---- Start and stop -----------------------------------------------------------------------------

@behaviour("SIGTERM ends the clients with DISCONNECT (MQTT 5) and close_notify")
def farewell():
    with Broker() as broker:
        tls = handshake(broker)
        tls.sendall(packets.connect("five", 5))
        length = receive(tls, 2)[1]
        receive(tls, length)
        halfway = dial(broker)
        halfway.sendall(b"\x16\x03\x01")
        broker.end()
        equal(receive_all(tls)[::2], b"\xe0\x8b", "DISCONNECT, server shutting down")
        tls.close()
        halfway.close()
        broker.end = lambda: None


@behaviour("plain and TLS brokers run side by side, each on its own")
def side_by_side():
    with Broker("--listen", "127.0.0.1:0") as broker:
        plain = broker.lines.wait(
            lambda line: "broker 2" in line and int(line.rsplit(":", 1)[1]), "the plain port")
        with socket.create_connection(("127.0.0.1", plain), DEADLINE_S) as wire:
            connect(wire, "plain")
        connect(handshake(broker), "tls").close()
        stats = broker.stats(lambda stats: stats["broker"] == 2 and
                             stats["connections_total"] == 1, "the plain broker's statistics")
        assert "tls" not in stats, stats


@behaviour("a bad certificate, key or combination of flags is refused before anything starts")
def refused_at_start():
    def refused(*flags):
        done = subprocess.run([JUMPLOAD, "broker", *flags], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False)
        equal((done.stdout, done.stderr.count("\n")), ("", 1), f"output\n{done.stderr}")
        return done.returncode, done.stderr

    listen = ["--tls-listen", "127.0.0.1:0"]
    pair = ["--cert", pki("server.crt"), "--key", pki("server.key")]
    for flags, word in ((listen, "--cert"), (listen + pair[:2], "--key"),
                        (["--listen", "127.0.0.1:0"] + pair, "--tls-listen"),
                        (listen + pair + ["--client-auth", "optional"], "--client-ca"),
                        (listen + pair + ["--tls-version", "1.1"], "--tls-version")):
        code, said = refused(*flags)
        equal(code, 2, said)
        assert word in said, said
    empty = pathlib.Path(FOLDER.name, "empty.pem")
    empty.touch()
    for flags, word in ((["--cert", "/nowhere.crt", "--key", pki("server.key")], "/nowhere.crt"),
                        (["--cert", pki("server.crt"), "--key", pki("client.key")], "client.key"),
                        (["--cert", pki("server.key"), "--key", pki("server.key")], "server.key"),
                        (["--cert", str(empty), "--key", pki("server.key")], "empty.pem"),
                        (["--cert", "/", "--key", pki("server.key")], "/: "),
                        (pair + ["--client-ca", pki("client.key")], "client.key")):
        code, said = refused(*listen, *flags)
        equal(code, 1, said)
        assert word in said and "PRIVATE KEY" not in said, said


if __name__ == "__main__":
    main()
