"""What `jumpload broker` can take, beside mosquitto: the same load, one core each.

Law: the generator runs on one core and the broker on another, in turns (A B A B ...), medians. The
load is more than mosquitto can take. What a broker can take is what it passes on per second of its
own CPU time: the rate that it reached is told as well, but a generator on one core, and whatever
else the machine does, limit that first. No scenario judges: run.py holds the limits.
"""
import contextlib
import os
import statistics

import programs
from scenarios import Load, ScenarioError

GENERATOR_CORE, BROKER_CORE = 0, 1
BROKERS = ("jumpload broker", "mosquitto")
SHARED = ("-R", 1000, "-V", 4, "--threads", 1)
TOPIC = "bench/fanout"


@contextlib.contextmanager
def pinned_to(core):
    """Programs that are started in here run on this core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def broker(name):
    port = programs.free_port()
    with pinned_to(BROKER_CORE):
        if name == "mosquitto":
            program = programs.start_mosquitto(1, port, "max_queued_messages 0\n")
        else:
            program = programs.start_embedded(1, port)
    try:
        yield program
    finally:
        program.stop()


def generate(mode, port, *flags, on_live=None):
    with pinned_to(GENERATOR_CORE):
        return Load(mode, port, *SHARED, *flags, on_live=on_live)


# Each plays its load and returns (messages that passed, the lines of each second).

def publish_only(port, seconds):
    lines = []
    load = generate("pub", port, "-c", 50, "-I", 0.0125, "-s", 64, "-t", "bench/%i",
                    "--duration", seconds, on_live=lines.append)
    return load.result()["messages"]["sent"], [line["sent"] for line in lines]


def pairs(port, seconds):
    lines = []
    load = generate("p2p", port, "-c", 100, "-I", 0.1, "-s", 64, "--duration", seconds,
                    on_live=lines.append)
    return load.result()["messages"]["received"], [line["received"] for line in lines]


def fan_out(port, seconds, subscribers=100):
    lines = []
    listeners = generate("sub", port, "-c", subscribers, "-t", TOPIC, on_live=lines.append)
    listeners.wait_for_clients(subscribers)
    generate("pub", port, "-c", 1, "-I", 0.1, "-s", 64, "-t", TOPIC,
             "--duration", seconds).result()
    listeners.stop()
    return listeners.result()["messages"]["received"], [line["received"] for line in lines]


LOADS = {"publish only": publish_only, "pairs": pairs, "fan-out 1:100": fan_out}


def saturated_rates(rounds=3, seconds=4):
    """{load: {broker: {"per_cpu_second": N, "per_second": N, "all": [N]}}}; QoS 0, 64 bytes."""
    if programs.find("mosquitto") is None:
        raise ScenarioError("mosquitto, the peer, is not installed")
    if not {GENERATOR_CORE, BROKER_CORE} <= os.sched_getaffinity(0):
        raise ScenarioError("two cores are needed, 0 and 1: one is the generator's, one the "
                            "broker's")
    found = {load: {name: [] for name in BROKERS} for load in LOADS}
    reached = {load: {name: [] for name in BROKERS} for load in LOADS}
    for _ in range(rounds):
        for load, play in LOADS.items():
            for name in BROKERS:
                with broker(name) as program:
                    before = program.cpu_seconds()
                    passed, rates = play(program.port, seconds)
                    cpu = program.cpu_seconds() - before
                found[load][name].append(round(passed / cpu))
                reached[load][name].append(max(rates, default=0))
    return {load: {name: {"per_cpu_second": statistics.median(found[load][name]),
                          "per_second": statistics.median(reached[load][name]),
                          "all": found[load][name]} for name in BROKERS} for load in LOADS}
