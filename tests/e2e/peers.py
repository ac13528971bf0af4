"""Who jumpgate talks to in the end-to-end tests: real, answering and scripted brokers, and clients.

A Mosquitto is the real thing; a Stub answers by itself; a Peer does what the test says, byte by
byte. All listen on the loopback only.
"""

import pathlib
import select
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import packets
from harness import DEADLINE_S, Lines, equal, start

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from ports import free_port


class Mosquitto:
    """A real broker on a port of its own, with its log."""

    def __init__(self, *settings, port=None):
        self.folder = tempfile.mkdtemp(prefix="jumpgate-e2e-")
        self.port = port if port is not None else free_port()
        config = pathlib.Path(self.folder, "mosquitto.conf")
        wanted = settings or ("allow_anonymous true",)
        config.write_text("\n".join((f"listener {self.port} 127.0.0.1",) + wanted) + "\n")
        self.process = start(["mosquitto", "-v", "-c", str(config)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = Lines(self.process.stderr)
        self.log.wait(lambda line: "running" in line, "start of mosquitto")

    def wait_log(self, words, begin=0):
        return self.log.wait(lambda line: words in line, f"{words!r} in mosquitto's log", begin)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer:
    """A scripted broker: the test itself accepts, reads and answers."""

    def __init__(self, backlog=4096, receive_bytes=None):
        self.listener = socket.socket()
        if receive_bytes is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.port = self.listener.getsockname()[1]

    def accept(self, timeout_s=DEADLINE_S):
        self.listener.settimeout(timeout_s)
        accepted, _ = self.listener.accept()
        accepted.settimeout(DEADLINE_S)
        return accepted

    def was_dialled(self):
        """Whether a connection waits to be accepted."""
        return bool(select.select([self.listener], [], [], 0)[0])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.close()


class Stub:
    """A broker on its own thread: answers CONNECT, PINGREQ, DISCONNECT; remembers who came."""

    def __init__(self, port=None, host="127.0.0.1"):
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port if port is not None else free_port()))
        self.listener.listen(4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.client_ids = []  # in the order of their CONNECTs
        self.open = 0
        self.closing, self.waker = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.listener, selectors.EVENT_READ)
            ready.register(self.closing, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is self.closing:
                        for other in list(ready.get_map().values()):
                            other.fileobj.close()
                        return
                    if key.fileobj is self.listener:
                        self._accept(ready)
                    else:
                        self._read(ready, key.fileobj, key.data)

    def _accept(self, ready):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.setblocking(False)
            self.open += 1
            ready.register(client, selectors.EVENT_READ, bytearray())

    def _read(self, ready, client, pending):
        try:
            data = client.recv(65536)
        except OSError:
            data = b""
        pending += data
        try:
            while (length := packets.whole_packet(pending)) is not None:
                if pending[0] == 0x10:
                    level, client_id = packets.connect_fields(pending)
                    self.client_ids.append(client_id)
                    client.sendall(packets.CONNACK_OK[level])
                elif pending[0] == 0xC0:
                    client.sendall(packets.PINGRESP)
                elif pending[0] == 0xE0:
                    data = b""  # MQTT-3.14.4-3: the broker closes
                del pending[:length]
        except OSError:
            data = b""
        if not data:
            ready.unregister(client)
            client.close()
            self.open -= 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.waker.send(b"x")
        self.thread.join()
        self.waker.close()


def receive(peer, count):
    """Exactly `count` bytes, or an AssertionError that shows what came."""
    got = bytearray()
    while len(got) < count:
        data = peer.recv(count - len(got))
        assert data, f"ended after {len(got)} of {count} bytes: {bytes(got[-64:])!r}"
        got += data
    return bytes(got)


def receive_all(peer):
    """Everything until the other side ends; a reset counts as the end."""
    got = bytearray()
    while True:
        try:
            data = peer.recv(1 << 20)
        except ConnectionResetError:
            return bytes(got)
        if not data:
            return bytes(got)
        got += data


def reset(peer):
    """Closes with RST instead of FIN (SO_LINGER 0, socket(7)): a device that dies."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def joined(gate, peer, client_id="c", level=4, kernel_bytes=None):
    """A client and the scripted broker's side of it, past CONNECT and CONNACK. `kernel_bytes` is
    what the kernel may hold on the way down, at each end; None lets it grow to megabytes."""
    client = gate.connect(receive_bytes=kernel_bytes)
    hello = packets.connect(client_id, level)
    client.sendall(hello)
    broker = peer.accept()
    if kernel_bytes is not None:
        broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel_bytes)
    equal(receive(broker, len(hello)), hello, "CONNECT at the broker")
    broker.sendall(packets.CONNACK_OK[level])
    equal(receive(client, len(packets.CONNACK_OK[level])), packets.CONNACK_OK[level], "CONNACK")
    return client, broker
