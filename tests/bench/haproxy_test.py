#!/usr/bin/python3
"""HAProxy as ./dev bench starts it, with TLS: the version, cipher, curve and tickets it must have.

A comparison of handshakes means nothing if the other side does different ones. Usage:
haproxy_test.py; the PKI is named by the environment (JUMPGATE_TEST_PKI). Skipped without HAProxy.
"""
import contextlib
import os
import socket
import ssl
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import programs  # noqa: E402

PKI = os.environ.get("JUMPGATE_TEST_PKI", "build/tests/pki")
HAPROXY = programs.find("haproxy")
PATIENCE_S = 20


class Echo:
    """What is behind HAProxy: sends back what it gets."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with client, contextlib.suppress(OSError):
            while data := client.recv(4096):
                client.sendall(data)


@unittest.skipUnless(HAPROXY, "haproxy is not installed")
class WithTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.echo = Echo()
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            for name in ("server.crt", "server.key"):
                with open(os.path.join(PKI, name)) as part:
                    pair.write(part.read())
            pair.flush()
            cls.program = programs.start_haproxy(HAPROXY, cls.echo.port, 1, 100, pair.name)

    @classmethod
    def tearDownClass(cls):
        cls.program.stop()
        cls.echo.listener.close()

    def context(self):
        return ssl.create_default_context(cafile=os.path.join(PKI, "ca.crt"))

    @contextlib.contextmanager
    def joined(self, context, session=None):
        """A connection that is verified, and through which a message went there and back."""
        with socket.create_connection(("127.0.0.1", self.program.port), PATIENCE_S) as wire:
            with context.wrap_socket(wire, server_hostname="localhost", session=session) as tls:
                tls.sendall(b"hello")
                self.assertEqual(tls.recv(5), b"hello")
                yield tls

    def test_it_speaks_one_cipher_of_one_version(self):
        with self.joined(self.context()) as tls:
            self.assertEqual(tls.cipher()[:2], ("TLS_AES_128_GCM_SHA256", "TLSv1.3"))
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError), self.joined(old):
            pass

    def test_it_hands_out_tickets_and_takes_them_back(self):
        context = self.context()
        with self.joined(context) as tls:
            self.assertFalse(tls.session_reused)
            session = tls.session
            self.assertTrue(session.has_ticket)
        with self.joined(context, session) as tls:
            self.assertTrue(tls.session_reused)

    def test_its_curves_are_those_of_jumpgate(self):
        """P-256 beside X25519, which every handshake above took; this Python cannot name that."""
        context = self.context()
        context.set_ecdh_curve("prime256v1")
        with self.joined(context):
            pass
        context.set_ecdh_curve("secp384r1")
        with self.assertRaises(ssl.SSLError), self.joined(context):
            pass


class WithoutTls(unittest.TestCase):
    def test_the_configuration_is_the_plain_one(self):
        plain = programs.haproxy_config(1883, 1884, 2, 100)
        self.assertIn("  bind 127.0.0.1:1883 backlog 4096\n  server one 127.0.0.1:1884\n", plain)
        self.assertNotIn("ssl", plain)
        secure = programs.haproxy_config(1883, 1884, 2, 100, "pair.pem")
        self.assertIn("backlog 4096 ssl crt pair.pem ", secure)
        self.assertEqual(secure.split(" ssl ")[0], plain.split("\n  server")[0])


if __name__ == "__main__":
    unittest.main()
