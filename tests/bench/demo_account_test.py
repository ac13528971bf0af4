"""The demonstration's verdict: each broken promise is found, and named."""
import concurrent.futures
import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
from demo_account import Account, Story  # noqa: E402

RESULT = {
    "clients": {"connected": 200, "connections_lost": 80},
    "pings": {"sent": 200, "answered": 200},
    "messages": {"sent": 1000, "acknowledged": 990, "received": 980, "unacknowledged": 10,
                 "lost_on_live_connections": 0, "lost_in_flight": 3, "without_subscriber": 7,
                 "duplicated": 0, "reordered": 0, "unexpected": 0, "refused": 0},
    "latency_us": {"p50": 100, "p99": 2_000},
    "generator_saturated": False,
}


def done(homes):
    future = concurrent.futures.Future()
    future.set_result(homes)
    return future


def good_story():
    return Story(clients=200, ports=[1, 2, 3], victim=1, killed_s=5.0, all_back_s=5.5,
                 revived_s=9.0, relays_before=[60, 80, 60], relays_during=[100, 0, 100],
                 relays_after=[100, 0, 100], homes_before=done(["1", "2", "2", "3"]),
                 homes_during=done(["1", "1", "3", "3"]), homes_after=done(["1", "2", "2", "3"]),
                 result=copy.deepcopy(RESULT), fleet_code=0, gate_code=0)


class AccountTest(unittest.TestCase):
    def only_fault(self, story):
        account = Account(story)
        self.assertEqual(len(account.faults), 1, account.faults)
        self.assertIn("FAILED: " + account.faults[0], account.text())
        self.assertNotIn("OK:", account.text())
        return account.faults[0]

    def test_a_story_that_keeps_every_promise_has_no_fault(self):
        account = Account(good_story())
        self.assertEqual(account.faults, [])
        self.assertIn("OK: no acknowledged message of a live broker was lost", account.text())
        self.assertIn("3 acknowledged messages were in its memory", account.text())
        self.assertIn("10 were never acknowledged", account.text())
        self.assertIn("7 more were sent before", account.text())
        self.assertNotIn("{", account.text())
        self.assertIn("(1 to broker 1, 1 to broker 3)", account.text())

    def test_a_message_lost_between_live_connections_is_a_fault(self):
        story = good_story()
        story.result["messages"]["lost_on_live_connections"] = 1
        self.assertIn("1 acknowledged messages were lost", self.only_fault(story))

    def test_a_device_that_is_not_connected_at_the_end_is_a_fault(self):
        story = good_story()
        story.result["pings"]["answered"] = 199
        self.assertIn("only 199 of 200 devices answered", self.only_fault(story))

    def test_a_device_of_a_live_broker_that_was_disturbed_is_a_fault(self):
        story = good_story()
        story.result["clients"]["connections_lost"] = 81
        self.assertIn("81 connections broke, but 80", self.only_fault(story))

    def test_silence_is_a_fault(self):
        story = good_story()
        story.result["messages"]["received"] = 0
        self.assertIn("no message was received", self.only_fault(story))

    def test_a_tenant_of_a_live_broker_that_moved_is_a_fault(self):
        story = good_story()
        story.homes_during = done(["3", "1", "3", "3"])
        self.assertIn("1 tenants of live brokers were routed elsewhere", self.only_fault(story))

    def test_a_tenant_that_does_not_come_home_is_a_fault(self):
        story = good_story()
        story.homes_after = done(["1", "2", "3", "3"])
        self.assertIn("1 tenants are not routed home", self.only_fault(story))

    def test_a_dead_broker_that_answers_is_a_fault(self):
        story = good_story()
        story.homes_during = done(["1", "2", "3", "3"])
        self.assertIn("answered while it was dead", self.only_fault(story))

    def test_a_proxy_that_ends_badly_is_a_fault(self):
        story = good_story()
        story.gate_code = -6
        self.assertIn("jumpgate ended with exit code -6", self.only_fault(story))

    def test_a_fleet_without_a_result_is_a_fault(self):
        story = good_story()
        story.result = None
        story.fleet_code = 1
        self.assertIn("jumpload ended with exit code 1", self.only_fault(story))

    def test_a_saturated_generator_is_said_but_is_no_fault(self):
        story = good_story()
        story.result["generator_saturated"] = True
        account = Account(story)
        self.assertEqual(account.faults, [])
        self.assertIn("too busy for exact times", account.text())


if __name__ == "__main__":
    unittest.main()
