"""A real name server for the tests: dnsmasq on a loopback port, over the zone "test".

It answers UDP and TCP. Addresses are in a file that it reads again on SIGHUP, without a gap; other
records are in its command line, so a change of them starts it again on its port.
"""

import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from harness import Lines, start, wait_until
from peers import free_port

TTL_S = 1  # of what has none of its own


class NameServer:
    def __init__(self, *records):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jumpgate-e2e-"))
        self.folder.chmod(0o755)  # dnsmasq may read it as another user
        self.hosts = self.folder / "hosts"
        self.hosts.write_text("")
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.flags = ("--dns-servers", self.address)
        self.process = self.log = None
        self.serve(*records)

    def serve(self, *records):
        """From here on with these records, as dnsmasq's options."""
        self.stop()
        self.process = start(
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts",
             "--no-resolv", "--pid-file=", "--user=", "--local=/test/", "--bind-interfaces",
             "--listen-address=127.0.0.1", f"--port={self.port}", f"--addn-hosts={self.hosts}",
             f"--local-ttl={TTL_S}", "--log-queries", "--log-facility=-", *records],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = Lines(self.process.stderr)
        wait_until(self._answers, "an answer of dnsmasq")

    def _answers(self):
        """Whether it says anything about a name that nobody has (RFC 1035, 4.1)."""
        question = struct.pack(">6H", 7, 0, 1, 0, 0, 0) + b"\x05ready\x04test\0\0\x01\0\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.connect(("127.0.0.1", self.port))
            try:
                probe.send(question)
                return probe.recv(512)
            except OSError:
                return None

    def set_hosts(self, names):
        """{name: its addresses}; all others of before are gone."""
        lines = [f"{address} {name}\n" for name, addresses in names.items()
                 for address in addresses]
        begin = len(self.log.all)
        self.hosts.write_text("".join(lines))
        self.process.send_signal(signal.SIGHUP)
        self.log.wait(lambda line: f"read {self.hosts}" in line, "its hosts, read again", begin)

    def questions(self, name, kind="A"):
        return sum(f"query[{kind}] {name} " in line for line in list(self.log.all) if line)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def service(name, *targets):
    """SRV records, each target (host, port)."""
    return [f"--srv-host={name},{host},{port}" for host, port in targets]
