#!/usr/bin/python3
"""When jumpload sends and connects, what it measures of it, and what its clients do besides.

Usage: jumpload_time_test.py JUMPLOAD [untimed|timed|SCENARIO...]. Prints TAP. The brokers are
`jumpload broker`, which a signal can stall. Every run is bounded; what is asserted of times holds
on a busy machine.
"""
import concurrent.futures
import contextlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import beside

JUMPLOAD = sys.argv[1]
PATIENCE_S = 60


class Broker:
    """One process of brokers on free ports."""

    def __init__(self, count=1):
        listens = [part for _ in range(count) for part in ("--listen", "127.0.0.1:0")]
        self.process = subprocess.Popen([JUMPLOAD, "broker", *listens], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.ports = []
        while len(self.ports) < count:
            line = self.process.stdout.readline()
            assert line, "the broker did not start"
            if "listen" in line:
                self.ports.append(int(line.split("127.0.0.1:")[1].split()[0].strip('",')))
        self.port = self.ports[0]

    def stall(self, seconds):
        """Stops it for that long; how long it really was."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGSTOP)
        select.select([], [], [], seconds)
        self.process.send_signal(signal.SIGCONT)
        return time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Run:
    def __init__(self, folder, mode, port, *flags):
        self.json_path = os.path.join(folder, f"{mode}-{time.monotonic_ns()}.json")
        self.process = subprocess.Popen(
            [JUMPLOAD, mode, "-p", str(port), "--live-json", "--json", self.json_path,
             *map(str, flags)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for(self, field, at_least):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            assert line, "jumpload ended early"
            if json.loads(line).get(field, 0) >= at_least:
                return
        raise AssertionError(f"{field} never reached {at_least}")

    def finish(self, exit_codes=(0,)):
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode in exit_codes, (self.process.returncode, out, err)
        with open(self.json_path) as file:
            return json.load(file), err


def play(folder, mode, port, *flags):
    # Timing is not what most of these tests are about: a busy machine must not fail them.
    return Run(folder, mode, port, "--lateness-limit-ms", 60000, *flags).finish()[0]


def expect(actual, **wanted):
    for name, value in wanted.items():
        assert actual[name] == value, f"{name} is {actual[name]}, not {value}: {actual}"


def within(actual, wanted, share):
    assert abs(actual - wanted) <= share * wanted, (actual, wanted)


# ---- When ---------------------------------------------------------------------------------------

class Arrivals:
    """A broker that notes when each connection came. It answers before it is asked, with one call
    for each, so that it keeps up with 10,000 of them per second."""

    def __init__(self):
        self.at_ns, self.wires = [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                wire, _ = self.listener.accept()
                self.at_ns.append(time.monotonic_ns())
                wire.send(b"\x20\x03\x00\x00\x00")
                self.wires.append(wire)

    def rate(self, planned):
        """Per second, between two moments at which dials came as soon as they ever did: a machine
        that is busy with other things makes some late, which the next ones make up for."""
        late_ns = [at_ns - k * 1e9 / planned for k, at_ns in enumerate(self.at_ns)]
        quarter = len(late_ns) // 4
        first = min(range(quarter), key=late_ns.__getitem__)
        last = min(range(len(late_ns) - quarter, len(late_ns)), key=late_ns.__getitem__)
        return (last - first) / (self.at_ns[last] - self.at_ns[first]) * 1e9

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        for wire in [self.listener, *self.wires]:
            wire.close()


def delivered(folder, rate, count):
    with Arrivals() as arrivals:
        result = play(folder, "conn", arrivals.port, "-c", count, "-R", rate, "--duration", 1)
        expect(result["clients"], connected=count)
        assert len(arrivals.at_ns) == count
        return arrivals.rate(rate)


def connects_come_at_the_rate_that_was_asked_for(folder):
    """To 1 %, from 10 to 10,000 per second."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    dials = {10: 31, 100: 200, 1000: 1500, 10000: 8000}  # for 3, 2, 1.5 and 0.8 s
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for _ in range(3):  # where the machine gives no processor for a quarter of the time
            slowest = pool.submit(delivered, folder, 10, dials[10])
            rates = {rate: delivered(folder, rate, dials[rate]) for rate in (1000, 10000)}
            rates[100] = delivered(folder, 100, dials[100])
            rates[10] = slowest.result()
            print("# delivered:", {rate: round(had, 2) for rate, had in sorted(rates.items())})
            if all(abs(had / rate - 1) <= 0.01 for rate, had in rates.items()):
                return
    raise AssertionError(rates)


def a_profile_is_followed_and_the_warm_up_left_out(folder):
    with Broker() as broker:
        for arrival in ("uniform", "poisson"):
            result = play(folder, "p2p", broker.port, "-c", 100, "--arrival", arrival, "--profile",
                          "0:0,1s:2k,3s:2k,3s:0", "--warm-up", "1s", "--duration", 3)
            messages, head = result["messages"], result["warm_up"]
            # The area: 1,000 in the first second, 4,000 in the next two, then none.
            slack = 0.002 if arrival == "uniform" else 0.12
            within(head["planned"], 1000, slack)
            within(messages["planned"], 4000, slack)
            for part in (messages, head):
                expect(part, sent=part["planned"], received=part["planned"], lost=0)
            assert result["latency_us"]["count"] == messages["received"]
            assert result["send_lateness_us"]["count"] == messages["sent"]
            assert result["seconds"] == 3.0


def a_ramp_rises_to_the_full_rate(folder):
    with Broker() as broker:
        result = play(folder, "p2p", broker.port, "-c", 100, "-I", 50, "--ramp", "2s",
                      "--duration", 3)
        within(result["messages"]["planned"], 1000 + 1000, 0.01)
        expect(result["messages"], received=result["messages"]["planned"])
        # Half the rate on average, so 2,000 connects take 2 s of ramp and 1,000/1,000 s.
        result = play(folder, "conn", broker.port, "-c", 2000, "-R", 1000, "--ramp", "2s",
                      "--duration", 1)
        within(result["connect_seconds"], 3.0, 0.05)


def runs_that_wait_for_one_time_start_together(folder):
    with Broker() as broker:
        at = time.time() + 1.5
        runs = [Run(folder, "p2p", broker.port, "-c", 10, "-n", 100 * n, "-I", 50, "--start-at",
                    f"{at:.3f}", "--lateness-limit-ms", 60000, "--duration", 1) for n in range(2)]
        for run in runs:
            result, _ = run.finish()
            expect(result["messages"], planned=100, received=100)
        # 1.5 s until the first dial, and the messages at the next whole second behind it.
        assert at + 2.0 <= time.time() <= at + 12.0
        past = subprocess.run([JUMPLOAD, "conn", "--start-at", "1000000000"], capture_output=True,
                              text=True, timeout=10)
        assert past.returncode == 1 and "past" in past.stderr, past


# ---- What is measured ---------------------------------------------------------------------------

def a_stall_is_seen_as_the_plan_predicts(folder):
    """One second in twenty: the slowest 1 % of messages are those due in the stall's first part."""
    duration = 20
    with Broker() as broker:
        run = Run(folder, "p2p", broker.port, "-c", 100, "-I", 20, "-q", 1, "-F", 1,
                  "--lateness-limit-ms", 200, "--duration", duration)
        run.wait_for("received", 1000)
        stalled = broker.stall(1)
        # Lateness that the broker causes is no fault of the generator.
        result, _ = run.finish(exit_codes=(0, 3))
    messages = result["messages"]
    expect(messages, planned=50 * 50 * duration, received=50 * 50 * duration, lost=0)
    # A message due s seconds into the stall waits `stalled - s`: the 1 % that wait longest are due
    # within duration / 100 of its begin.
    predicted = (stalled - duration / 100) * 1e6
    within(result["latency_us"]["p99"], predicted, 0.05)
    # A closed loop has one message of each client under way, and hardly sees it.
    assert result["service_us"]["p99"] < predicted / 4, result["service_us"]
    assert messages["held_by_window"] > 0.9 * 50 * 50 * stalled - 50, messages
    within(messages["window_full_s"], 50 * stalled, 0.2)
    assert result["send_lateness_us"]["p99"] < 200000, result["send_lateness_us"]


def a_closed_loop_hardly_sees_a_stall(folder):
    """The same stall, and clients that think: less is sent, and latency says nothing of it."""
    with Broker() as broker:
        run = Run(folder, "p2p", broker.port, "-c", 40, "-q", 1, "--think-time", "20ms",
                  "--lateness-limit-ms", 60000, "--duration", 3)
        run.wait_for("received", 100)
        stalled = broker.stall(1)
        result, err = run.finish()
    messages = result["messages"]
    expect(result, latency_from="actual send")
    expect(result["plan"], closed_loop=True, think_time_ns=20_000_000, interval_ns=0)
    expect(messages, planned=messages["sent"], received=messages["sent"], lost=0,
           acknowledged=messages["sent"], held_by_window=0)
    # 50 a second of each of 20 clients, but for the stall, in which each has one under way.
    assert messages["sent"] <= 20 * (50 * (3 - stalled) + 3), messages
    latency = result["latency_us"]
    assert latency["max"] > 0.9e6 * stalled and latency["p90"] < 0.5e6, latency
    assert "coordinated omission" in err, err


def what_is_late_can_be_dropped(folder):
    with Broker() as broker:
        run = Run(folder, "p2p", broker.port, "-c", 20, "-I", 10, "-q", 1, "-F", 1, "--drop-late",
                  "--lateness-limit-ms", 100, "--duration", 3)
        run.wait_for("received", 100)
        stalled = broker.stall(1)
        result, _ = run.finish(exit_codes=(0, 3))
    messages = result["messages"]
    # All but the last 100 ms of what was due within the stall; none of it counts as lost.
    within(messages["dropped"], 10 * 100 * (stalled - 0.1), 0.2)
    expect(messages, planned=3000, lost=0, sent=3000 - messages["dropped"],
           received=messages["sent"], acknowledged=messages["sent"])
    assert result["latency_us"]["max"] < (stalled + 0.2) * 1e6


def a_generator_without_its_processor_says_so(folder):
    """Stopped for a while, it is late by its own fault: exit 3, in text and in JSON."""
    with Broker() as broker:
        run = Run(folder, "p2p", broker.port, "-c", 20, "-I", 20, "--lateness-limit-ms", 100,
                  "--duration", 3)
        run.wait_for("received", 100)
        run.process.send_signal(signal.SIGSTOP)
        select.select([], [], [], 0.8)
        run.process.send_signal(signal.SIGCONT)
        result, err = run.finish(exit_codes=(3,))
    assert result["generator_saturated"] is True and "SATURATED" in err, (result, err)
    assert result["send_lateness_us"]["p99"] > 100000
    expect(result["messages"], planned=1500, received=1500, lost=0)


# ---- Behaviour ----------------------------------------------------------------------------------

def a_storm_breaks_its_share_and_all_come_back(folder):
    with Broker() as broker:
        result = play(folder, "conn", broker.port, "-c", 400, "--storm",
                      "at=500ms,drop=25%,every=1500ms", "--reconnect-min-ms", 20, "--duration", 5)
    expect(result["clients"], connected=400, connections_lost=300, reconnects=300)
    expect(result["connections_lost"], storm=300)


def churn_goes_round_and_a_kept_session_loses_nothing(folder):
    with Broker() as broker:
        result = play(folder, "p2p", broker.port, "-c", 40, "-I", 50, "-q", 1, "-C", "false",
                      "--churn", "50%/s", "--reconnect-min-ms", 20, "--duration", 4,
                      "--drain-ms", 20000)
    expect(result["connections_lost"], churn=80)
    expect(result["clients"], connected=40, reconnects=80)
    expect(result["messages"], planned=1600, sent=1600, acknowledged=1600, received=1600, lost=0)


def who_is_taken_over_is_told(folder):
    with Broker() as broker:
        for version in (4, 5):
            result = play(folder, "conn", broker.port, "-c", 20, "-V", version, "--takeover",
                          "100%/s", "--reconnect-min-ms", 20, "--duration", 2)
            # Each client twice; one that is still on its way back is spared.
            assert 36 <= result["takeovers"] <= 40, result
            expect(result["connections_lost"],
                   **{"taken_over" if version == 5 else "closed": result["takeovers"]})


def one_process_holds_more_clients_than_it_may_open_files(folder):
    limit = 300
    with Broker(2) as broker:
        command = ["sh", "-c", f"ulimit -n {limit}; exec \"$@\"", "sh", JUMPLOAD, "conn", "-p",
                   str(broker.port), "-c", "700", "-R", "1000", "--duration", "1", "--json",
                   os.path.join(folder, "many.json"), "--ping-all-at-end", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done
        with open(os.path.join(folder, "many.json")) as file:
            result = json.load(file)
        expect(result["clients"], connected=700, failed=0)
        expect(result["pings"], answered=700)
        expect(result["plan"], threads=3)
        refused = subprocess.run(command[:-8] + ["--threads", "2"], capture_output=True, text=True,
                                 timeout=PATIENCE_S)
    assert refused.returncode == 2 and "ulimit -n" in refused.stderr, refused


UNTIMED = [
    a_storm_breaks_its_share_and_all_come_back, churn_goes_round_and_a_kept_session_loses_nothing,
    who_is_taken_over_is_told, one_process_holds_more_clients_than_it_may_open_files,
]
TIMED = [  # want their processor when they are due
    a_stall_is_seen_as_the_plan_predicts, connects_come_at_the_rate_that_was_asked_for,
    a_profile_is_followed_and_the_warm_up_left_out, a_ramp_rises_to_the_full_rate,
    runs_that_wait_for_one_time_start_together, what_is_late_can_be_dropped,
    a_generator_without_its_processor_says_so, a_closed_loop_hardly_sees_a_stall,
]


def run(scenario):
    with tempfile.TemporaryDirectory() as folder:
        scenario(folder)


if __name__ == "__main__":
    sys.exit(beside.choose(UNTIMED, TIMED, run))
