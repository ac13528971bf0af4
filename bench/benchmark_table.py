#!/usr/bin/python3
"""Writes docs/benchmarks.md from what `./dev bench` has measured. Pure but for main().

Law: every figure and every word about the machine comes from the JSON; nothing is left out because
it is worse for us, and what is worse is bold like what is broken. Usage: benchmark_table.py
build/bench.json > docs/benchmarks.md
"""
import json
import sys

from peer_proxies import HAPROXY, HAPROXY_SPLICE, JUMPGATE, NGINX
from side_by_side import Comparison, rounded

COLUMNS = {JUMPGATE: "jumpgate", HAPROXY: "HAProxy", HAPROXY_SPLICE: "HAProxy, spliced",
           NGINX: "nginx"}
COMMAND = "./dev bench"

INTRODUCTION = """# Benchmarks

Written by `{command}` from its own JSON: do not edit. jumpgate, HAProxy and nginx with equal work:
each reads the CONNECT, hashes the client id over the same three brokers, and then moves bytes. A
fresh process for each run, in turns, one thread on one core; `jumpload` and the brokers have the
other core. How each is configured: `bench/peer_proxies.py`; what is played:
`bench/proxy_scenarios.py`.

| | |
|---|---|
{facts}

CPU is that of all threads of a proxy's processes. Figures are medians of the rounds; a ratio is
jumpgate's median by the peer's, with the 95 % interval of the bootstrap over rounds. An interval
that holds 1 is no difference. **Bold**: jumpgate is worse, or a limit that we set ourselves is
broken.
"""

CLOSING = """
## What this does not tell
- One machine, two cores, the loopback: no network card, no interrupts of one, no NUMA, and other
  guests of the host at the same time. What TCP costs on the loopback is in every figure; the
  receiving side's part of it is paid by whoever sends.
- At low rates more than half of a proxy's CPU time goes into waking the other core and being woken
  (`perf`: `try_to_wake_up`, `finish_task_switch`). A proxy that is quicker sleeps more often, so it
  saves less than its shorter code path suggests.
- The generator and three brokers have one core. Where that core was full first (the lines below
  the tables), a rate is theirs, not the proxy's; CPU per message is the proxy's own in any case.
- Messages are those that pass the proxy: an echo passes twice. Latency is the whole way, from the
  planned time at the client to the broker and back; without any proxy it is what "direct" says.
- Bulk is sent and dropped by a few lines of Python (`bench/bulk_stream.py`), since jumpload fills
  its core before a proxy does. HAProxy's `splice-auto` never spliced there: "spliced" is
  `splice-request`, which always does.
- Awake, a proxy looks for work for as long as there is none, so its core is always busy: only
  its latency is compared. On this virtual machine it is waking a sleeping core that takes time.
- nginx has a JavaScript machine for each session: that is most of its memory, and how Debian's
  nginx hashes client ids. What it allocates at its start for connections that may come is not in
  the figure for each.
"""


def facts(written):
    machine, versions = written["machine"], written.get("versions", {})
    rows = {"machine": f"{machine['cpus']} cores of {machine['cpu']}, Linux {machine['kernel']}, "
                       f"{machine.get('memory_gib', '?')} GiB; load average before: "
                       f"{machine['load_average_before']:.2f}",
            "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
            "measured": f"{written['began'][:16].replace('T', ' ')}, {written['rounds']} rounds",
            "again": f"`{COMMAND}`"}
    return "\n".join(f"| {name} | {text} |" for name, text in rows.items())


def number(value):
    return f"{rounded(value):,}"


def cell(text, is_bold):
    return f"**{text}**" if is_bold else text


def ratio_cell(comparison, peer):
    if peer not in comparison.rounds:
        return ""
    text = f"{comparison.ratio(peer):.2f}"
    interval = comparison.interval(peer)
    if interval:
        text += f" ({interval[0]:.2f} to {interval[1]:.2f})"
    return cell(text, comparison.is_worse(peer) or comparison.held(peer) is False)


def limit_cell(comparison):
    sign = "at least" if comparison.at_least else "at most"
    found = []
    for peer in comparison.peers():
        if comparison.limit(peer) is None:
            continue
        held = comparison.held(peer)
        text = f"{sign} {comparison.limit(peer)} of {COLUMNS[peer]}: {'held' if held else 'broken'}"
        found.append(cell(text, not held))
    return "; ".join(found)


def row(comparison, peers, with_direct):
    figures = [number(comparison.median(name)) if name in comparison.rounds else ""
               for name in (JUMPGATE, *peers)]
    if with_direct:
        figures.append("" if comparison.direct is None else number(comparison.direct))
    return [f"{comparison.what}, {comparison.unit}", *figures,
            *(ratio_cell(comparison, peer) for peer in peers), limit_cell(comparison)]


def table(comparisons):
    names = [name for name in COLUMNS if any(name in one.rounds for one in comparisons)]
    peers = [name for name in names if name != JUMPGATE]
    with_direct = any(one.direct is not None for one in comparisons)
    head = ["", *(COLUMNS[name] for name in names), *(["direct"] if with_direct else []),
            *(f"ratio to {COLUMNS[name]}" for name in peers), "limit"]
    rows = [head, ["---"] * len(head), *(row(one, peers, with_direct) for one in comparisons)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def shares(comparisons):
    """A line for what was measured at the limit: how full the cores were."""
    lines = []
    for one in comparisons:
        if one.aside:
            said = ", ".join(f"{name} {percent} %" for name, percent in one.aside.items())
            lines.append(f"- {one.what}: {said}")
    return "\n".join(lines)


TITLES = {"side_connects": "New connections", "side_messages": "Messages",
          "side_saturated": "As many messages as go through", "side_bulk": "Bulk",
          "side_memory": "Memory of idle clients", "side_clients": "Clients of one process",
          "side_threads": "Two threads",
          "side_awake": "Awake: --busy-poll-us 1000, busy-polling"}


def section(title, comparisons):
    parts = [f"## {title}", table(comparisons)]
    said = shares(comparisons)
    return "\n".join(parts) + "\n" + (f"\nHow full the cores were:\n{said}\n" if said else "")


def page(written):
    """The whole document; `written` is what run.py writes as JSON."""
    parts = [INTRODUCTION.format(command=COMMAND, facts=facts(written))]
    failed = {entry["figure"]: entry["why"] for entry in written["table"] if "why" in entry}
    for name, title in TITLES.items():
        if name in written["figures"]:
            comparisons = [Comparison(**one) for one in written["figures"][name]["comparisons"]]
            parts.append(section(title, comparisons))
        elif name in failed:
            first_line = failed[name].splitlines()[0]
            parts.append(f"## {title}\n**Could not be measured**: {first_line}\n")
    return "\n".join(parts) + CLOSING


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1]) as written:
        sys.stdout.write(page(json.load(written)))


if __name__ == "__main__":
    main()
