"""The programs of a demonstration or a measurement: started, read, measured, and surely ended.

Law: loopback only, free ports, no program outlives this process. A program is ended by its own pid:
SIGINT, and SIGKILL where that does not help. Does not judge what the programs print.
"""
import atexit
import collections
import contextlib
import ctypes
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from ports import free_port

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("JUMPGATE_BUILD", os.path.join(ROOT, "build"))
JUMPGATE = os.path.join(BUILD, "jumpgate")
JUMPLOAD = os.path.join(BUILD, "jumpload")

PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None)
STOP_TIMEOUT_S = 10
running = set()


class ProgramError(Exception):
    """A program did not start, or ended as it should not have."""


def find(name):
    """The path of an installed program, or None. Daemons lie in /usr/sbin, which PATH may lack."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Program:
    """One child process. `on_line` gets each line of its output, on a thread of its own."""

    def __init__(self, name, argv, ready=None, on_line=None, descriptors=None, timeout_s=15):
        self.name = name
        self.last_lines = collections.deque(maxlen=15)
        self.ready = None  # the match of the regular expression `ready`
        self.on_line = on_line
        self.ready_pattern = re.compile(ready) if ready else None
        self.ready_or_over = threading.Event()

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        # A session of its own: Ctrl-C in the terminal reaches us alone, and we end the others.
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", bufsize=1, start_new_session=True, preexec_fn=in_child)
        running.add(self)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not ready:
            return
        self.ready_or_over.wait(timeout_s)
        if self.ready is None:
            self.kill()
            raise ProgramError(f"{name} did not start within {timeout_s} s: {self.tail()}")

    def read(self):
        for line in self.process.stdout:
            self.last_lines.append(line.rstrip())
            if self.ready is None and self.ready_pattern:
                self.ready = self.ready_pattern.search(line)
                if self.ready:
                    self.ready_or_over.set()
            if self.on_line:
                self.on_line(line)
        self.ready_or_over.set()

    def tail(self):
        return "\n    ".join(["its last lines were:", *self.last_lines])

    def wait(self, timeout_s):
        """Its exit code; what it printed has been read by then."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{self.name} still runs after {timeout_s:.0f} s") from None
        self.reader.join(STOP_TIMEOUT_S)
        running.discard(self)
        return code

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.wait(STOP_TIMEOUT_S)
        except ProgramError:
            return self.kill()

    def kill(self):
        """With what it has started itself: all of its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self.wait(STOP_TIMEOUT_S)

    # ---- what it costs -----------------------------------------------------------------------

    def tasks(self):
        """Folders of all threads of it and of its descendants (nginx: a master, its workers)."""
        pids, folders = [self.pid], []
        for pid in pids:  # grows as it goes
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    folders.append(f"/proc/{pid}/task/{task}")
                    with open(f"{folders[-1]}/children") as children:
                        pids += map(int, children.read().split())
        return folders

    def pids(self):
        return {int(folder.split("/")[2]) for folder in self.tasks()}

    def cpu_seconds(self):
        """CPU time of all its threads, those of io_uring in the kernel included."""
        total_ns = 0
        for task in self.tasks():
            with contextlib.suppress(OSError):
                with open(f"{task}/schedstat") as stat:
                    total_ns += int(stat.read().split()[0])
        return total_ns / 1e9

    def pss_bytes(self):
        """Proportional set size: its own memory, and its share of what it shares."""
        return self.rollup_bytes("Pss")

    def private_bytes(self):
        """What no other process shares."""
        return self.rollup_bytes("Private_Clean") + self.rollup_bytes("Private_Dirty")

    def rollup_bytes(self, field):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += int(re.search(rf"^{field}:\s+(\d+) kB", rollup.read(), re.M).group(1))
        return total * 1024

    def descriptor_limit(self):
        with open(f"/proc/{self.pid}/limits") as limits:
            return re.search(r"^Max open files\s+(\S+)\s+(\S+)", limits.read(), re.M).groups()


@atexit.register
def stop_all():
    for program in list(running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
    for program in list(running):
        program.wait(STOP_TIMEOUT_S)


def end_on_signals():
    """SIGTERM and SIGHUP end this process as Ctrl-C does, so that stop_all() runs."""
    def end(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


# ---- brokers, jumpgate, haproxy ------------------------------------------------------------------

def start_embedded(number, port, **limits):
    program = Program(f"broker {number}", [JUMPLOAD, "broker", "--listen", f"127.0.0.1:{port}"],
                      ready=r"listening on \S+:(\d+)", **limits)
    program.port = port
    return program


def start_mosquitto(number, port, settings="", **limits):
    path = find("mosquitto")
    if path is None:
        raise ProgramError("mosquitto is not installed: `apt-get install mosquitto`, or leave "
                           "--broker mosquitto away")
    with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as config:
        config.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                     "log_dest stderr\nlog_type error\nlog_type warning\nlog_type notice\n"
                     "log_type information\nconnection_messages false\nset_tcp_nodelay true\n"
                     + settings)
    try:
        program = Program(f"mosquitto {number}", [path, "-c", config.name],
                          ready=r"mosquitto version \S+ running", **limits)
    finally:
        os.unlink(config.name)
    program.port = port
    return program


BROKERS = {"embedded": start_embedded, "mosquitto": start_mosquitto}


def restart(kind, number, port, patience_s=5):
    """Starts a broker on its dead predecessor's port, which the kernel may hold for a moment."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return BROKERS[kind](number, port)
        except ProgramError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def start_gate(broker_ports, flags=(), certificate=None, **limits):
    """jumpgate on a free port, its lines as JSON.

    With `certificate` (files: certificate, key) it has a second port, `tls_port`, that speaks the
    TLS that haproxy_config() asks of the peer.
    """
    argv = [JUMPGATE, "--listen", "127.0.0.1:0", "--log-format", "json"]
    for port in broker_ports:
        argv += ["--broker", f"127.0.0.1:{port}"]
    if certificate is not None:
        argv += ["--tls-listen", "127.0.0.1:0", "--tls-cert", certificate[0],
                 "--tls-key", certificate[1], "--tls-min-version", "1.3",
                 "--tls-ciphers", "TLS_AES_128_GCM_SHA256", "--tls-curves", "X25519:P-256"]
    program = Program("jumpgate", [*argv, *flags],
                      ready=r'"ready".*"listen":"[^"]*:(\d+)"(?:,"tls_listen":"[^"]*:(\d+)")?',
                      **limits)
    program.port = int(program.ready.group(1))
    program.tls_port = int(program.ready.group(2)) if certificate is not None else None
    return program


def haproxy_config(port, broker_port, threads, connections_max, certificate=None):
    """The peer: TCP mode, splicing where HAProxy sees fit, no checks.

    With `certificate` (a file: PEM, certificate then key) clients speak TLS 1.3 with
    TLS_AES_128_GCM_SHA256, which is what jumpgate is given beside it. Session tickets are HAProxy's
    default, and stay on: OpenSSL hands out two of them per full handshake.
    """
    tls = ""
    if certificate is not None:
        tls = (f" ssl crt {certificate} ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.3"
               " ciphersuites TLS_AES_128_GCM_SHA256 curves X25519:P-256")
    return (f"global\n  nbthread {threads}\n  maxconn {connections_max}\n"
            "defaults\n  mode tcp\n  option splice-auto\n  timeout connect 5s\n"
            "  timeout client 1h\n  timeout server 1h\n"
            f"listen mqtt\n  bind 127.0.0.1:{port} backlog 4096{tls}\n"
            f"  server one 127.0.0.1:{broker_port}\n")


def start_haproxy(path, broker_port, threads, connections_max, certificate=None):
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", delete=False) as config:
        config.write(haproxy_config(port, broker_port, threads, connections_max, certificate))
    program = Program("haproxy", [path, "-db", "-f", config.name])
    program.port = port
    try:
        wait_for_port(program)
    finally:
        os.unlink(config.name)
    return program


def wait_for_port(program, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and program.process.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", program.port), 1).close()
            return
        time.sleep(0.05)
    raise ProgramError(f"{program.name} did not start: {program.tail()}")
