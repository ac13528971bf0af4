"""./dev demo itself, small and short: it keeps its promises, and leaves no program behind."""
import os
import re
import select
import signal
import subprocess
import sys
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
DEMO = [sys.executable, os.path.join(ROOT, "bench/demo.py"), "--clients", "200", "--seconds", "9",
        "--rate", "400"]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def has_ended(pidfd, timeout_s):
    """A pidfd is readable from its process's end on (pidfd_open(2))."""
    return bool(select.select([pidfd], [], [], timeout_s)[0])


class DemoTest(unittest.TestCase):
    def test_the_demonstration_keeps_its_promises(self):
        done = subprocess.run(DEMO, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("OK: no acknowledged message of a live broker was lost", done.stdout)
        killed = int(re.search(r"is killed \(SIGKILL\) with (\d+) devices", done.stdout).group(1))
        self.assertGreater(killed, 0)
        self.assertIn(f"{killed} of 200 lost their connection", done.stdout)
        self.assertRegex(done.stdout, rf"reconnects {killed}\n")

    def test_an_interrupted_demonstration_ends_all_of_its_programs(self):
        demo = subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True)
        for line in demo.stdout:
            if "connected 200/200" in line:
                break
        programs = children_of(demo.pid)
        self.assertEqual(len(programs), 5)  # three brokers, jumpgate, jumpload
        pidfds = [os.pidfd_open(pid) for pid in programs]
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
        self.assertEqual(demo.returncode, 130)
        for pidfd in pidfds:
            self.assertTrue(has_ended(pidfd, 10))
            os.close(pidfd)


if __name__ == "__main__":
    unittest.main()
