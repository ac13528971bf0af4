"""What the end-to-end tests share: TAP, waiting, and the program under test.

Law: each wait is for a condition and has a deadline; each process is ended by its own pid, whatever
happens; each run of jumpgate must end with the expected exit code and without a word from CHECK or
a sanitizer, so every behaviour is a leak test as well (the program CHECKs that all is home).
"""

import atexit
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

PROGRAM = os.environ.get("JUMPGATE", "build/jumpgate")
DEADLINE_S = 20.0
# The tests' own variables are no settings of the program, which would warn of them.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("JUMPGATE_")}
BAD_WORDS = ("broken invariant", "Sanitizer", "runtime error:")

_behaviours = []
_children = []
_pause = threading.Event()


def behaviour(words):
    """Registers a test; `words` is its TAP line."""
    def register(function):
        _behaviours.append((words, function))
        return function
    return register


def main():
    """Runs all behaviours, or those whose words contain the first argument. TAP on stdout."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [b for b in _behaviours if wanted in b[0]]
    print(f"1..{len(chosen)}", flush=True)
    failures = 0
    for number, (words, function) in enumerate(chosen, 1):
        begin = time.monotonic()
        try:
            function()
        except BaseException:  # also SystemExit: a test must not end the others
            failures += 1
            print(f"not ok {number} - {words}")
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()))
        else:
            print(f"ok {number} - {words}")
        print(f"# {time.monotonic() - begin:.2f} s", flush=True)
    sys.exit(1 if failures else 0)


@atexit.register
def end_children():
    for child in _children:
        if child.poll() is None:
            child.kill()
            child.wait()


def start(arguments, **options):
    child = subprocess.Popen(arguments, **options)
    _children.append(child)
    return child


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of condition()."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        _pause.wait(0.005)  # between two looks; never set


def equal(actual, expected, what=""):
    assert actual == expected, f"{what}: got {actual!r}, expected {expected!r}"


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Lines:
    """The lines of a pipe, read by a thread of their own so that the writer never blocks."""

    def __init__(self, pipe):
        self.all = []
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe):
        for raw in pipe:
            with self.changed:
                self.all.append(raw.decode("utf-8", "backslashreplace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.all.append(None)  # the end
            self.changed.notify_all()

    def wait(self, accept, what, begin=0, deadline_s=DEADLINE_S):
        """The first true accept(line) of the lines from index `begin` on."""
        end = time.monotonic() + deadline_s
        with self.changed:
            while True:
                for begin in range(begin, len(self.all)):
                    if self.all[begin] is None:
                        raise AssertionError(f"ended before {what}:\n" + self.text())
                    found = accept(self.all[begin])
                    if found:
                        return found
                begin = len(self.all)
                if not self.changed.wait(max(0, end - time.monotonic())):
                    if time.monotonic() >= end:
                        raise AssertionError(f"no {what} in {deadline_s} s:\n" + self.text())

    def text(self):
        return "\n".join(line for line in self.all[-60:] if line is not None)


def sanitized(program):
    """Built with a sanitizer, whose memory is no part of what a program promises."""
    binary = pathlib.Path(program).read_bytes()
    return b"libasan.so" in binary or b"libtsan.so" in binary


class Jumpgate:
    """The program under test. As a context it is stopped by SIGINT at the end and must exit 0."""

    def __init__(self, brokers, *flags, threads=1, stats=False, level="debug", wait=True,
                 preexec=None, tls=False, plain=True):
        ports = [b if isinstance(b, (int, str)) else b.port for b in brokers]
        arguments = [PROGRAM, "--threads", str(threads), "--log-format", "json",
                     "--log-level", level]
        if plain:
            arguments += ["--listen", "127.0.0.1:0"]
        if tls:
            arguments += ["--tls-listen", "127.0.0.1:0"]
        for port in ports:
            arguments += ["--broker", port if isinstance(port, str) else f"127.0.0.1:{port}"]
        if stats:
            arguments += ["--stats-interval-s", "1"]
        arguments += [str(flag) for flag in flags]
        self.process = start(arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             preexec_fn=preexec, env=ENVIRONMENT)
        self.pid = self.process.pid
        self.lines = Lines(self.process.stderr)
        self.ended = False
        if wait:
            ready = self.event("ready")
            self.ready = ready
            self.port = int(ready["listen"].rsplit(":", 1)[1]) if plain else None
            self.tls_port = int(ready["tls_listen"].rsplit(":", 1)[1]) if tls else None

    def event(self, name, accept=lambda line: True, begin=0):
        """The first log line of that event that accept() likes, as a dictionary."""
        def parse(line):
            if not line.startswith("{"):
                return None
            fields = json.loads(line)
            return fields if fields["event"] == name and accept(fields) else None
        return self.lines.wait(parse, f"event {name}", begin)

    def events(self, name):
        parsed = [json.loads(x) for x in list(self.lines.all) if x and x.startswith("{")]
        return [fields for fields in parsed if fields["event"] == name]

    def count(self, name, count):
        """Waits for the event to have come so often; returns all of them."""
        wait_until(lambda: len(self.events(name)) >= count, f"{count} times {name}")
        return self.events(name)

    def stats(self, accept=lambda stats: True):
        """The first statistics from now on that accept() likes (a second apart)."""
        begin = len(self.lines.all)
        return self.event("stats", lambda line: accept(line["stats"]), begin)["stats"]

    def connect(self, timeout_s=DEADLINE_S, receive_bytes=None):
        client = socket.socket()
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(timeout_s)
        client.connect(("127.0.0.1", self.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def private_bytes(self):
        """What it has written to (proc(5)): not its text, which others share at times, as clean
        pages that are private whenever they do not."""
        rollup = pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Private_Dirty:\s+(\d+) kB", rollup, re.M).group(1)) << 10

    @property
    def sanitized(self):
        return sanitized(PROGRAM)

    def kill(self, number):
        self.process.send_signal(number)

    def exit_code(self, deadline_s=DEADLINE_S):
        """Waits for its own end. Fails on the words of a CHECK or a sanitizer."""
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("jumpgate does not end:\n" + self.lines.text()) from None
        self.lines.thread.join(DEADLINE_S)
        self.ended = True
        for line in self.lines.all:
            bad = line is not None and any(word in line for word in BAD_WORDS)
            assert not bad, "jumpgate broke:\n" + "\n".join(x for x in self.lines.all if x)
        return code

    def stop(self, number=signal.SIGINT):
        self.kill(number)
        equal(self.exit_code(), 0, "exit code\n" + self.lines.text())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.ended:
            return
        if error is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        else:  # most likely the reason of the failure
            print("# jumpgate ended with", self.process.returncode)
            print("".join(f"# {line}\n" for line in self.lines.all[-40:] if line))
