"""Ratios of what was measured in turns, and how far the rounds let one trust them.

The interval is the bootstrap's (Efron and Tibshirani, 1993, chapter 13, percentiles): rounds are
drawn with replacement, a round of one side always with the same round of the other, since both saw
the machine as it was then. Seeded, so that the same figures give the same interval. Pure.
"""
import random
import statistics

RESAMPLES = 4_000
ROUNDS_MIN = 5  # fewer have no interval: it would be narrow by chance
COVERED = 0.95


def ratio(ours, theirs):
    """Of the medians."""
    return statistics.median(ours) / statistics.median(theirs)


def interval(ours, theirs, seed=1):
    """(low, high) of ratio(), or None where there are too few rounds."""
    count = len(ours)
    if count < ROUNDS_MIN or count != len(theirs):
        return None
    draw = random.Random(seed)
    found = []
    for _ in range(RESAMPLES):
        rounds = draw.choices(range(count), k=count)
        found.append(ratio([ours[at] for at in rounds], [theirs[at] for at in rounds]))
    found.sort()
    outside = round((1 - COVERED) / 2 * RESAMPLES)
    return found[outside], found[-1 - outside]


def best(rounds, at_least):
    """The peer with the best median; `rounds` has no figures of ours."""
    chosen = max if at_least else min
    return chosen(rounds, key=lambda name: statistics.median(rounds[name]))
