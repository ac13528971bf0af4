"""Scenarios of one program beside each other: they wait far more than they compute.

Law: the TAP is in the order of the scenarios, whichever ends first; a scenario has nothing that
another one has: its own folder, brokers and ports.
"""
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 6
TIMED_AT_ONCE = 3
TIMED_ATTEMPTS = 3  # a crowded machine stalls as well


def parts(scenario):
    """A scenario is a function, or a tuple: one, and what it is called with besides."""
    return scenario if isinstance(scenario, tuple) else (scenario,)


def play(scenarios, run, at_once=AT_ONCE, attempts=1):
    """run(function, *arguments) for each; its exit code: 1 where one failed in all attempts."""
    def attempt(scenario):
        begin = time.monotonic()
        fault = ""
        try:
            run(*parts(scenario))
        except BaseException:  # also SystemExit: a scenario must not end the others
            fault = "".join("# " + line + "\n" for line in traceback.format_exc().splitlines())
        return fault, time.monotonic() - begin

    def verdict(scenario):
        for _ in range(attempts):
            fault, seconds = attempt(scenario)
            if not fault:
                break
        return fault, seconds

    print(f"1..{len(scenarios)}", flush=True)
    failed = 0
    with ThreadPoolExecutor(at_once) as threads:
        for number, (scenario, (fault, seconds)) in enumerate(
                zip(scenarios, threads.map(verdict, scenarios)), 1):
            function, *arguments = parts(scenario)
            name = " ".join([function.__name__, *map(str, arguments)])
            print(f"{'not ok' if fault else 'ok'} {number} - {name}\n{fault}"
                  f"# {seconds:.2f} s", flush=True)
            failed += bool(fault)
    return 1 if failed else 0


def plain(scenario, *arguments):
    scenario(*arguments)


def choose(untimed, timed, run=plain):
    """Plays what the command line asks for: one of the lists, scenarios by name, or all."""
    wanted = sys.argv[2:]
    if wanted == ["untimed"]:
        return play(untimed, run)
    if wanted == ["timed"]:
        return play(timed, run, TIMED_AT_ONCE, TIMED_ATTEMPTS)
    return play([s for s in untimed + timed if not wanted or parts(s)[0].__name__ in wanted], run,
                TIMED_AT_ONCE, TIMED_ATTEMPTS)
