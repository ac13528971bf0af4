"""./dev bench: measures jumpgate, compares with the limits it promises, writes JSON.

Exit code 0 where every limit holds, 1 where one does not or a measurement failed. The machine is
shared and small: quote medians and ratios, and the load average that the JSON carries.
"""
import argparse
import json
import os
import statistics
import sys
import time

import benchmark_table
import broker_scenarios
import generator_scenarios
import guard
import peer_proxies
import programs
import scenarios
import side_by_side
import tls_scenarios

NS_LIMITS = {"parse_connect": 150, "route/8": 40, "route/1024": 80}
SPLICE_RATIO_LIMIT = 0.6
CLIENTS = 18_000
CROWD = 35_000
# Of HAProxy's, by what is compared.
TLS_LIMITS = {"full": 0.9, "resumed": 0.7, "published, QoS 0": 0.95, "up": 1.0, "down": 1.0,
              "idle": 0.25}
TLS_IDLE_BYTES_LIMIT = 6 * 1024
# Of jumpload: CPU of a quarter of emqtt-bench's per message, a tenth per connect.
GENERATOR_LIMITS = {"QoS 0 message": 8.75, "QoS 1 message": 13.25, "connect": 90,
                    "idle client": 700}
GENERATOR_LATENESS_LIMIT_US = 1_000
BROKER_RATIO_LIMIT = 4  # of mosquitto's saturated rate, one core each


class Report:
    """Rows of (figure, value, limit, held). `held` is None where nothing was promised."""

    def __init__(self):
        self.rows = []
        self.figures = {}

    def add(self, name, value, unit, limit=None, at_least=False):
        held = None
        if limit is not None:
            held = value >= limit if at_least else value <= limit
        row = {"figure": name, "value": value, "unit": unit, "limit": limit,
               "at_least": at_least, "held": held}
        self.rows.append(row)
        print(f"  {self.line(row)}", flush=True)

    def fail(self, name, why):
        self.rows.append({"figure": name, "value": None, "unit": "", "limit": None,
                          "at_least": False, "held": False, "why": str(why)})
        print(f"  {name}: FAILED: {why}", flush=True)

    @staticmethod
    def line(row):
        if row["value"] is None:
            return f"{row['figure']:<58}{'failed':>18}"
        value = f"{row['value']:,} {row['unit']}"
        if row["limit"] is None:
            return f"{row['figure']:<58}{value:>18}"
        limit = f"{'at least' if row['at_least'] else 'at most'} {row['limit']:,}"
        return f"{row['figure']:<58}{value:>18}   {limit:<18}{'held' if row['held'] else 'BROKEN'}"

    def broken(self):
        return [row for row in self.rows if row["held"] is False]


# ---- one function per scenario: measure, then report ---------------------------------------------

def run_micro(report, _):
    times = scenarios.micro()
    if times is None:
        raise scenarios.ScenarioError("build/bench/micro is missing: install libbenchmark-dev, "
                                      "then `meson setup --reconfigure build` and build again")
    for name, nanoseconds in sorted(times.items()):
        report.add(f"{name}, CPU time", nanoseconds, "ns", NS_LIMITS.get(name))
    return times


def run_clients(report, _):
    figures = scenarios.many_clients(CLIENTS)
    low, high = figures["descriptor_limit"]
    if (low, high) != (str(scenarios.DESCRIPTORS),) * 2:
        raise scenarios.ScenarioError(f"jumpgate ran under a descriptor limit of {low}/{high}")
    report.add("clients relayed by one process, 20,000 descriptors",
               figures["relays_by_jumpgate"], "clients", CLIENTS, at_least=True)
    report.add("... that answered PINGREQ", figures["pings_answered"], "clients", CLIENTS,
               at_least=True)
    report.add("... connections lost", figures["connections_lost"], "clients", 0)
    for name, mebibytes in figures["pss_mib"].items():
        report.add(f"... memory of {name} (PSS)", mebibytes, "MiB")
    return figures


def run_transfer(report, options):
    figures = scenarios.bulk_transfer(rounds=options.rounds)
    for direction in ("up", "down"):
        for setting in ("auto", "copy"):
            report.add(f"1 GiB {direction}, --splice {'auto' if setting == 'auto' else 'never'}",
                       figures["cpu_seconds_per_gb"][setting][direction]["median"], "CPU s/GB")
        report.add(f"... CPU of auto / never, {direction}, same checksum",
                   figures["ratio"][direction], "", SPLICE_RATIO_LIMIT)
    return figures


def add_compared(report, what, unit, figures, limit=None):
    """A row for each proxy, and one for the ratio where there was a peer."""
    for name, figure in figures.items():
        report.add(f"{name}: {what}", figure["median"], unit)
    if "haproxy" in figures:
        ratio = round(figures["jumpgate"]["median"] / figures["haproxy"]["median"], 3)
        report.add("... jumpgate / haproxy", ratio, "", limit)


def run_tls_handshakes(report, options):
    figures = tls_scenarios.handshake_cost(options.haproxy, options.rounds)
    for kind, by_name in figures.items():
        what = "without TLS" if kind == "plain" else f"{kind} handshake"
        add_compared(report, f"CPU per connect, {what}", "us", by_name, TLS_LIMITS.get(kind))
    return figures


def run_tls_messages(report, options):
    figures = tls_scenarios.message_cost(options.haproxy, options.rounds)
    for kind, found in figures.items():
        add_compared(report, f"CPU per message, {kind}", "us", found["cpu_us"],
                     TLS_LIMITS.get(kind))
    return figures


def run_tls_bulk(report, options):
    figures = tls_scenarios.bulk_cost(options.haproxy, 2 * options.rounds)  # short, and noisy
    for way, by_name in figures.items():
        add_compared(report, f"TLS client, bulk {way}", "CPU s/GB", by_name, TLS_LIMITS[way])
    return figures


def run_tls_memory(report, options):
    figures = tls_scenarios.idle_memory(options.haproxy)
    add_compared(report, "memory per idle TLS client (PSS)", "bytes", figures, TLS_LIMITS["idle"])
    report.add("... of jumpgate", figures["jumpgate"]["median"], "bytes", TLS_IDLE_BYTES_LIMIT)
    return figures


def run_broker(report, options):
    figures = broker_scenarios.saturated_rates(options.rounds)
    for load, by_name in figures.items():
        for name, figure in by_name.items():
            report.add(f"{name}: messages per CPU second, {load}", figure["per_cpu_second"], "/s")
            report.add("... most in a second", figure["per_second"], "/s")
        ours, theirs = (by_name[name]["per_cpu_second"] for name in broker_scenarios.BROKERS)
        report.add("... jumpload broker / mosquitto", round(ours / theirs, 2), "",
                   BROKER_RATIO_LIMIT, at_least=True)
    return figures


def run_generators(report, options):
    figures = generator_scenarios.side_by_side(options.rounds)
    for cost, by_tool in figures.items():
        what, unit = ("private memory per", "bytes") if cost == "idle client" else ("CPU per", "us")
        for name, figure in by_tool.items():
            limit = GENERATOR_LIMITS[cost] if name == "jumpload" else None
            report.add(f"{name}: {what} {cost}", figure, unit, limit)
        best = min(figure for name, figure in by_tool.items() if name != "jumpload")
        report.add("... jumpload / the best other", round(by_tool["jumpload"] / best, 2), "", 1)
    return figures


def run_crowd(report, _):
    figures = generator_scenarios.crowd(CROWD)
    report.add("clients of one jumpload, 20,000 descriptors", figures["connected"], "clients",
               CROWD, at_least=True)
    report.add("... that answered PINGREQ", figures["pings_answered"], "clients", CROWD,
               at_least=True)
    report.add("... private memory", figures["private_mib"], "MiB")
    return figures


def run_punctuality(report, options):
    figures = generator_scenarios.punctuality(options.rounds)
    report.add("of 50,000 messages/s planned over 1,000 clients, sent",
               round(100 * min(figures["share"]), 2), "%", 99.5, at_least=True)
    report.add("... p99 of send lateness", statistics.median(figures["lateness_p99_us"]), "us",
               GENERATOR_LATENESS_LIMIT_US)
    return figures


SCENARIOS = {"micro": run_micro, "clients": run_clients, "transfer": run_transfer,
             **side_by_side.SCENARIOS, "tls_handshakes": run_tls_handshakes,
             "tls_messages": run_tls_messages, "tls_bulk": run_tls_bulk,
             "tls_memory": run_tls_memory, "broker": run_broker, "generators": run_generators,
             "crowd": run_crowd, "punctuality": run_punctuality}
TABLE = os.path.join(programs.ROOT, "docs", "benchmarks.md")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--json", metavar="FILE",
                        default=os.path.join(programs.BUILD, "bench.json"),
                        help="where the figures go (default: build/bench.json)")
    parser.add_argument("--table", metavar="FILE",
                        help="where the comparison with other proxies goes as Markdown (default: "
                             "docs/benchmarks.md where all was measured, else nowhere)")
    parser.add_argument("--only", metavar="NAME", action="append", choices=list(SCENARIOS),
                        help=f"measure this alone; repeatable; {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, metavar="N",
                        help="rounds of what is compared, 1 to 20 (default: 5 of side_..., which "
                             "take fewer than 5 without an interval, and 3 of the others)")
    parser.add_argument("--haproxy", metavar="FILE", default=programs.find("haproxy"),
                        help="the peer to compare with (default: the installed one, if any)")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", action="store_true",
                         help="instead: count instructions, compare with bench/baseline.json")
    instead.add_argument("--write-baseline", action="store_true",
                         help="instead: count instructions, write bench/baseline.json")
    options = parser.parse_args()
    if options.table is None and not options.only:
        options.table = TABLE
    options.side_rounds = 5 if options.rounds is None else options.rounds
    options.rounds = 3 if options.rounds is None else options.rounds
    if not 1 <= options.rounds <= 20:
        parser.error(f"--rounds: {options.rounds}; allowed: 1 to 20")
    return options


def main():
    options = parse_arguments()
    programs.end_on_signals()
    if options.check or options.write_baseline:
        return guard.check() if options.check else guard.write()
    report = Report()
    written = {"machine": scenarios.machine(), "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
               "versions": peer_proxies.versions(), "rounds": options.side_rounds}
    if not options.haproxy:
        print("haproxy is not installed: what it is compared with is not measured")
    try:
        for name in options.only or SCENARIOS:
            print(name, flush=True)
            began = time.monotonic()
            try:
                report.figures[name] = SCENARIOS[name](report, options)
            except (scenarios.ScenarioError, programs.ProgramError, RuntimeError, OSError) as error:
                report.fail(name, error)
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    except KeyboardInterrupt:
        print("\nbench interrupted; its programs are ended", file=sys.stderr)
        return 130
    written["table"] = report.rows
    written["figures"] = report.figures
    with open(options.json, "w") as out:
        json.dump(written, out, indent=1)
    if options.table:
        with open(options.table, "w") as out:
            out.write(benchmark_table.page(written))
    for row in report.broken():
        print(f"BROKEN: {row['figure']}: {row['why']}" if "why" in row else Report.line(row))
    print(f"{'some limits are broken' if report.broken() else 'every limit holds'}; "
          f"figures in {options.json}")
    return 1 if report.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
