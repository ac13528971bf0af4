#!/usr/bin/python3
"""./dev bench --check: that the worker holds its baseline, and that a cost that was added is found.

Counts of one toolchain: where the committed baseline is another one's, it is not compared with.
Usage: guard_test.py, with JUMPGATE_BUILD naming a release build.
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench")
sys.path.insert(0, BENCH)
import guard  # noqa: E402

FIGURES = {"connections": {"instructions": 10_000, "turns": 1.5},
           "messages": {"instructions": 700, "turns": 0.03},
           "lone_messages": {"instructions": 1_400, "turns": 2}}
TOOLCHAIN = {"compiler": "12.2.0", "libc": "2.36"}


def with_costs(share):
    return {name: {**figures, "instructions": figures["instructions"] * share}
            for name, figures in FIGURES.items()}


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "baseline.json")
        self.write({"toolchain": TOOLCHAIN, "workloads": FIGURES})

    def write(self, content):
        with open(self.path, "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))

    def check(self, figures, toolchain=None):
        """(exit code, what is printed)"""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = guard.check(self.path, figures.__getitem__, lambda: toolchain or TOOLCHAIN)
        return code, said.getvalue()

    def test_the_tolerance_is_three_per_cent_either_way(self):
        for share, code, words in ((1, 0, "every count holds"), (1.029, 0, "every count holds"),
                                   (1.031, 1, "BROKEN: more than 3%"),
                                   (0.971, 0, "every count holds"),
                                   (0.969, 0, "better by more than 3%")):
            with self.subTest(share=share):
                found, said = self.check(with_costs(share))
                self.assertEqual(found, code, said)
                self.assertIn(words, said)
                self.assertEqual("--write-baseline" in said, words != "every count holds", said)

    def test_one_broken_count_is_enough(self):
        found, said = self.check({**with_costs(0.5), "messages": {"instructions": 730, "turns": 1}})
        self.assertEqual(found, 1)
        self.assertEqual(said.count("BROKEN\n"), 1, said)

    def test_other_turns_of_the_loop_are_told(self):
        figures = {**FIGURES, "connections": {"instructions": 10_000, "turns": 1.6}}
        found, said = self.check(figures)
        self.assertEqual(found, 0)
        self.assertIn("connections: 1.6 turns of the loop for each, 1.5 in the baseline", said)

    def test_another_toolchain_gives_no_verdict(self):
        found, said = self.check(with_costs(2), {**TOOLCHAIN, "libc": "2.41"})
        self.assertEqual(found, 0)
        self.assertIn("nothing was compared", said)
        self.assertIn("libc: 2.41 here, 2.36 in the baseline", said)
        self.assertNotIn("BROKEN", said)

    def test_a_baseline_that_lacks_something_is_an_error(self):
        without = {name: FIGURES[name] for name in FIGURES if name != "messages"}
        zero = {**FIGURES, "messages": {"instructions": 0, "turns": 1}}
        for content, words in (({"toolchain": TOOLCHAIN, "workloads": without},
                                "has no 'messages'"),
                               ({"workloads": FIGURES}, "has no 'toolchain'"),
                               ({"toolchain": TOOLCHAIN, "workloads": zero}, "above 0"),
                               ([1], "cannot be used"), ("{", "cannot be used")):
            with self.subTest(words=words):
                self.write(content)
                found, said = self.check(FIGURES)
                self.assertEqual(found, 1)
                self.assertIn(words, said)
                self.assertIn("--write-baseline", said)
        os.unlink(self.path)
        self.assertEqual(self.check(FIGURES)[0], 1)


class Worker(unittest.TestCase):
    """The real one, under callgrind."""

    def test_the_committed_baseline_holds(self):
        done = subprocess.run([sys.executable, os.path.join(BENCH, "run.py"), "--check"],
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        if "nothing was compared" in done.stdout:
            self.skipTest(done.stdout.strip().splitlines()[-1])

    def test_a_cost_that_was_added_is_found(self):
        count = 2_000
        plain = guard.measure("lone_messages", count)
        again = guard.measure("lone_messages", count)
        self.assertAlmostEqual(again["instructions"] / plain["instructions"], 1, delta=0.002)
        for share, said in ((0.01, "held"), (0.05, "BROKEN")):
            per_turn = share * plain["instructions"] / plain["turns"]
            burnt = guard.measure("lone_messages", count, burn=round(per_turn / 3))
            ratio = burnt["instructions"] / plain["instructions"]
            self.assertAlmostEqual(ratio, 1 + share, delta=0.005)
            self.assertEqual(guard.verdict(ratio), said)


if __name__ == "__main__":
    unittest.main()
