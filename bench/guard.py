"""./dev bench --check: instructions of fixed work, against the committed bench/baseline.json.

Law: what is counted is the real worker, in user space, under callgrind, by build/bench/guard: one
thread in lock-step, so that two runs differ by less than 0.1 % however busy the machine is. The
counts belong to one toolchain; on another one nothing is compared, and that is said. Says nothing
about time, nor of the kernel's part.
"""
import json
import os
import platform
import re
import subprocess
import tempfile

import programs

BASELINE = os.path.join(programs.ROOT, "bench", "baseline.json")
TOLERANCE = 0.03
TIMEOUT_S = 120
# Name of the work -> what one item of it is, and how many are counted, behind a warm-up. More of
# them count the same: 1,000,000 messages come to 735.3 instructions each, 40,000 to 735.7.
WORKLOADS = {
    "connections": ("connection: accept, CONNECT, route, dial, relay, close", 2_000),
    "messages": ("message, of 64 clients at once", 100_000),
    "lone_messages": ("message that comes alone", 20_000),
}
COUNTED = "guard_counted_turn"  # the function of bench/guard/gate.cc
AGAIN = "`./dev bench --write-baseline` writes it anew"


class GuardError(Exception):
    """Nothing could be counted, or there is nothing to compare with."""


def run(argv):
    """The JSON that the program prints. With an empty environment: it lies on the stack, and may
    change what libc does."""
    program = programs.Program("guard", ["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C", *argv])
    try:
        code = program.wait(TIMEOUT_S)
    except programs.ProgramError as error:
        program.kill()
        raise GuardError(str(error)) from None
    lines = [line for line in program.last_lines if line.startswith("{")]
    if code != 0 or not lines:
        raise GuardError(f"{' '.join(argv)} ended with {code}: {program.tail()}")
    return json.loads(lines[-1])


def guard_program():
    path = os.path.join(programs.BUILD, "bench", "guard")
    if not os.path.exists(path):
        raise GuardError(f"{path} is missing: run `./dev build`")
    return path


def valgrind():
    path = programs.find("valgrind")
    if path is None:
        raise GuardError("valgrind is not installed: `apt-get install valgrind` (./dev setup)")
    return path


def vector_instructions():
    """The widest of those that libc chooses its functions by, and that valgrind passes on."""
    with open("/proc/cpuinfo") as cpuinfo:
        flags = set(cpuinfo.read().split())
    return next((name for name in ("avx2", "avx", "sse4_2", "asimd") if name in flags), "none")


def toolchain():
    """What the counts depend on, besides our own source."""
    version = subprocess.run([valgrind(), "--version"], capture_output=True, text=True, check=True)
    return {**run([guard_program(), "about"]), "architecture": platform.machine(),
            "cpu": vector_instructions(), "valgrind": version.stdout.strip(),
            "kernel": ".".join(platform.release().split(".")[:2])}


def measure(workload, count=None, burn=0):
    """Instructions and turns of the worker's loop per item; `burn` makes each turn cost more."""
    count = count or WORKLOADS[workload][1]
    with tempfile.TemporaryDirectory() as folder:
        counts = os.path.join(folder, "callgrind.out")
        done = run([valgrind(), "-q", "--tool=callgrind", f"--callgrind-out-file={counts}",
                    "--collect-atstart=no", f"--toggle-collect={COUNTED}",
                    guard_program(), workload, str(count), str(burn)])
        with open(counts) as out:
            total = re.search(r"^totals: (\d+)$", out.read(), re.M)
    if total is None or int(total.group(1)) == 0:
        raise GuardError(f"callgrind has counted nothing in {COUNTED} ({workload})")
    return {"instructions": round(int(total.group(1)) / done["count"], 1),
            "turns": round(done["turns"] / done["count"], 4)}


def read_baseline(path):
    try:
        with open(path) as file:
            baseline = json.load(file)
        for workload in WORKLOADS:
            if min(baseline["workloads"][workload][key] for key in ("instructions", "turns")) <= 0:
                raise ValueError(f"{workload}: instructions and turns must be above 0")
        return baseline["toolchain"], baseline["workloads"]
    except KeyError as error:
        raise GuardError(f"{path} has no {error}: {AGAIN}") from None
    except (OSError, ValueError, TypeError) as error:
        raise GuardError(f"{path} cannot be used: {error}; {AGAIN}") from None


def differences(now, baseline):
    """What differs between two toolchains, as text."""
    return [f"{key}: {now.get(key)} here, {baseline.get(key)} in the baseline"
            for key in sorted({*now, *baseline}) if now.get(key) != baseline.get(key)]


def verdict(ratio):
    if ratio > 1 + TOLERANCE:
        return "BROKEN"
    return "better" if ratio < 1 - TOLERANCE else "held"


def row(workload, figures, baseline=None):
    text = f"  {WORKLOADS[workload][0]:<56}{figures['instructions']:>10,.1f}"
    if baseline is None:
        return text
    ratio = figures["instructions"] / baseline["instructions"]
    return f"{text}{baseline['instructions']:>10,.1f}{ratio:>8.3f}  {verdict(ratio)}"


def other_turns(now, baseline):
    """Lines: the kernel's completions came in other batches, or we asked for others."""
    return [f"{workload}: {now[workload]['turns']} turns of the loop for each, "
            f"{baseline[workload]['turns']} in the baseline" for workload in WORKLOADS
            if abs(now[workload]["turns"] / baseline[workload]["turns"] - 1) > 0.01]


def compare(now, baseline):
    """(lines to print, exit code) of measured figures by workload."""
    lines = [row(workload, now[workload], baseline[workload]) for workload in WORKLOADS]
    said = [line.split()[-1] for line in lines]
    lines += other_turns(now, baseline)
    if "BROKEN" in said:
        return [*lines, f"BROKEN: more than {TOLERANCE:.0%} above {os.path.basename(BASELINE)}. "
                        "callgrind_annotate shows where (CONTRIBUTING.md); where the cost is "
                        f"wanted, {AGAIN}, and the commit says why"], 1
    if "better" in said:
        return [*lines, f"better by more than {TOLERANCE:.0%}: so that it stays so, {AGAIN}"], 0
    return [*lines, f"every count holds, within {TOLERANCE:.0%}"], 0


def check(path=BASELINE, measured=measure, used=toolchain):
    """Prints the comparison; its exit code: 0 where every count holds or none was compared."""
    try:
        of_baseline, baseline = read_baseline(path)
        other = differences(used(), of_baseline)
        print(f"  {'instructions in user space, for each':<56}{'now':>10}"
              + ("" if other else f"{'baseline':>10}{'ratio':>8}"), flush=True)
        now = {workload: measured(workload) for workload in WORKLOADS}
    except GuardError as error:
        print(f"FAILED: {error}")
        return 1
    if other:
        lines, code = [row(workload, now[workload]) for workload in WORKLOADS], 0
        lines.append("nothing was compared, the baseline is another toolchain's: "
                     + "; ".join(other))
    else:
        lines, code = compare(now, baseline)
    print("\n".join(lines))
    return code


def write(path=BASELINE):
    """Measures, and makes that the baseline."""
    try:
        written = {"toolchain": toolchain(),
                   "workloads": {workload: measure(workload) for workload in WORKLOADS}}
    except GuardError as error:
        print(f"FAILED: {error}")
        return 1
    with open(path, "w") as out:
        json.dump(written, out, indent=1)
        out.write("\n")
    print("\n".join(row(workload, written["workloads"][workload]) for workload in WORKLOADS))
    print(f"written to {os.path.relpath(path)}: commit it")
    return 0
