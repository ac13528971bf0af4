"""The TLS scenarios of `./dev bench`: jumpgate and HAProxy end TLS for the same clients, in turns.

Law: one thread each, the same P-256 certificate, TLS 1.3, TLS_AES_128_GCM_SHA256 and X25519, plain
brokers behind; a fresh process for every run, A B A B ..., medians. CPU time counts every thread of
the proxy. No scenario judges: run.py holds the limits.
"""
import contextlib
import os
import socket
import ssl
import statistics
import tempfile
import threading
import time

import certs
import programs
import transfer
from scenarios import DESCRIPTORS, IDLE_FLAGS, Load, ScenarioError, brokers, peers

CONNECTIONS_MAX = 6_000  # HAProxy reckons descriptors for pipes on top of it
RESUMED_SHARE_MIN = 0.9  # the first clients of a fleet have no session to resume yet
PLANNED_SHARE_MIN = 0.98  # a generator that sends less than this is no generator


class Pki:
    """Certificates for both: jumpgate takes two files, HAProxy the two in one."""

    def __init__(self, folder):
        certs.make_pki(folder)
        self.ca = os.path.join(folder, "ca.crt")
        self.pair = tuple(os.path.join(folder, name) for name in ("server.crt", "server.key"))
        self.pem = os.path.join(folder, "pair.pem")
        with open(self.pem, "w") as pem:
            for name in self.pair:
                with open(name) as part:
                    pem.write(part.read())


@contextlib.contextmanager
def pki():
    with tempfile.TemporaryDirectory(prefix="jumpgate-bench-") as folder:
        yield Pki(folder)


@contextlib.contextmanager
def proxy(name, broker_port, haproxy_path, certificates):
    """A proxy with one thread; `port` is where it speaks TLS, or plain where there is no PKI."""
    if name == "haproxy":
        pem = certificates.pem if certificates else None
        program = programs.start_haproxy(haproxy_path, broker_port, 1, CONNECTIONS_MAX, pem)
    else:
        pair = certificates.pair if certificates else None
        program = programs.start_gate([broker_port], ["--threads", "1"], certificate=pair,
                                      descriptors=DESCRIPTORS)
        program.port = program.tls_port or program.port
    try:
        yield program
    finally:
        code = program.stop()
    if name == "jumpgate" and code != 0:
        raise ScenarioError(f"jumpgate ended with exit code {code}, {program.tail()}")


def load(mode, port, certificates, *flags, **options):
    """A fleet that asks for the certificate's name and verifies it, or a plain one."""
    tls = ["-S", "--cacertfile", certificates.ca, "--sni", "localhost"] if certificates else []
    return Load(mode, port, *tls, *flags, **options)


def medians(costs):
    """{"a": [3, 1, 2]} -> {"a": {"median": 2, "all": [3, 1, 2]}}"""
    return {name: {"median": round(statistics.median(all_of_them), 4), "all": all_of_them}
            for name, all_of_them in costs.items() if all_of_them}


# ---- handshakes ----------------------------------------------------------------------------------

CONNECTS = {"plain": None, "full": 0, "resumed": 100}  # share of resumed handshakes, percent


def connect_cost(name, kind, haproxy_path, certificates, count, per_second):
    """CPU us of the proxy for one client, from accept until its CONNACK has passed."""
    trust = certificates if kind != "plain" else None
    share = ("--tls-resume", CONNECTS[kind]) if trust else ()
    with brokers(1, descriptors=DESCRIPTORS) as (broker,), \
            proxy(name, broker.port, haproxy_path, trust) as gate:
        before = gate.cpu_seconds()
        fleet = load("conn", gate.port, trust, "-c", count, "-R", per_second, "--duration", 0,
                     *share, *IDLE_FLAGS)
        fleet.wait_for_clients(count)
        cpu = gate.cpu_seconds() - before
        fleet.stop()
        result = fleet.result()
    if result["clients"]["connected"] != count or result["clients"]["connections_lost"]:
        raise ScenarioError(f"{name}, {kind}: {result['clients']}, {result['setup_failures']}")
    resumed = result["tls"]["handshakes_resumed"] / count if trust else 0
    if resumed and kind == "full" or resumed < RESUMED_SHARE_MIN and kind == "resumed":
        raise ScenarioError(f"{name}, {kind}: {resumed:.0%} of the handshakes were resumed")
    return round(cpu * 1e6 / count, 1)


def handshake_cost(haproxy_path, rounds=3, count=1_200, per_second=1_000):
    """{kind: {proxy: CPU us per client}}; "plain" is what the same connect costs without TLS."""
    costs = {kind: {name: [] for name in peers(haproxy_path)} for kind in CONNECTS}
    with pki() as certificates:
        for _ in range(rounds):
            for kind, by_name in costs.items():
                for name, all_of_them in by_name.items():
                    all_of_them.append(connect_cost(name, kind, haproxy_path, certificates, count,
                                                    per_second))
    return {kind: medians(by_name) for kind, by_name in costs.items()}


# ---- messages ------------------------------------------------------------------------------------

class Steady:
    """What a proxy spent on the messages between the first and the last live line of a fleet."""

    def __init__(self, gate, clients):
        self.gate, self.clients = gate, clients
        self.samples = []  # (CPU seconds so far, messages since the line before)

    def note(self, live):
        if live["connected"] == self.clients:
            self.samples.append((self.gate.cpu_seconds(), live["sent"] + live["received"]))

    def us_per_message(self):
        if len(self.samples) < 3:
            raise ScenarioError(f"{self.gate.name}: only {len(self.samples)} seconds to measure")
        messages = sum(count for _, count in self.samples[1:])
        return round((self.samples[-1][0] - self.samples[0][0]) * 1e6 / messages, 3)


# 500 clients, 20,000 messages a second that pass the proxy. A message between devices passes twice,
# and so does its PUBACK.
LOADS = {"published, QoS 0": ("pub", ("-I", 25, "-q", 0, "-t", "bench/%i")),
         "device to device, QoS 1": ("p2p", ("-I", 25, "-q", 1))}


def message_run(name, kind, haproxy_path, certificates, clients, seconds):
    mode, flags = LOADS[kind]
    with brokers(1) as (broker,), proxy(name, broker.port, haproxy_path, certificates) as gate:
        steady = Steady(gate, clients)
        result = load(mode, gate.port, certificates, "-c", clients, "-s", 100,
                      "--duration", seconds, *flags, on_live=steady.note).result()
    messages = result["messages"]
    if messages["lost"] or messages["sent"] < PLANNED_SHARE_MIN * messages["planned"]:
        raise ScenarioError(f"{name}, {kind}: {messages}")
    return steady.us_per_message(), result["latency_us"]


def message_cost(haproxy_path, rounds=3, clients=500, seconds=3):
    """CPU us of the proxies for each 100-byte message that they pass on; p99 of its way in us."""
    names = peers(haproxy_path)
    costs = {kind: {name: [] for name in names} for kind in LOADS}
    latencies = {kind: {name: [] for name in names} for kind in LOADS}
    with pki() as certificates:
        for _ in range(rounds):
            for kind in LOADS:
                for name in names:
                    cost, latency = message_run(name, kind, haproxy_path, certificates, clients,
                                                seconds)
                    costs[kind][name].append(cost)
                    if latency["count"] > 0:  # somebody received
                        latencies[kind][name].append(latency["p99"])
    return {kind: {"cpu_us": medians(costs[kind]), "p99_us": medians(latencies[kind])}
            for kind in LOADS}


# ---- bulk ----------------------------------------------------------------------------------------

def bulk_run(name, haproxy_path, certificates, total, upwards):
    """CPU seconds of the proxy per GB; the bytes must arrive unchanged."""
    context = ssl.create_default_context(cafile=certificates.ca)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        gate = stack.enter_context(proxy(name, listener.getsockname()[1], haproxy_path,
                                         certificates))
        wire = stack.enter_context(socket.create_connection(("127.0.0.1", gate.port), 30))
        client = stack.enter_context(context.wrap_socket(wire, server_hostname="localhost"))
        client.sendall(transfer.CONNECT)
        broker = stack.enter_context(listener.accept()[0])
        before = gate.cpu_seconds()
        sender, receiver = (client, broker) if upwards else (broker, client)
        sent = []
        thread = threading.Thread(
            target=lambda: sent.append(transfer.send_all(sender, total, end=False)))
        thread.start()
        received = transfer.receive_all(receiver, len(transfer.CONNECT) if upwards else 0, total)
        cpu = gate.cpu_seconds() - before
        thread.join()
    if received != (sent[0], total):
        raise ScenarioError(f"{name}: {received[1]} of {total} bytes came, or others than were "
                            "sent")
    return round(cpu / (total / 1e9), 4)


def bulk_cost(haproxy_path, rounds=6, mebibytes=256):
    """{"up" and "down": {proxy: CPU seconds per GB}}; one client, one broker."""
    costs = {way: {name: [] for name in peers(haproxy_path)} for way in ("up", "down")}
    with pki() as certificates:
        for _ in range(rounds):
            for way, by_name in costs.items():
                for name, all_of_them in by_name.items():
                    all_of_them.append(bulk_run(name, haproxy_path, certificates,
                                                mebibytes << 20, way == "up"))
    return {way: medians(by_name) for way, by_name in costs.items()}


# ---- memory --------------------------------------------------------------------------------------

def memory_run(name, haproxy_path, certificates, clients, per_second):
    with brokers(1, descriptors=DESCRIPTORS) as (broker,), \
            proxy(name, broker.port, haproxy_path, certificates) as gate:
        none = gate.pss_bytes()
        fleet = load("conn", gate.port, certificates, "-c", clients, "-R", per_second,
                     "--duration", 0, *IDLE_FLAGS)
        fleet.wait_for_clients(clients)
        time.sleep(1)  # what the last handshakes needed is given back
        all_of_them = gate.pss_bytes()
        fleet.stop()
        result = fleet.result()
    if result["clients"]["connections_lost"]:
        raise ScenarioError(f"{name}: {result['clients']}")
    return round((all_of_them - none) / clients)


def idle_memory(haproxy_path, rounds=1, clients=5_000, per_second=1_000):
    """{proxy: bytes of PSS for each idle client}, against the fresh process with none."""
    used = {name: [] for name in peers(haproxy_path)}
    with pki() as certificates:
        for _ in range(rounds):
            for name, all_of_them in used.items():
                all_of_them.append(memory_run(name, haproxy_path, certificates, clients,
                                              per_second))
    return medians(used)
