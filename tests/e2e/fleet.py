"""Many clients and their brokers for the tests: jumpload on both sides of the gate."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness import Lines, start

JUMPLOAD = os.environ.get("JUMPLOAD", "build/jumpload")
PATIENCE_S = 60


class Brokers:
    """`count` brokers in one process of jumpload; `ports` are theirs."""

    def __init__(self, count, *flags):
        listeners = ["--listen", "127.0.0.1:0"] * count
        self.process = start([JUMPLOAD, "broker", *listeners, *flags], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.lines = Lines(self.process.stdout)
        self.ports = []
        for number in range(1, count + 1):
            line = self.lines.wait(lambda x, n=number: x.startswith(f"broker {n} ") and x, "a port")
            self.ports.append(int(line.rsplit(":", 1)[1]))

    @property
    def port(self):
        """Of the first, or only one."""
        return self.ports[0]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()


class Load:
    """A run of jumpload, whose `live` objects come a second apart."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory(prefix="jumpgate-e2e-")
        self.path = pathlib.Path(self.folder.name, "report.json")
        self.process = start([JUMPLOAD, *map(str, arguments), "--live-json",
                              "--lateness-limit-ms", "60000", "--json", str(self.path)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.live = Lines(self.process.stdout)
        self.words = Lines(self.process.stderr)

    def wait_live(self, accept, what):
        """The first live object, a second apart, that accept() likes."""
        def parse(line):
            fields = json.loads(line) if re.match(r"\{.*\}$", line) else None
            return fields if fields and accept(fields) else None
        return self.live.wait(parse, what, deadline_s=PATIENCE_S)

    def connected(self, count):
        self.wait_live(lambda x: x["connected"] >= count, f"{count} clients")
        return self

    def report(self, exit_code=None):
        """What it found out, once it has ended by itself; None: any exit code will do."""
        ended_with = self.process.wait(PATIENCE_S)
        assert exit_code in (None, ended_with), f"{ended_with}:\n{self.words.text()}"
        assert self.path.exists(), "no report:\n" + self.words.text()
        return json.loads(self.path.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Fleet(Load):
    """Clients that connect and stay until finish()."""

    def __init__(self, port, count, *flags, prefix="device-", rate=2000):
        self.count = count
        super().__init__("conn", "-p", port, "-c", count, "-R", rate, "--prefix", prefix,
                         "--ping-all-at-end", *flags)

    def connected(self, count=None):
        return super().connected(count or self.count)

    def finish(self):
        """Pings every connection, leaves, and returns the report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.report()
