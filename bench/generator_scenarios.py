"""What jumpload costs as a generator, beside what else Debian and npm have to offer.

Law: the generator runs on one core and mosquitto on another, in turns (A B A B ...), medians. Of
jumpload the whole process counts, start and connects included; of a peer only the part that is
compared, so the ratios flatter the peer. No scenario judges: run.py holds the limits.

Neither Debian nor npm has another load generator for MQTT. The peers are what people make one of:
MQTT.js (npm; MQTTX bench is built on it) and mosquitto_pub (Debian; a process per client).
"""
import contextlib
import os
import re
import resource
import statistics
import subprocess

import programs
from broker_scenarios import BROKER_CORE, GENERATOR_CORE, generate, pinned_to
from scenarios import Load, ScenarioError

PEERS = os.path.join(programs.ROOT, "bench", "peers")
CLIENTS, INTERVAL_MS, SECONDS = 500, 50, 8
CONNECTS, IDLE_CLIENTS, PEER_IDLE_CLIENTS = 5_000, 10_000, 2_000
DESCRIPTORS = 20_000


@contextlib.contextmanager
def broker():
    if programs.find("mosquitto") is None:
        raise ScenarioError("mosquitto, the broker of these, is not installed")
    if not {GENERATOR_CORE, BROKER_CORE} <= os.sched_getaffinity(0):
        raise ScenarioError("two cores are needed, 0 and 1: one for the generator, one for the "
                            "broker")
    with pinned_to(BROKER_CORE):
        program = programs.start_mosquitto(1, programs.free_port(), "max_queued_messages 0\n",
                                           descriptors=DESCRIPTORS)
    try:
        yield program
    finally:
        program.stop()


def children_cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Jumpload:
    """Each method returns microseconds of CPU per message or connect, or bytes per client."""

    def cpu_us(self, port, mode, count, *flags):
        before = children_cpu_seconds()
        result = generate(mode, port, "-c", count, *flags).result()
        if result["clients"]["connected"] != count:
            raise ScenarioError(f"jumpload connected {result['clients']['connected']} of {count}")
        return 1e6 * (children_cpu_seconds() - before), result

    def message(self, port, qos):
        used_us, result = self.cpu_us(port, "pub", CLIENTS, "-I", INTERVAL_MS, "-s", 16, "-t",
                                      "bench/%i", "-q", qos, "--duration", SECONDS)
        return used_us / result["messages"]["sent"]

    def connect(self, port):
        return self.cpu_us(port, "conn", CONNECTS, "--duration", 1)[0] / CONNECTS

    def idle_bytes(self, port):
        held = {}
        for count in (100, 100 + IDLE_CLIENTS):
            load = generate("conn", port, "-c", count)
            load.wait_for_clients(count)
            held[count] = load.program.private_bytes()
            load.stop()
            load.result()
        return (held[100 + IDLE_CLIENTS] - held[100]) / IDLE_CLIENTS


class MqttJs:
    """bench/peers/mqttjs_load.js, read at the marks that it prints."""

    def __init__(self):
        self.node = programs.find("node")
        if self.node is None or not os.path.isdir(os.path.join(PEERS, "node_modules")):
            raise ScenarioError("MQTT.js is not installed: ./dev setup does that")

    def marks(self, port, clients, seconds=0, qos=0):
        """{mark: (its number, CPU seconds until then, private bytes then)}"""
        found = {}

        def read(line):
            mark = re.match(r"(loaded|connected|sent) ?(\d*)", line)
            if mark:
                found[mark[1]] = (int(mark[2] or 0), program.cpu_seconds(),
                                  program.private_bytes())

        with pinned_to(GENERATOR_CORE):
            program = programs.Program("MQTT.js", [
                self.node, os.path.join(PEERS, "mqttjs_load.js"), *map(str, (
                    port, clients, 1_000, INTERVAL_MS, seconds, qos))],
                on_line=lambda line: read(line), descriptors=DESCRIPTORS)
        if program.wait(120) != 0 or len(found) < 3:
            raise ScenarioError(f"MQTT.js: {program.tail()}")
        return found

    def message(self, port, qos):
        marks = self.marks(port, CLIENTS, SECONDS, qos)
        return 1e6 * (marks["sent"][1] - marks["connected"][1]) / marks["sent"][0]

    def connect(self, port):
        marks = self.marks(port, PEER_IDLE_CLIENTS)
        return 1e6 * (marks["connected"][1] - marks["loaded"][1]) / PEER_IDLE_CLIENTS

    def idle_bytes(self, port):
        marks = self.marks(port, PEER_IDLE_CLIENTS)
        return (marks["connected"][2] - marks["loaded"][2]) / PEER_IDLE_CLIENTS


class MosquittoPub:
    """A process per client, all at once; fewer of them, for each takes a quarter of a megabyte."""

    CLIENTS, MESSAGES = 100, 400

    def __init__(self):
        self.path = programs.find("mosquitto_pub")
        if self.path is None:
            raise ScenarioError("mosquitto_pub is not installed: ./dev setup does that")

    def cpu_us(self, port, qos, messages):
        """Of all processes together."""
        before = children_cpu_seconds()
        with pinned_to(GENERATOR_CORE):
            running = [subprocess.Popen(
                [self.path, "-p", str(port), "-V", "5", "-t", f"bench/{index}", "-m", "x" * 16,
                 "-q", str(qos), "--repeat", str(messages), "--repeat-delay",
                 str(INTERVAL_MS / 1_000)]) for index in range(self.CLIENTS)]
        if any(process.wait(120) != 0 for process in running):
            raise ScenarioError("mosquitto_pub failed")
        return 1e6 * (children_cpu_seconds() - before)

    def message(self, port, qos):
        more = self.cpu_us(port, qos, self.MESSAGES) - self.cpu_us(port, qos, 1)
        return more / (self.CLIENTS * (self.MESSAGES - 1))


TOOLS = {"jumpload": Jumpload, "MQTT.js": MqttJs, "mosquitto_pub": MosquittoPub}
COSTS = {"QoS 0 message": lambda tool, port: tool.message(port, 0),
         "QoS 1 message": lambda tool, port: tool.message(port, 1),
         "connect": lambda tool, port: tool.connect(port),
         "idle client": lambda tool, port: tool.idle_bytes(port)}


def side_by_side(rounds=3):
    """{cost: {tool: median}}: us of CPU, or for the idle client bytes of private memory."""
    tools = {name: make() for name, make in TOOLS.items()}
    found = {cost: {} for cost in COSTS}
    for _ in range(rounds):
        for cost, measure in COSTS.items():
            for name, tool in tools.items():
                if name == "mosquitto_pub" and not cost.endswith("message"):
                    continue  # the start of a process, and its memory: another thing
                with broker() as program:
                    found[cost].setdefault(name, []).append(measure(tool, program.port))
    return {cost: {name: round(statistics.median(all_of), 1) for name, all_of in by_name.items()}
            for cost, by_name in found.items()}


def crowd(clients=35_000):
    """That many idle clients of one process under the descriptor limit, all of which answer."""
    hosts, port = ("127.0.0.1", "127.0.0.2"), programs.free_port()  # 28,000 source ports to each
    brokers = [programs.Program(f"broker at {host}", [
        programs.JUMPLOAD, "broker", "--listen", f"{host}:{port}"], ready="listening on",
        descriptors=DESCRIPTORS) for host in hosts]
    try:
        load = Load("conn", port, "-c", clients, "-R", 5_000, "--ping-all-at-end", "--duration", 1,
                    hosts=hosts, timeout_s=180)
        load.wait_for_clients(clients)
        limit = load.program.descriptor_limit()
        private_bytes = load.program.private_bytes()
        result = load.result()
    finally:
        for program in brokers:
            program.stop()
    return {"descriptor_limit": limit, "connected": result["clients"]["connected"],
            "pings_answered": result["pings"]["answered"],
            "connections_lost": result["clients"]["connections_lost"],
            "private_mib": round(private_bytes / 2**20, 1)}


def punctuality(rounds=3, clients=1_000, per_second=50_000):
    """{figure: [one per round]}: how much of a plan of `per_second` is sent, and how late."""
    shares, lateness = [], []
    for _ in range(rounds):
        with broker() as program:
            result = generate("pub", program.port, "-c", clients, "-I",
                              1_000 * clients // per_second, "-s", 16, "-t", "bench/%i",
                              "--duration", SECONDS).result()
        shares.append(result["messages"]["sent"] / (per_second * SECONDS))
        lateness.append(result["send_lateness_us"]["p99"])
    return {"share": shares, "lateness_p99_us": lateness}
