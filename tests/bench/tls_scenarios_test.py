"""What the TLS scenarios of ./dev bench make of their samples."""
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import run  # noqa: E402
import tls_scenarios  # noqa: E402


def live(connected, sent, received=0):
    return {"connected": connected, "sent": sent, "received": received}


class SteadyTest(unittest.TestCase):
    def setUp(self):
        self.spent = iter([1.0, 1.5, 2.0, 2.5])
        self.gate = types.SimpleNamespace(name="jumpgate", cpu_seconds=lambda: next(self.spent))

    def test_it_counts_between_the_first_and_the_last_full_second(self):
        steady = tls_scenarios.Steady(self.gate, clients=500)
        steady.note(live(499, 7_000))  # clients still connect
        steady.note(live(500, 9_000))  # ... and did within this second
        for _ in range(2):
            steady.note(live(500, 20_000, 5_000))
        self.assertEqual(steady.us_per_message(), 20.0)  # (2.0 - 1.0) s / 50,000

    def test_too_few_seconds_are_no_measurement(self):
        steady = tls_scenarios.Steady(self.gate, clients=500)
        for _ in range(2):
            steady.note(live(500, 20_000))
        with self.assertRaises(tls_scenarios.ScenarioError):
            steady.us_per_message()


class ComparisonTest(unittest.TestCase):
    def held(self, jumpgate, haproxy, limit):
        report = run.Report()
        run.add_compared(report, "cost", "us", tls_scenarios.medians(
            {"jumpgate": jumpgate, "haproxy": haproxy}), limit)
        return [row["held"] for row in report.rows], report.rows[-1]["value"]

    def test_the_ratio_is_that_of_the_medians(self):
        self.assertEqual(self.held([9, 2, 1], [4, 4, 400], 0.5), ([None, None, True], 0.5))
        self.assertEqual(self.held([9, 2.1, 1], [4, 4, 400], 0.5), ([None, None, False], 0.525))

    def test_without_a_peer_there_is_no_ratio(self):
        report = run.Report()
        run.add_compared(report, "cost", "us", tls_scenarios.medians({"jumpgate": [3]}), 0.5)
        self.assertEqual([row["held"] for row in report.rows], [None])


if __name__ == "__main__":
    unittest.main()
