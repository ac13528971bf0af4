"""jumpgate beside HAProxy and nginx: what `./dev bench` reports of it, and the limits it promises.

A Comparison is one figure of all proxies, round by round; a limit is on the ratio of the medians,
ours to a peer's or to the best of them. run.py plays this, benchmark_table.py writes it down.
"""
import dataclasses
import statistics

import proxy_scenarios
import ratios
from peer_proxies import HAPROXY, JUMPGATE, NGINX

BEST = "the best"
IDLE_BYTES_LIMIT = 512  # user memory of jumpgate for an idle client
SATURATED_SHARE = 0.95  # of its core: else the generator was the limit, and not the proxy
# Which of the two is what saturation means, the run tells.
AT_THE_LIMIT = ("messages a second", "messages per CPU second")
SATURATED = ", saturated"

# {figure: {peer: ratio}}; at most, or at least where more is better.
LIMITS = {
    "CPU per new connection": {HAPROXY: 0.85, NGINX: 0.70},
    "CPU per message, 5,000 msg/s, 100 B": {HAPROXY: 0.70, NGINX: 0.85},
    "CPU per message, 20,000 msg/s, 100 B": {BEST: 0.85},
    "CPU per message, 60,000 msg/s, 100 B": {BEST: 0.85},
    "p99 latency, 20,000 msg/s, 100 B": {BEST: 0.8},
    "messages a second, saturated": {BEST: 1.05},
    "messages per CPU second, saturated": {BEST: 1.05},
    "bulk, CPU per GB": {BEST: 0.5},
    "user memory per idle client": {HAPROXY: 0.15, NGINX: 0.06},
    "user and kernel memory per idle client": {BEST: 1.0},
    "clients of one process, 20,000 descriptors": {BEST: 1.9},
}


@dataclasses.dataclass
class Comparison:
    what: str
    unit: str
    rounds: dict  # {proxy: [one figure per round]}
    at_least: bool = False  # more is better
    aside: dict = dataclasses.field(default_factory=dict)  # {name: percent}: said, not compared
    direct: float = None  # the same without any proxy

    def median(self, name):
        return statistics.median(self.rounds[name])

    def peers(self):
        return {name: rounds for name, rounds in self.rounds.items() if name != JUMPGATE}

    def peer(self, name):
        return ratios.best(self.peers(), self.at_least) if name == BEST else name

    def limit(self, peer):
        """On the ratio to this peer, or None."""
        asked = {self.peer(name): limit for name, limit in LIMITS.get(self.what, {}).items()}
        return asked.get(peer)

    def ratio(self, peer):
        return ratios.ratio(self.rounds[JUMPGATE], self.rounds[peer])

    def interval(self, peer):
        return ratios.interval(self.rounds[JUMPGATE], self.rounds[peer])

    def is_worse(self, peer):
        return self.ratio(peer) < 1 if self.at_least else self.ratio(peer) > 1

    def held(self, peer):
        """Whether its limit holds, None where there is none."""
        limit = self.limit(peer)
        if limit is None:
            return None
        return self.ratio(peer) >= limit if self.at_least else self.ratio(peer) <= limit


def rounded(value):
    """Three digits or more: 0.123, 12.3, 12345."""
    digits = 3 if abs(value) < 10 else 1 if abs(value) < 1_000 else 0
    return round(value, digits) if digits else round(value)


def add(report, comparison):
    for name in comparison.rounds:
        report.add(f"{name}: {comparison.what}", rounded(comparison.median(name)),
                   comparison.unit)
    for name, percent in comparison.aside.items():
        report.add(f"... {name}", percent, "%")
    for peer in comparison.peers():
        report.add(f"jumpgate / {peer}: {comparison.what}", round(comparison.ratio(peer), 3), "",
                   comparison.limit(peer), comparison.at_least)


def told(report, comparisons):
    for comparison in comparisons:
        add(report, comparison)
    return {"comparisons": [dataclasses.asdict(comparison) for comparison in comparisons]}


def busy(found):
    """How much of their cores the proxies used, and the generator with its brokers."""
    return {f"{name}: {whose} core busy": round(100 * statistics.median(by_name[name]))
            for whose, by_name in (("its", found["proxy_share"]),
                                   ("the generator's", found["generator_share"]))
            for name in by_name if name != proxy_scenarios.DIRECT}


# ---- one function per scenario -------------------------------------------------------------------

def run_connects(report, options):
    found = proxy_scenarios.connects(options.side_rounds)
    return told(report, [
        Comparison("CPU per new connection", "us", found["cpu_us"]),
        Comparison("new connections", "/s", found["per_second"], at_least=True,
                   aside=busy(found))])


def run_messages(report, options):
    comparisons = []
    for kind, found in proxy_scenarios.messages(options.side_rounds).items():
        comparisons.append(Comparison(f"CPU per message, {kind}", "us", found["cpu_us"],
                                      aside=busy(found)))
        for figure, what in (("p50_us", "p50"), ("p99_us", "p99"), ("p99_9_us", "p99.9")):
            direct = found[figure].pop(proxy_scenarios.DIRECT)
            comparisons.append(Comparison(f"{what} latency, {kind}", "us", found[figure],
                                          direct=statistics.median(direct)))
    return told(report, comparisons)


def run_saturated(report, options):
    found = proxy_scenarios.saturated(options.side_rounds)
    reached = Comparison(AT_THE_LIMIT[0], "/s", found["per_second"], at_least=True,
                         aside=busy(found))
    cost = Comparison(AT_THE_LIMIT[1], "/s", found["per_cpu_second"], at_least=True)
    compared = (JUMPGATE, reached.peer(BEST))
    by_proxy = all(statistics.median(found["proxy_share"][name]) >= SATURATED_SHARE
                   for name in compared)
    # Where the generator's core was full first, its rate is not that of the proxy.
    (reached if by_proxy else cost).what += SATURATED
    return told(report, [reached, cost])


def run_bulk(report, options):
    found = proxy_scenarios.bulk(options.side_rounds)
    return told(report, [
        Comparison("bulk, CPU per GB", "s/GB", found["cpu_s_per_gb"]),
        Comparison("bulk", "Gb/s", found["gbit_per_second"], at_least=True, aside=busy(found))])


def run_awake(report, options):
    comparisons = []
    for kind, found in proxy_scenarios.awake(options.side_rounds).items():
        comparisons.append(Comparison(f"p50 latency, awake, {kind}", "us", found["p50_us"],
                                      aside=busy(found)))
        comparisons.append(Comparison(f"p99 latency, awake, {kind}", "us", found["p99_us"]))
    return told(report, comparisons)


def run_memory(report, options):
    found = proxy_scenarios.idle_memory(options.side_rounds)
    figures = told(report, [
        Comparison("user memory per idle client", "bytes", found["user"]),
        Comparison("kernel memory per idle client", "bytes", found["kernel"]),
        Comparison("user and kernel memory per idle client", "bytes", found["total"])])
    report.add("... user memory of jumpgate", rounded(statistics.median(found["user"][JUMPGATE])),
               "bytes", IDLE_BYTES_LIMIT)
    return figures


def run_clients(report, _):
    found = proxy_scenarios.crowds()
    beside = found.pop(proxy_scenarios.NGINX_TWICE)
    figures = told(report, [Comparison("clients of one process, 20,000 descriptors", "clients",
                                       found, at_least=True)])
    report.add("... of nginx's two workers, a process each", beside[0], "clients")
    return figures


def run_threads(report, options):
    found = proxy_scenarios.two_threads(options.side_rounds)
    return told(report, [
        Comparison("CPU per message, 2 threads, 20,000 msg/s, 100 B", "us", found["cpu_us"]),
        Comparison("p99 latency, 2 threads, 20,000 msg/s, 100 B", "us", found["p99_us"])])


SCENARIOS = {"side_connects": run_connects, "side_messages": run_messages,
             "side_saturated": run_saturated, "side_bulk": run_bulk, "side_memory": run_memory,
             "side_clients": run_clients, "side_threads": run_threads, "side_awake": run_awake}
