"""Devices that speak TLS in the end-to-end tests: Python's ssl, openssl s_client, bare records.

A gate here is a jumpgate with a TLS port and the certificate `server`; the files are those of the
test PKI (bench/certs.py --show). Everybody verifies the proxy, and takes an end without
close_notify for an error.
"""
import os
import socket
import ssl
import subprocess
import tempfile

import packets
from harness import DEADLINE_S, Jumpgate, Lines, equal, start
from peers import receive
from pki import context, pki

FOLDER = tempfile.TemporaryDirectory(prefix="jumpgate-e2e-")
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = (TLS12, TLS13)
# A proxy has no highest version: without a suite of TLS 1.3 it speaks 1.2 alone.
ONLY = {TLS12: ["--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"],
        TLS13: ["--tls-min-version", "1.3"]}
NAMES = {TLS12: "TLSv1.2", TLS13: "TLSv1.3"}


def pair(name):
    """The flags of a certificate that the proxy shows."""
    return ["--tls-cert", pki(name + ".crt"), "--tls-key", pki(name + ".key")]


def asks(auth="required", ca="ca"):
    """The flags of a proxy that asks for certificates."""
    return ["--tls-client-auth", auth, "--tls-client-ca", pki(ca + ".crt")]


def tls_gate(brokers, *flags, certificate="server", **options):
    options = {"stats": True, **options}
    return Jumpgate(brokers, *pair(certificate), *flags, tls=True, **options)


# ---- Python's ssl -------------------------------------------------------------------------------

def dial(gate):
    wire = socket.create_connection(("127.0.0.1", gate.tls_port), DEADLINE_S)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def handshake(gate, with_context=None, name="localhost"):
    """A socket past its handshake, as far as the client sees it."""
    return (with_context or context()).wrap_socket(
        dial(gate), server_hostname=name, suppress_ragged_eofs=False)


def refusal(gate, with_context=None, name="localhost", hello=packets.connect("refused")):
    """What OpenSSL says where it is refused: "tlsv13 alert certificate required". The CONNECT is
    on its way by then, and no broker hears of it. Fails where it is not refused."""
    try:
        with handshake(gate, with_context, name) as tls:
            tls.sendall(hello)
            raise AssertionError(f"not refused: {tls.recv(100)!r}")
    except ssl.SSLError as error:
        return (error.reason or str(error)).lower().replace("_", " ")


def admit(tls, client_id="c", level=4):
    """CONNECT and CONNACK by a broker that answers by itself."""
    tls.sendall(packets.connect(client_id, level))
    equal(receive(tls, len(packets.CONNACK_OK[level])), packets.CONNACK_OK[level], "CONNACK")
    return tls


def joined(gate, peer, client_id="c", with_context=None, kernel_bytes=None):
    """A client and the scripted broker's side of it, past CONNECT and CONNACK."""
    wire = socket.socket()
    if kernel_bytes is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kernel_bytes)
    wire.settimeout(DEADLINE_S)
    wire.connect(("127.0.0.1", gate.tls_port))
    tls = (with_context or context()).wrap_socket(
        wire, server_hostname="localhost", suppress_ragged_eofs=False)
    hello = packets.connect(client_id)
    tls.sendall(hello)
    broker = peer.accept()
    if kernel_bytes is not None:
        broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel_bytes)
    equal(receive(broker, len(hello)), hello, "CONNECT at the broker")
    broker.sendall(packets.CONNACK_OK[4])
    equal(receive(tls, 4), packets.CONNACK_OK[4], "CONNACK")
    return tls, broker


def wire_of(tls):
    """The socket below, to put bytes on it that no TLS library would send."""
    wire = socket.socket(fileno=os.dup(tls.fileno()))
    wire.settimeout(DEADLINE_S)
    return wire


# ---- openssl s_client ---------------------------------------------------------------------------

def s_client_command(gate, *flags):
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{gate.tls_port}",
            "-CAfile", pki("ca.crt"), *flags]


def s_client(gate, script, *flags):
    """openssl s_client with `script` as its input, to its end; what it said."""
    done = subprocess.run(s_client_command(gate, *flags), input=script, capture_output=True,
                          timeout=DEADLINE_S, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


class Interactive:
    """openssl s_client at a prompt: lines that are a command letter alone are its commands."""

    def __init__(self, gate, *flags):
        self.process = start(s_client_command(gate, *flags), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said, self.errors = Lines(self.process.stdout), Lines(self.process.stderr)
        self.said.wait(lambda line: "Verify return code" in line, "the handshake")

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self):
        """Waits for its own end."""
        self.said.thread.join(DEADLINE_S)
        code = self.process.wait(DEADLINE_S)
        self.errors.thread.join(DEADLINE_S)
        return code


# ---- What the proxy says ------------------------------------------------------------------------

def causes(stats):
    """The handshakes that failed, by cause, without the zeros."""
    return {cause: count for cause, count in stats["handshake_failures"].items() if count}


def refusals(stats):
    return {reason: count for reason, count in stats["refused"].items() if count}


def settled(gate, accept=lambda stats: True):
    """Statistics with no connection that is still being set up."""
    return gate.stats(lambda stats: stats["setups"] == 0 and accept(stats))
