"""The scenarios of `./dev bench` that set jumpgate beside HAProxy and nginx, in turns.

Law: equal work (peer_proxies.py), a fresh proxy and fresh brokers for every run, A B C A B C ...,
each proxy one thread on one core; jumpload and the three brokers share the other. CPU is that of
all threads of the proxy's process tree between two live lines of jumpload, behind the warm-up; a
run whose messages were lost is no figure. No scenario judges: side_by_side.py holds the limits.

"messages" are those that pass the proxy: an echo passes twice. jumpload on one core with its
brokers can be the limit itself; `generator_share` (of that core) tells, and then the rate is not
the proxy's.
"""
import contextlib
import statistics
import time

import bulk_stream
from broker_scenarios import pinned_to
from peer_proxies import AWAKE, HAPROXY, HAPROXY_SPLICE, JUMPGATE, NGINX, PLAIN, proxy
from scenarios import DESCRIPTORS, IDLE_FLAGS, Load, ScenarioError, brokers

GENERATOR_CORE, PROXY_CORE = 0, 1
DIRECT = "direct"  # no proxy: what generator and brokers take by themselves
BROKERS = 3


@contextlib.contextmanager
def setting(name, threads=1, core=PROXY_CORE):
    """Yields (what clients connect to, the brokers); `core` None: on all of them."""
    with contextlib.ExitStack() as stack:
        with pinned_to(GENERATOR_CORE):
            far = stack.enter_context(brokers(BROKERS, descriptors=DESCRIPTORS))
        if name == DIRECT:
            yield far[0], far
        else:
            ports = [broker.port for broker in far]
            yield stack.enter_context(proxy(name, ports, threads, core)), far


def load(mode, port, *flags, **options):
    with pinned_to(GENERATOR_CORE):
        return Load(mode, port, "--threads", 1, *flags, **options)


class Window:
    """What passed and what it cost from the first to the last live line of the measured time."""

    COUNTS = ("sent", "received", "reconnects")

    def __init__(self, gate, generator):
        self.gate, self.generator = gate, generator
        self.samples = []  # (time, CPU of the proxy, CPU of the generator's core, counts)

    def note(self, live):
        if live["stage"] == "measuring":
            self.samples.append((time.monotonic(), self.gate.cpu_seconds(),
                                 sum(program.cpu_seconds() for program in self.generator),
                                 [live[name] for name in self.COUNTS]))

    def figures(self):
        if len(self.samples) < 3:
            raise ScenarioError(f"{self.gate.name}: only {len(self.samples)} seconds to measure")
        first, last = self.samples[0], self.samples[-1]
        seconds, cpu, generator = (last[at] - first[at] for at in range(3))
        counts = [sum(sample[3][at] for sample in self.samples[1:])
                  for at in range(len(self.COUNTS))]
        return {"seconds": seconds, "cpu": cpu, "share": cpu / seconds,
                "generator_share": generator / seconds, **dict(zip(self.COUNTS, counts))}


def play(name, mode, *flags, threads=1, core=PROXY_CORE):
    """One run: (the figures of its window, jumpload's result)."""
    with setting(name, threads, core) as (gate, far):
        window = Window(gate, list(far))
        fleet = load(mode, gate.port, *flags, on_live=window.note)
        window.generator.append(fleet.program)
        result = fleet.result()
    if "messages" in result and result["messages"]["lost"]:
        raise ScenarioError(f"{name}, {mode}: {result['messages']['lost']} messages lost")
    return window.figures(), result


def in_turns(names, rounds, run):
    """{figure: {name: [one per round]}}; `run(name)` returns {figure: number}."""
    found = {}
    for _ in range(rounds):
        for name in names:
            for figure, value in run(name).items():
                found.setdefault(figure, {}).setdefault(name, []).append(value)
    return found


# ---- new connections -----------------------------------------------------------------------------

# --churn: each client says DISCONNECT, closes and dials again, evenly over time.
CHURN = ("conn", "-V", 4, "--reconnect-min-ms", 1, "--reconnect-max-ms", 1, "--duration", 4,
         "--ifaddr", "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4", *IDLE_FLAGS)
PLANNED = ("-c", 400, "-R", 4_000, "--churn", "500%/s")  # 2,000 a second
FLOOD = ("-c", 2_000, "-R", 10_000, "--churn", "1000%/s")  # 20,000 a second, which nobody takes


def connects(rounds):
    """CONNECT, CONNACK, DISCONNECT, close: CPU at 2,000 a second, and how many there can be."""
    def run(name):
        planned, _ = play(name, *CHURN, *PLANNED)
        flood, _ = play(name, *CHURN, *FLOOD)
        return {"cpu_us": planned["cpu"] * 1e6 / planned["reconnects"],
                "per_second": flood["reconnects"] / flood["seconds"],
                "proxy_share": flood["share"], "generator_share": flood["generator_share"]}
    return in_turns(PLAIN, rounds, run)


# ---- messages ------------------------------------------------------------------------------------

# Messages that pass in a second, clients, bytes of payload, QoS, seconds. All are echoes: each
# client hears its own topic, so that any broker serves it whole.
PLANS = {"5,000 msg/s, 100 B": (5_000, 100, 100, 0, 4),
         "20,000 msg/s, 16 B": (20_000, 500, 16, 0, 3),
         "20,000 msg/s, 100 B": (20_000, 500, 100, 0, 4),
         "20,000 msg/s, 1 KB": (20_000, 500, 1_000, 0, 3),
         "20,000 msg/s, 100 B, QoS 1": (20_000, 500, 100, 1, 3),
         "60,000 msg/s, 100 B": (60_000, 500, 100, 0, 4)}
PERCENTILES = ("p50", "p99", "p99_9")


def message_run(name, plan, **cores):
    passing, clients, size, qos, seconds = plan
    window, result = play(name, "pubsub", "-V", 4, "-c", clients, "-R", 4_000, "-s", size,
                          "--rate", passing // 2, "-q", qos, "--warm-up", "500ms",
                          "--duration", seconds, **cores)
    passed = window["sent"] + window["received"]
    latency = {f"{at}_us": result["latency_us"][at] for at in PERCENTILES}
    cost = {} if name == DIRECT else {"cpu_us": window["cpu"] * 1e6 / passed}
    return {**cost, **latency, "per_second": passed / window["seconds"],
            "proxy_share": window["share"], "generator_share": window["generator_share"]}


def messages(rounds):
    """{plan: {figure: {name: [...]}}}; of `direct` there is one round, and the latency alone."""
    found = {}
    for kind, plan in PLANS.items():
        found[kind] = in_turns(PLAIN, rounds, lambda name, plan=plan: message_run(name, plan))
        for figure, value in message_run(DIRECT, plan).items():
            found[kind].setdefault(figure, {})[DIRECT] = [value]
    return found


def saturated(rounds):
    """500 clients, each with one message of QoS 1 under way: the next one follows its PUBACK."""
    def run(name):
        window, result = play(name, "pub", "-V", 4, "-c", 500, "-R", 4_000, "-s", 100, "-q", 1,
                              "--think-time", "1us", "-t", "bench/%i", "--warm-up", "500ms",
                              "--duration", 4)
        return {"per_second": window["sent"] / window["seconds"],
                "per_cpu_second": window["sent"] / window["cpu"],
                "p99_us": result["acknowledgement_us"]["p99"],
                "proxy_share": window["share"], "generator_share": window["generator_share"]}
    return in_turns(PLAIN, rounds, run)


def bulk(rounds, size=65_536, clients=8, warm_up_s=0.7, seconds=3):
    """Each client publishes 64 KiB again and again, QoS 0; TCP alone slows it down.

    Not with jumpload: what it copies and checks fills its core long before a proxy's is full, and
    then a proxy that is quicker only sleeps, and is woken, more often.
    """
    def run(name):
        with pinned_to(GENERATOR_CORE), contextlib.ExitStack() as stack:
            sinks = stack.enter_context(contextlib.closing(bulk_stream.Sinks(BROKERS)))
            gate = stack.enter_context(proxy(name, sinks.ports, 1, PROXY_CORE))
            stack.enter_context(contextlib.closing(
                bulk_stream.Senders(gate.port, clients, size)))
            sinks.wait_for(clients, size)
            time.sleep(warm_up_s)
            before = bulk_sample(gate, sinks)
            time.sleep(seconds)
            taken, cpu, generator, count = (
                now - then for now, then in zip(bulk_sample(gate, sinks), before))
        return {"cpu_s_per_gb": cpu / (count / 1e9), "gbit_per_second": 8 * count / 1e9 / taken,
                "proxy_share": cpu / taken, "generator_share": generator / taken}
    return in_turns((JUMPGATE, HAPROXY, HAPROXY_SPLICE, NGINX), rounds, run)


def bulk_sample(gate, sinks):
    """(time, CPU seconds of the proxy, and of this process, which is the generator, bytes)"""
    return time.monotonic(), gate.cpu_seconds(), time.process_time(), sinks.bytes()


def two_threads(rounds):
    """20,000 msg/s through two threads on the two cores that the rest needs as well."""
    return in_turns(PLAIN, rounds, lambda name: message_run(name, PLANS["20,000 msg/s, 100 B"],
                                                            threads=2, core=None))


def awake(rounds):
    """{plan: {figure: ...}} of those that look for work instead of sleeping."""
    def run(name, plan):
        return message_run(AWAKE[name], PLANS[plan])
    return {plan: in_turns(tuple(AWAKE), rounds, lambda name, plan=plan: run(name, plan))
            for plan in ("5,000 msg/s, 100 B", "20,000 msg/s, 100 B")}


# ---- memory --------------------------------------------------------------------------------------

KERNEL = ("Slab", "KernelStack", "PageTables", "SecPageTables", "Percpu")


def kernel_bytes():
    """Of the whole machine: what the kernel holds for sockets, polls, requests and page tables."""
    with open("/proc/meminfo") as info:
        lines = dict(line.split(":") for line in info)
    return 1024 * sum(int(lines[name].split()[0]) for name in KERNEL if name in lines)


def memory_run(name, clients):
    """(user, kernel) bytes for each of `clients` idle ones, against the fresh process."""
    with setting(name) as (gate, _):
        none = gate.pss_bytes(), kernel_bytes()
        fleet = load("conn", gate.port, "-c", clients, "-R", 2_500, "-V", 4, *IDLE_FLAGS)
        fleet.wait_for_clients(clients)
        time.sleep(1.5)  # kernel buffers of what has just connected are given back
        held = gate.pss_bytes(), kernel_bytes()
        fleet.stop()
        fleet.result()
    return [(now - before) / clients for now, before in zip(held, none)]


def idle_memory(rounds, clients=8_000):
    """The kernel's is less what the clients' and the brokers' own ends take without a proxy."""
    def run(name):
        user, kernel = memory_run(name, clients)
        return {"user": user, "kernel": kernel}
    found = in_turns((DIRECT, *PLAIN), rounds, run)
    ends = statistics.median(found["kernel"].pop(DIRECT))
    del found["user"][DIRECT]  # the broker's own
    found["kernel"] = {name: [value - ends for value in values]
                       for name, values in found["kernel"].items()}
    found["total"] = {name: [user + kernel for user, kernel in zip(values, found["kernel"][name])]
                      for name, values in found["user"].items()}
    return found


# ---- how many clients ----------------------------------------------------------------------------

# (proxy, threads, clients that are asked for). jumpgate has a descriptor table for each thread. A
# worker of nginx is a process with a limit of its own: one of them is what is compared.
NGINX_TWICE = "nginx, two processes"
CROWDS = {JUMPGATE: (JUMPGATE, 2, 19_900), "haproxy": ("haproxy", 2, 12_000),
          "nginx": ("nginx", 1, 12_000), NGINX_TWICE: ("nginx", 2, 19_900)}


def crowd_run(name, threads, asked, patience_s=3):
    """The most clients that had a CONNACK at once, of `asked`."""
    with setting(name, threads, core=None) as (gate, _):
        fleet = load("conn", gate.port, "-c", asked, "-R", 4_000, "-V", 4, "--ifaddr",
                     "127.0.0.1,127.0.0.2,127.0.0.3", *IDLE_FLAGS)
        most, since = 0, time.monotonic()
        while most < asked and time.monotonic() - since < patience_s:
            time.sleep(0.2)
            now = fleet.live["connected"] if fleet.live else 0
            if now > most or not now:
                most, since = max(most, now), time.monotonic()
        fleet.stop()
        fleet.result(allowed=(0, 1, 3))  # 1: some could not connect, as was to be shown
    return most


def crowds():
    return {name: [crowd_run(*how)] for name, how in CROWDS.items()}
