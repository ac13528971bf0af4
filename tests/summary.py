#!/usr/bin/env python3
"""Counts the test cases of one or more `meson test` runs: summary.py FOLDER=STATUS...

Law: the last line is `N passed, N failed`, and the exit status is 1 when anything failed, when a
folder was not built or not tested (STATUS, of doing both, says so), or when nothing ran there.

meson's JSON log is what decides about a test program; the JUnit file beside it only tells the cases
inside: it reports a test that timed out as passed, and one that crashed without its cases.
"""
import itertools
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

LINES_SHOWN = 25  # of the output of a failed test

# What a test may print (a terminal's ESC, a broker's garbage) and XML 1.0 may not hold (its
# production 2, "Char"); meson before 1.3 writes such output into its JUnit file as it is.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    complaints: list = field(default_factory=list)  # (what failed, why)

    def fail(self, name, why):
        self.failed += 1
        self.complaints.append((name, why))


def last_lines(text):
    return "\n".join(text.rstrip().splitlines()[-LINES_SHOWN:])


def read_log(folder):
    """The test programs that ran, each as meson's JSON object."""
    with open(os.path.join(folder, "meson-logs", "testlog.json"), encoding="utf-8") as log:
        return [json.loads(line) for line in log if line.strip()]


def read_cases(folder):
    """-> [(suite, case element)]; meson names a suite PROJECT.PROGRAM or PROJECT.PROGRAM.SUITE."""
    path = os.path.join(folder, "meson-logs", "testlog.junit.xml")
    with open(path, encoding="utf-8", errors="replace") as junit:
        root = ElementTree.fromstring(NOT_XML.sub("\ufffd", junit.read()))
    return [(suite.get("name"), case) for suite in root.iter("testsuite")
            for case in suite.findall("testcase")]


def cases_of(program, cases):
    for suite, case in cases:
        name = suite.partition(".")[2]
        if name == program or name.startswith(program + "."):
            yield case


def tap_lines(output, name):
    """The `#` lines that follow `not ok NAME` in TAP output; meson leaves them out of the case."""
    _, _, rest = output.partition(f"not ok {name}\n")
    return "\n".join(itertools.takewhile(lambda line: line.startswith("#"), rest.splitlines()))


def count_case(tally, label, case, output):
    reasons = case.findall("failure") + case.findall("error")
    name = case.get("name")
    if reasons:
        why = "\n".join(reason.text or "" for reason in reasons).strip()
        tally.fail(f"{label}: {name}", last_lines(why or tap_lines(output, name) or output))
    elif case.find("skipped") is not None or case.get("status") == "notrun":
        tally.skipped += 1
    else:
        tally.passed += 1


def count_program(tally, label, program, cases):
    output = program.get("stdout", "") + program.get("stderr", "")
    failed_before = tally.failed
    found = 0
    for case in cases_of(program["name"], cases):
        count_case(tally, label, case, output)
        found += 1
    result = program["result"]
    if result in ("OK", "EXPECTEDFAIL"):
        if found == 0 and "Running 0 tests" in output:
            tally.fail(label, "the program holds no test")
        elif found == 0:
            tally.passed += 1
    elif result == "SKIP":
        tally.skipped += 1 if found == 0 else 0
    elif tally.failed == failed_before:  # crashed, timed out, or failed outside of its cases
        why = f"{result}, exit status {program.get('returncode')}\n{last_lines(output)}"
        tally.fail(label, why)


def count_folder(tally, folder, status):
    failed_before = tally.failed
    try:
        programs, cases = read_log(folder), read_cases(folder)
    except (OSError, ValueError, ElementTree.ParseError) as error:
        tally.fail(folder, f"no test ran there (status {status}): {error}")
        return
    if not programs:
        tally.fail(folder, "not a single test ran there")
    for program in programs:
        count_program(tally, f"{folder}: {program['name']}", program, cases)
    if status != 0 and tally.failed == failed_before:
        tally.fail(folder, f"building or testing it ended with status {status}")


def report(tally):
    for name, why in tally.complaints:
        print(f"FAILED {name}")
        print("".join(f"    {line}\n" for line in why.splitlines()), end="")
    if tally.skipped:
        print(f"{tally.skipped} skipped")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.failed == 0 and tally.passed > 0 else 1


def main(arguments):
    tally = Tally()
    for argument in arguments:
        folder, _, status = argument.partition("=")
        count_folder(tally, folder, int(status))
    return report(tally)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
