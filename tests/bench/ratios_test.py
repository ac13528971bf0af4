"""What the rounds of a comparison say, and how far they are to be trusted."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import ratios  # noqa: E402


class Ratio(unittest.TestCase):
    def test_it_is_that_of_the_medians(self):
        self.assertEqual(ratios.ratio([9, 2, 1], [4, 4, 400]), 0.5)

    def test_the_best_peer_is_the_cheapest_or_the_fastest(self):
        rounds = {"haproxy": [1, 1, 100], "nginx": [2, 2, 2]}
        self.assertEqual(ratios.best(rounds, at_least=False), "haproxy")
        self.assertEqual(ratios.best(rounds, at_least=True), "nginx")


class Interval(unittest.TestCase):
    def test_fewer_than_five_rounds_have_none(self):
        self.assertIsNone(ratios.interval([1] * 4, [2] * 4))
        self.assertIsNotNone(ratios.interval([1] * 5, [2] * 5))

    def test_rounds_of_unlike_number_have_none(self):
        self.assertIsNone(ratios.interval([1] * 5, [2] * 6))

    def test_it_is_a_point_where_every_round_says_the_same(self):
        """Both sides saw the same load of the machine: it cancels, since rounds stay together."""
        machine = [1.0, 1.5, 3.0, 0.8, 2.0]
        ours, theirs = [4 * load for load in machine], [8 * load for load in machine]
        self.assertEqual(ratios.interval(ours, theirs), (0.5, 0.5))

    def test_it_holds_the_ratio_and_grows_with_the_noise(self):
        theirs = [10.0] * 9
        quiet = [9.0, 9.1, 8.9, 9.0, 9.05, 8.95, 9.0, 9.1, 8.9]
        noisy = [9.0, 12.0, 6.0, 9.5, 8.0, 11.0, 7.0, 9.1, 10.0]
        widths = []
        for ours in (quiet, noisy):
            low, high = ratios.interval(ours, theirs)
            self.assertLessEqual(low, ratios.ratio(ours, theirs))
            self.assertGreaterEqual(high, ratios.ratio(ours, theirs))
            widths.append(high - low)
        self.assertLess(widths[0] * 5, widths[1])

    def test_the_same_rounds_have_the_same_interval(self):
        ours, theirs = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 2.5, 2.0, 3.0, 4.0]
        self.assertEqual(ratios.interval(ours, theirs), ratios.interval(ours, theirs))


if __name__ == "__main__":
    unittest.main()
