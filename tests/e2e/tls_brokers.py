"""Peers with TLS that are not ours: mosquitto with a certificate, and Python's ssl (OpenSSL) below
its sockets, so that both directions can flow at once and every byte is seen twice: as it came, and
decrypted.

Certificates: pki.py.
"""

import socket
import ssl
import threading

import packets
from harness import DEADLINE_S, equal, wait_until
from peers import Mosquitto, receive
from pki import context, pki


UPSTREAM_CA = ("--upstream-ca", pki("ca.crt"))
PROXY_IDENTITY = ("--upstream-cert", pki("proxy.crt"), "--upstream-key", pki("proxy.key"))
TLS_LISTEN = ("--tls-listen", "127.0.0.1:0", "--tls-cert", pki("server.crt"),
              "--tls-key", pki("server.key"))
MUTUAL_LISTEN = TLS_LISTEN + ("--tls-client-ca", pki("ca.crt"), "--tls-client-auth", "required")


def over_tls(broker, options="", host="127.0.0.1"):
    """What --broker is told: "127.0.0.1:8883,tls,weight=2"."""
    return f"{host}:{broker.port},tls{options}"


def tls_port(gate):
    return int(gate.ready["tls_listen"].rsplit(":", 1)[1])


def server_context(certificate="broker", version=None, client_ca=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pki(certificate + ".crt"), pki(certificate + ".key"))
    if version is not None:
        if version < ssl.TLSVersion.TLSv1_2:
            made.set_ciphers("DEFAULT@SECLEVEL=0")  # OpenSSL 3 signs no SHA-1 above it
        made.minimum_version = made.maximum_version = version
    if client_ca is not None:
        made.load_verify_locations(pki(client_ca + ".crt"))
        made.verify_mode = ssl.CERT_REQUIRED
    return made


class TlsStream:
    """TLS over a connected socket. One thread may send while another one receives."""

    def __init__(self, wire, context, server_side=False, seen=lambda data: None):
        self.wire = wire
        self.seen = seen  # called with all ciphertext that comes
        self.ended_cleanly = None  # by close_notify; None: not ended
        self.lock = threading.Lock()
        self.coming, self.going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.coming, self.going, server_side,
                                    None if server_side else "localhost")
        self.decrypted = bytearray()
        self.open = False  # the handshake is done
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._take()
            except ssl.SSLError:
                self._flush()  # the alert
                raise
        self._flush()
        self.open = True
        with self.lock:
            self._decrypt()  # what came with the last flight

    def _flush(self):
        self.wire.sendall(self.going.read())

    def _take(self):
        data = self.wire.recv(1 << 18)
        self.seen(data)
        with self.lock:
            if data:
                self.coming.write(data)
            else:
                self.coming.write_eof()
            if self.open:
                self._decrypt()  # under the same lock: shutdown() must find no record

    def _decrypt(self):
        try:
            while True:
                data = self.tls.read(1 << 18)
                if not data:
                    self.ended_cleanly = True
                    return
                self.decrypted += data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended_cleanly = True
        except ssl.SSLEOFError:
            self.ended_cleanly = False

    def recv(self, count):
        """Like a socket's; the end of the stream, clean or not, is b""."""
        while not self.decrypted and self.ended_cleanly is None:
            self._take()
        data = bytes(self.decrypted[:count])
        del self.decrypted[:count]
        return data

    def sendall(self, data):
        for begin in range(0, len(data), 1 << 18):
            with self.lock:
                self.tls.write(data[begin:begin + (1 << 18)])
                out = self.going.read()
            self.wire.sendall(out)

    def shutdown(self, how):
        """close_notify and a FIN; receiving goes on."""
        equal(how, socket.SHUT_WR)
        with self.lock:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass  # the other side's close_notify has not come
            out = self.going.read()
        self.wire.sendall(out)
        self.wire.shutdown(socket.SHUT_WR)

    def close(self):
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def tls_connect(gate, certificate=None):
    """A verified TLS connection to the proxy."""
    wire = socket.create_connection(("127.0.0.1", tls_port(gate)), DEADLINE_S)
    return TlsStream(wire, context(certificate=certificate))


class Recorder:
    """A broker that keeps all that it received, on a thread for each connection.

    `context` None: it speaks in the clear. `first_words` are sent before anything is received, over
    TLS where it speaks that. `answers`: CONNECT and PINGREQ; else it only listens.
    """

    def __init__(self, context=None, answers=True, first_words=b""):
        self.context, self.answers, self.first_words = context, answers, first_words
        self.raw = bytearray()  # of all connections
        self.plain = bytearray()
        self.client_ids = []
        self.streams = []  # after their handshake
        self.failures = []  # of handshakes, in OpenSSL's words
        self.accepted = self.ended = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            wire.settimeout(3 * DEADLINE_S)
            threading.Thread(target=self._talk, args=(wire,), daemon=True).start()

    def _talk(self, wire):
        try:
            stream = wire
            if self.context is not None:
                stream = TlsStream(wire, self.context, True, self.raw.extend)
            self.streams.append(stream)
            if self.first_words:
                stream.sendall(self.first_words)
            pending = bytearray()
            while data := stream.recv(1 << 16):
                self.plain += data
                pending += data
                while self.answers and (length := packets.whole_packet(pending)) is not None:
                    self._answer(stream, bytes(pending[:length]))
                    del pending[:length]
        except ssl.SSLError as error:
            self.failures.append(str(error))
        except OSError as error:
            self.failures.append(repr(error))
        finally:
            wire.close()
            self.ended += 1

    def _answer(self, stream, packet):
        if packet[0] == 0x10:
            level, client_id = packets.connect_fields(packet)
            self.client_ids.append(client_id)
            stream.sendall(packets.CONNACK_OK[level])
        elif packet[0] == 0xC0:
            stream.sendall(packets.PINGRESP)

    def wait_ended(self, count):
        wait_until(lambda: self.ended >= count, f"the end of {count} connections")

    def never_heard(self, *words):
        for word in words:
            for kind, heard in (("raw", self.raw), ("decrypted", self.plain)):
                assert word not in heard, f"the broker heard {word!r} ({kind}): {bytes(heard)!r}"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(2), which a close does not
        self.listener.close()


class TlsMosquitto(Mosquitto):
    """A real broker behind TLS; it logs the CN of a client's certificate as the user's name."""

    def __init__(self, *settings, certificate="broker"):
        super().__init__("user root",  # the keys of the PKI are the owner's alone
                         f"cafile {pki('ca.crt')}", f"certfile {pki(certificate + '.crt')}",
                         f"keyfile {pki(certificate + '.key')}", *settings)


MUTUAL = ("require_certificate true", "use_identity_as_username true")


def accepted_by_broker(client, client_id="c", level=4, **fields):
    """Connects with MQTT through the proxy: CONNACK, and a PINGRESP that only a broker gives."""
    client.sendall(packets.connect(client_id, level, **fields) + packets.PINGREQ)
    expected = packets.CONNACK_OK[level]
    if level == 5:  # the broker's own properties are in it
        head = receive(client, 2)
        equal(receive(client, head[1])[1], 0, "reason code")
    else:
        equal(receive(client, len(expected)), expected, "CONNACK")
    equal(receive(client, 2), packets.PINGRESP, "PINGRESP")
