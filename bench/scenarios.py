"""The scenarios of `./dev bench`: each measures one thing and returns its figures.

Law: what is compared is measured in turns (A B A B ...) on the same machine and reported as
medians; memory is PSS, CPU time counts every thread. No scenario judges: run.py holds the limits.
"""
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time

import programs
import transfer

DESCRIPTORS = 20_000
IDLE_FLAGS = ("--keepalive", "0")


class ScenarioError(Exception):
    """The measurement itself went wrong: no figure comes of it."""


@contextlib.contextmanager
def brokers(count, **limits):
    """`count` broker processes, so that none of them shares its ports or threads."""
    ports = [programs.free_port() for _ in range(count)]
    started = []
    try:
        for number, port in enumerate(ports, 1):
            started.append(programs.start_embedded(number, port, **limits))
        yield started
    finally:
        for program in started:
            program.stop()


@contextlib.contextmanager
def proxy(name, broker_ports, haproxy_path=None, flags=(), **limits):
    if name == "haproxy":
        program = programs.start_haproxy(haproxy_path, broker_ports[0], 2, 6_000)
    else:
        program = programs.start_gate(broker_ports, ["--threads", "2", *flags], **limits)
    try:
        yield program
    finally:
        code = program.stop()
    if name == "jumpgate" and code != 0:
        raise ScenarioError(f"jumpgate ended with exit code {code}, {program.tail()}")


class Load:
    """A jumpload run. Exit code 3 (lost, saturated) is left to its reader: see result()."""

    def __init__(self, mode, port, *flags, hosts=("127.0.0.1",), timeout_s=120, on_live=None):
        self.timeout_s = timeout_s
        self.live = None
        self.on_live = on_live  # gets each live line, one a second, as it comes
        handle, self.path = tempfile.mkstemp(prefix="jumpload-", suffix=".json")
        os.close(handle)
        self.program = programs.Program("jumpload", [
            programs.JUMPLOAD, mode, "-h", ",".join(hosts), "-p", str(port), "--json", self.path,
            "--live-json", *map(str, flags)], on_line=self.read, descriptors=DESCRIPTORS)

    def read(self, line):
        if line.startswith("{"):
            self.live = json.loads(line)
            if self.on_live:
                self.on_live(self.live)

    def wait_for_clients(self, count):
        deadline = time.monotonic() + self.timeout_s
        while self.live is None or self.live["connected"] < count:
            if time.monotonic() > deadline or self.program.process.poll() is not None:
                raise ScenarioError(f"{count} clients did not connect: {self.program.tail()}")
            time.sleep(0.1)

    def stop(self):
        """Ends it now, as Ctrl-C does: result() is that of what was done so far."""
        self.program.process.send_signal(signal.SIGINT)

    def result(self, allowed=(0, 3)):
        try:
            code = self.program.wait(self.timeout_s)
            if code not in allowed:
                raise ScenarioError(f"jumpload: exit code {code}, {self.program.tail()}")
            with open(self.path) as result:
                return json.load(result)
        finally:
            os.unlink(self.path)


def gate_relays(lines):
    """The clients that jumpgate's newest statistics line counts."""
    for line in reversed(lines):
        if '"event":"stats"' in line:
            return json.loads(line)["stats"]["relays"]
    return 0


# ---- the scenarios -------------------------------------------------------------------------------

def micro(repetitions=5):
    """ns of CPU time per operation by benchmark name, medians; None without Google Benchmark."""
    program = os.path.join(programs.BUILD, "bench", "micro")
    if not os.path.exists(program):
        return None
    done = subprocess.run(
        [program, "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
         "--benchmark_min_time=0.2", "--benchmark_enable_random_interleaving=true"],
        capture_output=True, text=True, timeout=300, check=True)
    times = {}
    for one in json.loads(done.stdout)["benchmarks"]:
        if one.get("aggregate_name") == "median":
            per_item = 1e9 / one["items_per_second"] if "items_per_second" in one else None
            times[one["run_name"]] = round(per_item or one["cpu_time"], 2)
    return times


def many_clients(count=18_000, seconds=5):
    """All of `count` clients through one process with 2 workers and 20,000 descriptors."""
    with brokers(3, descriptors=DESCRIPTORS) as far:
        ports = [broker.port for broker in far]
        with proxy("jumpgate", ports, flags=["--stats-interval-s", "1"],
                   descriptors=DESCRIPTORS) as gate:
            load = Load("conn", gate.port, "-c", count, "-R", 3000, "--ifaddr",
                        "127.0.0.1,127.0.0.2,127.0.0.3", "--duration", seconds,
                        "--ping-all-at-end", *IDLE_FLAGS)
            load.wait_for_clients(count)
            time.sleep(2)  # a statistics line that has seen the last of them
            figures = {
                "clients": count,
                "relays_by_jumpgate": gate_relays(gate.last_lines),
                "descriptor_limit": gate.descriptor_limit(),
                "descriptors_open": len(os.listdir(f"/proc/{gate.pid}/fd")),
                "pss_mib": {program.name: round(program.pss_bytes() / 2**20, 1)
                            for program in [gate, load.program, *far]},
            }
            result = load.result()
    figures["connected"] = result["clients"]["connected"]
    figures["connections_lost"] = result["clients"]["connections_lost"]
    figures["pings_answered"] = result["pings"]["answered"]
    figures["connect_ms_p99"] = result["connect_us"]["p99"] / 1000
    return figures


def bulk_transfer(mebibytes=1024, rounds=3):
    """CPU seconds per GB by splice(2) and by copying; transfer.py compares the checksums."""
    settings = {"auto": ["--splice", "auto"],
                "copy": ["--splice", "never", "--buffer-bytes", "16384"]}
    costs = transfer.compare(programs.JUMPGATE, settings, mebibytes << 20, rounds)
    ratios = {direction: round(costs["auto"][direction]["median"] /
                               costs["copy"][direction]["median"], 3)
              for direction in ("up", "down")}
    return {"mebibytes": mebibytes, "rounds": rounds, "cpu_seconds_per_gb": costs,
            "ratio": ratios}


def peers(haproxy_path):
    return ["jumpgate", "haproxy"] if haproxy_path else ["jumpgate"]


def machine():
    """What the figures were measured on."""
    with open("/proc/cpuinfo") as info:
        model = re.search(r"^model name\s*:\s*(.*)$", info.read(), re.M)
    return {"kernel": os.uname().release, "cpus": len(os.sched_getaffinity(0)),
            "cpu": model.group(1) if model else "unknown",
            "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
            "load_average_before": os.getloadavg()[0]}
