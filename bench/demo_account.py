"""What happened in the demonstration, in words and numbers, and whether it is what was promised.

Pure: judges a Story. The promises: no acknowledged message was lost where both ends' connections
lived, only the killed broker's devices were disturbed, all of them are back, and routing moved the
killed broker's tenants alone.
"""
from dataclasses import dataclass
from typing import Any

from demo_table import time_text


@dataclass
class Story:
    clients: int
    ports: list
    victim: int                   # index of the broker that was killed
    killed_s: float = None
    all_back_s: float = None      # when jumpload had shown that many reconnects
    revived_s: float = None
    relays_before: list = None    # clients per broker by jumpgate: before the kill,
    relays_during: list = None    # while the broker was away,
    relays_after: list = None     # at the end of the run
    homes_before: Any = None      # futures: broker number that a new connection gets, by tenant
    homes_during: Any = None
    homes_after: Any = None
    result: dict = None           # jumpload's JSON
    fleet_code: int = None
    fleet_words: str = ""
    gate_code: int = None
    gate_words: str = ""


class Account:
    def __init__(self, story):
        self.story = story
        self.faults = []
        self.notes = []
        self.before, self.during, self.after = (
            future.result() for future in
            (story.homes_before, story.homes_during, story.homes_after))
        if story.result is None:
            self.faults.append(f"jumpload ended with exit code {story.fleet_code}, "
                               f"{story.fleet_words}")
        else:
            self.judge_devices()
            self.judge_messages()
        self.judge_routing()
        if story.gate_code != 0:
            self.faults.append(f"jumpgate ended with exit code {story.gate_code}, "
                               f"{story.gate_words}")

    def require(self, holds, fault):
        if not holds:
            self.faults.append(fault)

    @property
    def others(self):
        return " and ".join(str(i + 1) for i in range(len(self.story.ports))
                            if i != self.story.victim)

    def judge_devices(self):
        story, result = self.story, self.story.result
        on_victim = story.relays_before[story.victim]
        pings = result["pings"]
        self.lost_connections = result["clients"]["connections_lost"]
        self.require(result["clients"]["connected"] == story.clients,
                     f"only {result['clients']['connected']} of {story.clients} devices ever "
                     "connected")
        self.require(pings["answered"] == story.clients,
                     f"only {pings['answered']} of {story.clients} devices answered a ping at the "
                     "end")
        self.require(self.lost_connections == on_victim,
                     f"{self.lost_connections} connections broke, but {on_victim} were on the "
                     "killed broker: devices of live brokers were disturbed")

    def judge_messages(self):
        messages = self.story.result["messages"]
        lost = messages["lost_on_live_connections"]
        self.require(lost == 0, f"{lost} acknowledged messages were lost between live connections")
        self.require(messages["received"] > 0, "no message was received")
        for fault in ("duplicated", "reordered", "unexpected", "refused"):
            if messages[fault]:
                self.notes.append(f"{messages[fault]} messages were {fault}")
        if self.story.result["generator_saturated"]:
            self.notes.append("this machine was too busy for exact times: the percentiles show its "
                              "load, not jumpgate's speed")

    def judge_routing(self):
        victim = str(self.story.victim + 1)
        moved = [t for t, home in enumerate(self.before) if home == victim]
        strays = [t for t, home in enumerate(self.before)
                  if home != victim and self.during[t] != home]
        away = [t for t, home in enumerate(self.before) if self.after[t] != home]
        self.moved_tenants = len(moved)
        self.require(moved, f"no tenant lives on broker {victim}")
        self.require(not strays, f"{len(strays)} tenants of live brokers were routed elsewhere "
                     f"while broker {victim} was down")
        self.require(all(self.during[t] != victim for t in moved),
                     f"broker {victim} answered while it was dead")
        self.require(not away, f"{len(away)} tenants are not routed home after the broker's return")

    # ---- in words --------------------------------------------------------------------------

    def text(self):
        lines = ["What happened"]
        if self.story.result is not None:
            lines += self.device_lines() + self.message_lines()
        lines += self.routing_lines()
        lines += [f"  note: {note}" for note in self.notes]
        if self.faults:
            lines += ["", *(f"FAILED: {fault}" for fault in self.faults)]
        else:
            lines += ["", f"OK: no acknowledged message of a live broker was lost, brokers "
                      f"{self.others} went on undisturbed, all {self.story.clients:,} devices are "
                      "connected."]
        return "\n".join(lines)

    def device_lines(self):
        story = self.story
        victim = story.victim + 1
        back = "not all of them came back"
        if story.all_back_s is not None:
            back = f"all were connected again within {story.all_back_s - story.killed_s:.1f} s"
        return [
            f"  devices   {self.lost_connections:,} of {story.clients:,} lost their connection "
            f"when broker {victim} was killed at {story.killed_s:.1f} s; {back}.",
            f"            {story.result['pings']['answered']:,} of {story.clients:,} answered a "
            "ping at the end."]

    def message_lines(self):
        messages, latency = self.story.result["messages"], self.story.result["latency_us"]
        victim = self.story.victim + 1
        return [
            f"  messages  {messages['sent']:,} sent, {messages['acknowledged']:,} acknowledged, "
            f"{messages['received']:,} received; p50 {time_text(latency['p50'])}, "
            f"p99 {time_text(latency['p99'])} from the planned time of sending.",
            f"            brokers {self.others}: {messages['lost_on_live_connections']} "
            "acknowledged messages lost.",
            f"            broker {victim}: {messages['lost_in_flight']} acknowledged messages were "
            f"in its memory when it died, and are lost; {messages['unacknowledged']} were never "
            "acknowledged;",
            f"            {messages['without_subscriber']} more were sent before their subscriber "
            "had reconnected (clean sessions: nobody keeps them)."]

    def routing_lines(self):
        story = self.story
        victim = story.victim + 1
        counts = ["/".join(f"{count:,}" for count in relays) for relays in
                  (story.relays_before, story.relays_during, story.relays_after)]
        gained = ", ".join(f"{self.moved_to(i + 1)} to broker {i + 1}"
                           for i in range(len(story.ports)) if i != story.victim)
        returned = sum(1 for t, home in enumerate(self.before)
                       if home == str(victim) and self.after[t] == home)
        return [
            f"  routing   {self.moved_tenants} of {len(self.before)} tenants live on broker "
            f"{victim}. While it was down their new connections went elsewhere ({gained});",
            f"            once it was back, {returned} of {self.moved_tenants} were routed home "
            f"again. The other {len(self.before) - self.moved_tenants} never moved.",
            f"            Devices on brokers 1/2/3: {counts[0]} before, {counts[1]} without broker "
            f"{victim}, {counts[2]} at the end:",
            "            those that moved stay where they are until they next connect, because a "
            "TCP connection cannot move."]

    def moved_to(self, number):
        victim = str(self.story.victim + 1)
        return sum(1 for t, home in enumerate(self.before)
                   if home == victim and self.during[t] == str(number))
