#!/usr/bin/env python3
"""tests/summary.py decides what `./dev test` says, so what it must not miss is tried here (TAP).

The logs are shaped as meson 1.0 to 1.7 write them: a test that timed out is a passed case in the
JUnit file, and one that crashed has no cases there.
"""
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stdout

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import summary  # noqa: E402

GOOD_CASE = '<testcase name="A"/>'
SKIPPED_CASE = '<testcase name="S"><skipped/></testcase>'
BAD_CASE = '<testcase name="B"><failure>1 is not 2</failure></testcase>'
LOUD_CASE = '<testcase name="L"><failure>\x1b[2K\x00 is not 2\ufffe</failure></testcase>'
ERROR_CASE = '<testcase name="E"><error/></testcase>'

# name, programs {name: (result, output, cases)}, status of the run, passed, failed, skipped
RUNS = [
    ("cases are counted, not programs", {"unit": ("OK", "", GOOD_CASE * 3)}, 0, 3, 0, 0),
    ("a program without cases is one test", {"e2e": ("OK", "", "")}, 0, 1, 0, 0),
    ("a failed case fails", {"unit": ("FAIL", "", GOOD_CASE + BAD_CASE)}, 1, 1, 1, 0),
    ("an error is a failure", {"unit": ("FAIL", "", ERROR_CASE)}, 1, 0, 1, 0),
    ("a skipped case is neither", {"unit": ("OK", "", GOOD_CASE + SKIPPED_CASE)}, 0, 1, 0, 1),
    ("a crash fails without a case", {"unit": ("FAIL", "boom", "")}, 1, 0, 1, 0),
    ("a crash fails among good cases", {"tap": ("ERROR", "boom", GOOD_CASE)}, 1, 1, 1, 0),
    ("a timeout fails", {"unit": ("TIMEOUT", "", ""), "b": ("OK", "", "")}, 1, 1, 1, 0),
    ("an interrupted test fails", {"unit": ("INTERRUPT", "", "")}, 1, 0, 1, 0),
    ("a program without a test fails", {"unit": ("OK", "Running 0 tests from", "")}, 0, 0, 1, 0),
    ("a run without programs fails", {}, 0, 0, 1, 0),
    ("a bad exit status alone fails", {"unit": ("OK", "", GOOD_CASE)}, 1, 1, 1, 0),
    ("a failure that prints control characters is one failed case",
     {"tap": ("FAIL", "", GOOD_CASE + LOUD_CASE)}, 1, 1, 1, 0),
    ("names that start alike stay apart",
     {"io": ("OK", "", GOOD_CASE), "io2": ("FAIL", "", BAD_CASE)}, 1, 1, 1, 0),
]


def write_logs(folder, programs):
    logs = os.path.join(folder, "meson-logs")
    os.makedirs(logs)
    with open(os.path.join(logs, "testlog.json"), "w", encoding="utf-8") as log:
        for name, (result, output, _) in programs.items():
            log.write(json.dumps({"name": f"jumpgate:unit / {name}", "result": result,
                                  "stdout": output, "returncode": int(result != "OK")}) + "\n")
    with open(os.path.join(logs, "testlog.junit.xml"), "w", encoding="utf-8") as junit:
        suites = "".join(
            f'<testsuite name="jumpgate.jumpgate:unit / {name}.Suite">{cases}</testsuite>'
            for name, (_, _, cases) in programs.items() if cases)
        junit.write(f"<testsuites>{suites}</testsuites>")


def run(folder, status):
    output = io.StringIO()
    with redirect_stdout(output):
        code = summary.main([f"{folder}={status}"])
    return code, output.getvalue().splitlines()


def problem(programs, status, passed, failed, skipped):
    with tempfile.TemporaryDirectory() as folder:
        write_logs(folder, programs)
        code, lines = run(folder, status)
    if lines[-1] != f"{passed} passed, {failed} failed":
        return f"the last line is {lines[-1]!r}, not {passed} passed, {failed} failed"
    if (f"{skipped} skipped" in lines) != (skipped > 0):
        return f"skipped tests are not reported as {skipped}"
    if code != (0 if failed == 0 else 1):
        return f"exit status {code}"
    return None


def missing_logs():
    code, lines = run("/nonexistent", 2)
    return None if (code, lines[-1]) == (1, "0 passed, 1 failed") else f"{code}: {lines}"


def main():
    results = [(name, problem(*rest)) for name, *rest in RUNS]
    results.append(("a build that failed fails", missing_logs()))
    print(f"1..{len(results)}")
    for number, (name, text) in enumerate(results, 1):
        print(f"{'not ok' if text else 'ok'} {number} - {name}")
        if text:
            print(f"# {text}")


if __name__ == "__main__":
    main()
