"""Equal work: each proxy of ./dev bench sends a client id to the same one of three brokers, always.

A comparison with a proxy that routes by anything else, or not at all, means nothing. Proxies that
are not installed are skipped.
"""
import contextlib
import os
import select
import socket
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import peer_proxies  # noqa: E402
import programs  # noqa: E402

PATIENCE_S = 20
MODULES = os.path.exists(f"{peer_proxies.NGINX_MODULES}/ngx_stream_js_module.so")


def connect_packet(client_id, level):
    """Clean start, keep alive 60 s; MQTT 5 with properties that need two bytes for their length."""
    name = client_id.encode()
    properties = b""
    if level == 5:
        user = b"\x26" + struct.pack(">H", 1) + b"k" + struct.pack(">H", 150) + b"v" * 150
        properties = bytes([len(user) & 127 | 128, len(user) >> 7]) + user
    body = (b"\x00\x04MQTT" + bytes([level, 2, 0, 60]) + properties +
            struct.pack(">H", len(name)) + name)
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128,
                                                               len(body) >> 7])
    return b"\x10" + length + body


class Brokers:
    """Three listeners that only tell who came."""

    def __init__(self):
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.ports = [listener.getsockname()[1] for listener in self.listeners]

    def close(self):
        for listener in self.listeners:
            listener.close()

    def broker_of(self, port, packet, pieces):
        """Where this CONNECT arrives, whole; it is sent in so many pieces."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = -(-len(packet) // pieces)
            for at in range(0, len(packet), step):
                client.sendall(packet[at:at + step])
            ready, _, _ = select.select(self.listeners, [], [], PATIENCE_S)
            if not ready:
                raise AssertionError(f"no broker got the CONNECT, sent in {pieces} pieces")
            broker, _ = ready[0].accept()
            with broker:
                broker.settimeout(PATIENCE_S)
                got = b""
                while len(got) < len(packet):
                    piece = broker.recv(4096)
                    if not piece:
                        break
                    got += piece
        if got != packet:
            raise AssertionError(f"{len(got)} of {len(packet)} bytes came, or others")
        return self.listeners.index(ready[0])


class EqualWork(unittest.TestCase):
    def check(self, name):
        with contextlib.closing(Brokers()) as brokers, \
                peer_proxies.proxy(name, brokers.ports) as gate:
            homes = {}
            for number in range(24):
                client = f"sensor/{number}"
                for level, pieces in ((4, 1), (5, 1), (4, 3), (5, 40)):
                    home = brokers.broker_of(gate.port, connect_packet(client, level), pieces)
                    self.assertEqual(homes.setdefault(client, home), home,
                                     f"{client}, MQTT level {level}, {pieces} pieces")
            self.assertEqual(set(homes.values()), {0, 1, 2})

    def test_jumpgate(self):
        self.check(peer_proxies.JUMPGATE)
        self.check(peer_proxies.AWAKE[peer_proxies.JUMPGATE])

    @unittest.skipUnless(programs.find("haproxy"), "haproxy is not installed")
    def test_haproxy(self):
        self.check(peer_proxies.HAPROXY)
        self.check(peer_proxies.HAPROXY_SPLICE)
        self.check(peer_proxies.AWAKE[peer_proxies.HAPROXY])

    @unittest.skipUnless(programs.find("nginx") and MODULES, "nginx with njs is not installed")
    def test_nginx(self):
        self.check(peer_proxies.NGINX)


class ProcessTree(unittest.TestCase):
    @unittest.skipUnless(programs.find("nginx") and MODULES, "nginx with njs is not installed")
    def test_the_workers_of_nginx_are_counted(self):
        with peer_proxies.proxy(peer_proxies.NGINX, [1], threads=2) as gate:
            workers = gate.pids() - {gate.pid}
            self.assertEqual(len(workers), 2)
            private = gate.private_bytes()  # first: they are still starting, and grow
            self.assertGreater(gate.pss_bytes(), private)  # they share their code
        for pid in workers:
            self.assertFalse(os.path.exists(f"/proc/{pid}"), "a worker outlived its master")


if __name__ == "__main__":
    unittest.main()
