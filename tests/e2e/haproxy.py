"""HAProxy as a counterpart: a configuration of a few lines, its log, its ports.

Its log goes to its standard output; it counts as started when its port is open.
"""

import pathlib
import shutil
import socket
import subprocess
import tempfile

from harness import Lines, start, wait_until
from peers import free_port

HEAD = """
global
    log stdout format raw local0
defaults
    mode tcp
    log global
    timeout client 20s
    timeout server 20s
    timeout connect 5s
"""
LISTEN = 0x0A  # TCP_LISTEN, net/tcp_states.h


def listens(port):
    """Whether somebody does, on any address; no connection is made for it."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port and int(fields[3], 16) == LISTEN:
                return True
    return False


class HAProxy:
    """`body` follows HEAD; {port} in it is the port that it listens on, on 127.0.0.1, and {pem} a
    file of what is in the files `pem`: certificate and key."""

    def __init__(self, body, pem=()):
        self.folder = tempfile.mkdtemp(prefix="jumpgate-e2e-")
        self.port = free_port()
        combined = pathlib.Path(self.folder, "server.pem")
        combined.write_text("".join(pathlib.Path(name).read_text() for name in pem))
        config = pathlib.Path(self.folder, "haproxy.cfg")
        config.write_text(HEAD + body.format(port=self.port, pem=combined))
        self.process = start(["haproxy", "-db", "-f", str(config)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.log = Lines(self.process.stdout)
        wait_until(lambda: self.process.poll() is not None or listens(self.port), "haproxy")
        assert self.process.poll() is None, self.log.text()

    def connect(self, source="127.0.0.1"):
        client = socket.create_connection(("127.0.0.1", self.port), 20, (source, 0))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def wait_log(self, words):
        return self.log.wait(lambda line: line if words in line else None, f"{words!r}")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
