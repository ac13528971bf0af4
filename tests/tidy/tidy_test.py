#!/usr/bin/env python3
"""The tidy suite (TAP): tidy_test.py BUILD_FOLDER, run from the root of the tree.

Law: every check has a sample of what it must refuse and one of what it must let pass, and both are
tried here, so that no check passes because it sees nothing.
"""
import sys

import coroutines
import documents
import headers
import layers
import mirror
import style
from samples import SAMPLES
from source import read_tree, tree_of

CHECKS = layers.CHECKS + style.CHECKS + coroutines.CHECKS + mirror.CHECKS + documents.CHECKS
HEADERS = "every header compiles alone"


class Tap:
    def __init__(self):
        self.count = 0

    def result(self, name, complaints):
        self.count += 1
        print(f"{'not ok' if complaints else 'ok'} {self.count} - {name}")
        for complaint in complaints:
            print("# " + str(complaint).replace("\n", "\n# "), flush=True)


def try_samples(tap, name, check):
    """-> what is wrong with the check: it let a bad sample pass, or refused a good one."""
    wrong = []
    bad, good = SAMPLES.get(name, ([], []))
    if not bad or not good:
        wrong.append("tests/tidy/samples.py needs a bad and a good sample for it")
    for texts in bad:
        if not list(check(tree_of(texts))):
            wrong.append(f"it lets pass: {texts}")
    for texts in good:
        wrong += [f"it refuses a good sample: {complaint}" for complaint in check(tree_of(texts))]
    tap.result(f"the check refuses bad samples: {name}", wrong)


def main(build):
    tap = Tap()
    tree = read_tree(".")
    for name, check in CHECKS:
        tap.result(name, list(check(tree)))
        try_samples(tap, name, check)
    tap.result(HEADERS, headers.check_headers(tree, ".", build))
    try_samples(tap, HEADERS, headers.check_sample)
    print(f"1..{tap.count}")


if __name__ == "__main__":
    main(sys.argv[1])
