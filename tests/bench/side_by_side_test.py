"""The limits of the comparison with other proxies, and the page that is written of it."""
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import benchmark_table  # noqa: E402
import proxy_scenarios  # noqa: E402
import run  # noqa: E402
import side_by_side  # noqa: E402
from side_by_side import Comparison  # noqa: E402

CONNECTS = "CPU per new connection"  # at most 0.85 of HAProxy, 0.70 of nginx
CLIENTS = "clients of one process, 20,000 descriptors"  # at least 1.9 of the best


def connects(ours, haproxy=100, nginx=100):
    return Comparison(CONNECTS, "us", {"jumpgate": [ours] * 5, "haproxy": [haproxy] * 5,
                                       "nginx": [nginx] * 5})


class Limits(unittest.TestCase):
    def test_each_peer_has_its_own(self):
        both = connects(80)
        self.assertEqual([both.held(peer) for peer in ("haproxy", "nginx")], [True, False])
        self.assertTrue(connects(85).held("haproxy"))
        self.assertFalse(connects(85.1).held("haproxy"))

    def test_the_best_peer_is_the_one_that_counts(self):
        clients = Comparison(CLIENTS, "clients", {"jumpgate": [19_900], "haproxy": [9_000],
                                                  "nginx": [9_990]}, at_least=True)
        self.assertEqual([clients.held(peer) for peer in ("haproxy", "nginx")], [None, True])
        clients.rounds["jumpgate"] = [18_900]
        self.assertFalse(clients.held("nginx"))

    def test_worse_is_more_cost_or_less_speed(self):
        self.assertTrue(connects(101).is_worse("nginx"))
        self.assertFalse(connects(99).is_worse("nginx"))
        speed = Comparison("bulk", "Gb/s", {"jumpgate": [8], "nginx": [9]}, at_least=True)
        self.assertTrue(speed.is_worse("nginx"))

    def test_a_broken_one_ends_the_run_with_an_error(self):
        report = run.Report()
        side_by_side.add(report, connects(80))
        self.assertEqual([row["limit"] for row in report.broken()], [0.70])

    def test_every_limit_is_on_a_figure_that_is_measured(self):
        plans = {f"{what}, {plan}" for plan in proxy_scenarios.PLANS
                 for what in ("CPU per message", "p99 latency")}
        others = {CONNECTS, CLIENTS, "bulk, CPU per GB", "user memory per idle client",
                  "user and kernel memory per idle client",
                  *(f"{what}{side_by_side.SATURATED}" for what in side_by_side.AT_THE_LIMIT)}
        self.assertLessEqual(set(side_by_side.LIMITS), plans | others)


class WindowTest(unittest.TestCase):
    def live(self, stage="measuring", sent=0, reconnects=0):
        return {"stage": stage, "sent": sent, "received": sent, "reconnects": reconnects}

    def program(self, *spent):
        left = iter(spent)
        return types.SimpleNamespace(name="jumpgate", cpu_seconds=lambda: next(left))

    def test_it_counts_what_came_behind_its_first_line(self):
        window = proxy_scenarios.Window(self.program(1.0, 1.5, 2.0), [self.program(5, 6, 7),
                                                                      self.program(1, 1, 1)])
        window.note(self.live("warm-up", sent=9_000))
        for sent in (500, 1_000, 2_000):
            window.note(self.live(sent=sent))
        window.note(self.live("draining", sent=7))
        found = window.figures()
        self.assertEqual((found["cpu"], found["sent"], found["received"]), (1.0, 3_000, 3_000))
        self.assertAlmostEqual(found["generator_share"] * found["seconds"], 2.0)

    def test_too_few_lines_are_no_measurement(self):
        window = proxy_scenarios.Window(self.program(1, 2), [])
        for _ in range(2):
            window.note(self.live())
        with self.assertRaises(proxy_scenarios.ScenarioError):
            window.figures()


class InTurns(unittest.TestCase):
    def test_every_round_goes_once_through_all(self):
        asked = []

        def measure(name):
            asked.append(name)
            return {"cost": len(asked)}

        found = proxy_scenarios.in_turns(("a", "b"), 2, measure)
        self.assertEqual(asked, ["a", "b", "a", "b"])
        self.assertEqual(found, {"cost": {"a": [1, 3], "b": [2, 4]}})


def written(*comparisons, failed=()):
    report = run.Report()
    figures = {"side_connects": side_by_side.told(report, comparisons)} if comparisons else {}
    for name, why in failed:
        report.fail(name, why)
    return {"machine": {"kernel": "6.18", "cpus": 2, "cpu": "a processor", "memory_gib": 24,
                        "load_average_before": 0.25},
            "versions": {"jumpgate": "0.1.0", "haproxy": "2.6.12"}, "rounds": 5,
            "began": "2026-11-24T01:02:03+0000", "table": report.rows, "figures": figures}


class Page(unittest.TestCase):
    def cells(self, comparison):
        lines = benchmark_table.page(written(comparison)).splitlines()
        (line,) = [line for line in lines if line.startswith(f"| {comparison.what},")]
        return [cell.strip() for cell in line.strip("|").split("|")]

    def test_it_says_where_when_and_how(self):
        page = benchmark_table.page(written(connects(80)))
        for said in ("2 cores of a processor", "Linux 6.18", "haproxy 2.6.12", "2026-11-24 01:02",
                     "5 rounds", "`./dev bench`"):
            self.assertIn(said, page)

    def test_a_row_has_figures_ratios_with_intervals_and_limits(self):
        self.assertEqual(self.cells(connects(70, haproxy=100, nginx=140)), [
            f"{CONNECTS}, us", "70", "100", "140", "0.70 (0.70 to 0.70)", "0.50 (0.50 to 0.50)",
            "at most 0.85 of HAProxy: held; at most 0.7 of nginx: held"])

    def test_what_is_worse_or_broken_is_bold(self):
        cells = self.cells(connects(80, haproxy=60, nginx=100))
        self.assertEqual(cells[4], "**1.33 (1.33 to 1.33)**")
        self.assertEqual(cells[5], "**0.80 (0.80 to 0.80)**")  # better, but not by enough
        self.assertEqual(cells[6], "**at most 0.85 of HAProxy: broken**; "
                                   "**at most 0.7 of nginx: broken**")

    def test_a_scenario_that_failed_is_there_with_its_reason(self):
        page = benchmark_table.page(written(failed=[("side_bulk", "nginx is not installed")]))
        self.assertIn("## Bulk\n**Could not be measured**: nginx is not installed", page)

    def test_it_survives_the_way_through_json(self):
        """Comparisons are written as plain dicts and read back."""
        (one,) = written(connects(80))["figures"]["side_connects"]["comparisons"]
        self.assertEqual(Comparison(**one), connects(80))


if __name__ == "__main__":
    unittest.main()
