#!/usr/bin/python3
"""jumpload conn, pub, sub and p2p against a real mosquitto.

Usage: jumpload_test.py JUMPLOAD. Prints TAP. Every run is bounded; every wait is for a condition
with a deadline; all is on loopback and free ports.
"""
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

import beside

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
from ports import free_port

JUMPLOAD = sys.argv[1]
PATIENCE_S = 60


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        select.select([], [], [], 0.01)  # between two looks at the condition


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """A mosquitto on a free port of its own, which can be killed and started again."""

    def __init__(self, folder, extra=""):
        self.port = free_port()
        self.config = os.path.join(folder, f"mosquitto-{self.port}.conf")
        with open(self.config, "w") as config:
            config.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                         f"max_queued_messages 0\n{extra}")
        self.start()

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), "mosquitto")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Run:
    """One jumpload in the background; finish() gives its exit code and its JSON."""

    def __init__(self, folder, mode, port, *flags):
        self.json_path = os.path.join(folder, f"{mode}-{time.monotonic_ns()}.json")
        # Timing is not what these tests are about: a busy machine must not fail them.
        command = [JUMPLOAD, mode, "-p", str(port), "--lateness-limit-ms", "60000", "--live-json",
                   "--json", self.json_path, *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def wait_for(self, field, at_least):
        """Reads the live objects until one of them shows it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            assert line, "jumpload ended early"
            if json.loads(line)[field] >= at_least:
                return
        raise AssertionError(f"{field} never reached {at_least}")

    def finish(self, exit_code=0):
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == exit_code, (self.process.returncode, out, err)
        for line in out.splitlines():
            json.loads(line)
        with open(self.json_path) as file:
            return json.load(file), err


def expect(actual, **wanted):
    for name, value in wanted.items():
        assert actual[name] == value, f"{name} is {actual[name]}, not {value}: {actual}"


# ---- Scenarios ----------------------------------------------------------------------------------

def p2p_delivers_exactly_what_was_planned(folder, broker, version, qos):
    result, _ = Run(folder, "p2p", broker.port, "-c", 20, "-I", 20, "-q", qos,
                    "-V", version, "-R", 1000, "--duration", 1, "--tenants", 3).finish()
    expect(result["clients"], requested=20, connected=20, failed=0)
    # 10 publishers, one message per 20 ms, one second.
    expect(result["messages"], planned=500, sent=500, received=500, lost=0, duplicated=0,
           reordered=0, unexpected=0, acknowledged=500 if qos else 0, unacknowledged=0)
    for times in ("latency_us", "service_us", "send_lateness_us"):
        assert result[times]["count"] == 500, (times, result[times])
    assert 0 < result["latency_us"]["p50"] <= result["latency_us"]["p99"]
    assert result["latency_us"]["p99"] <= result["latency_us"]["p99_9"]
    assert result["latency_us"]["p99_9"] <= result["latency_us"]["max"]
    assert result["connect_us"]["count"] == 20
    assert result["generator_saturated"] is False and result["seconds"] == 1.0


def large_messages_and_several_threads(folder, broker):
    result, _ = Run(folder, "p2p", broker.port, "-c", 12, "-I", 50, "-q", 1, "-s", 100000,
                    "--threads", 3, "--duration", 1).finish()
    expect(result["messages"], planned=120, sent=120, received=120, lost=0, acknowledged=120)
    assert result["bytes"]["received"] > 120 * 100000


def pub_reaches_sub_of_another_process(folder, broker, qos):
    sub = Run(folder, "sub", broker.port, "-c", 4, "-t", "bench/#", "-q", qos)
    sub.wait_for("connected", 4)
    result, _ = Run(folder, "pub", broker.port, "-c", 5, "-I", 20, "-t", "bench/%i/%c",
                    "-q", qos, "--duration", 1).finish()
    expect(result["messages"], sent=250, acknowledged=250 if qos else 0, unacknowledged=0)
    wait_until(lambda: broker_is_quiet(sub), "the subscribers")
    sub.process.send_signal(signal.SIGINT)
    result, _ = sub.finish()
    expect(result["messages"], received=4 * 250, lost=0, duplicated=0, reordered=0)
    assert result["latency_from"] == "actual send"


def broker_is_quiet(run):
    return json.loads(run.process.stdout.readline())["received"] == 0


def conn_holds_and_pings(folder, broker):
    result, _ = Run(folder, "conn", broker.port, "-c", 200, "-R", 2000, "--duration", 1,
                    "--ifaddr", "127.0.0.2,127.0.0.3", "--ping-all-at-end").finish()
    expect(result["clients"], requested=200, connected=200, failed=0, connections_lost=0)
    expect(result["pings"], sent=200, answered=200)


def nobody_there_is_counted(folder, broker):
    result, err = Run(folder, "p2p", free_port(), "-c", 6, "--duration", 1).finish(exit_code=1)
    expect(result["clients"], requested=6, connected=0, failed=6)
    expect(result["setup_failures"], refused=6)
    expect(result["messages"], sent=0, lost=0)
    assert "nothing listens" in err, err


def killed_broker_is_counted_and_survived(folder, broker):
    victim = Mosquitto(folder)
    run = Run(folder, "p2p", victim.port, "-c", 40, "-I", 50, "-q", 1, "--reconnect",
              "--reconnect-max-ms", 200, "--duration", 5)
    run.wait_for("received", 100)
    victim.kill()
    run.wait_for("connections_lost", 1)
    victim.start()
    result, _ = run.finish()
    victim.kill()
    expect(result["clients"], requested=40, connected=40, failed=0, connections_lost=40,
           reconnects=40)
    assert sum(result["connections_lost"].values()) == 40, result["connections_lost"]
    messages = result["messages"]
    expect(messages, planned=2000, sent=2000, lost_on_live_connections=0, duplicated=0)
    # The account closes: all that was sent was received, lost, unheard, or has no answer.
    accounted = messages["received"] + messages["lost"] + messages["without_subscriber"]
    assert accounted <= messages["sent"] <= accounted + messages["unacknowledged"], messages
    assert messages["acknowledged"] + messages["unacknowledged"] == 2000, messages
    assert messages["held_by_connection"] > 0, messages


def without_reconnect_the_rest_is_not_sent(folder, broker):
    victim = Mosquitto(folder)
    run = Run(folder, "p2p", victim.port, "-c", 10, "-I", 50, "-q", 1, "--duration", 4,
              "--drain-ms", 100)
    run.wait_for("received", 50)
    victim.kill()
    out, err = run.process.communicate(timeout=PATIENCE_S)
    with open(run.json_path) as file:
        result = json.load(file)
    messages = result["messages"]
    assert run.process.returncode == 3, (out, err)  # the plan was not played
    expect(result["clients"], connected=10, failed=0, connections_lost=10, reconnects=0)
    expect(messages, planned=400, lost_on_live_connections=0)
    assert messages["sent"] < 400, messages
    expect(messages, unsent=400 - messages["sent"])
    assert f"{messages['unsent']} NEVER SENT" in err, err


def a_kept_session_loses_nothing(folder, broker):
    # Persistence: what mosquitto acknowledged outlives a SIGTERM.
    store = os.path.join(folder, "store") + "/"
    os.mkdir(store)
    keeper = Mosquitto(folder, f"persistence true\npersistence_location {store}\nuser root\n")
    run = Run(folder, "p2p", keeper.port, "-c", 20, "-I", 20, "-q", 2, "-V", 5, "-C", "false",
              "--reconnect", "--reconnect-min-ms", 50, "--reconnect-max-ms", 100,
              "--duration", 5, "--drain-ms", 10000)
    run.wait_for("received", 100)
    keeper.process.terminate()
    keeper.process.wait()
    keeper.start()
    result, _ = run.finish()
    keeper.kill()
    expect(result["clients"], connections_lost=20, reconnects=20)
    expect(result["messages"], planned=2500, sent=2500, acknowledged=2500, received=2500, lost=0,
           duplicated=0, without_subscriber=0)


def interrupted_it_reports_what_it_has(folder, broker):
    for number in (signal.SIGINT, signal.SIGTERM):
        run = Run(folder, "p2p", broker.port, "-c", 10, "-I", 50, "--duration", 1000)
        run.wait_for("received", 50)
        run.process.send_signal(number)
        result, err = run.finish()
        assert result["interrupted"] is True and "partial" in err, err
        assert result["messages"]["received"] == result["messages"]["planned"] > 50
        assert result["seconds"] < 100


def refused_clients_are_counted_by_code(folder, broker):
    strict = Mosquitto(folder, "allow_anonymous false\n")
    for version, code in ((4, "0x87"), (5, "0x87")):
        result, _ = Run(folder, "conn", strict.port, "-c", 3, "-V", version,
                        "--duration", 1).finish(exit_code=1)
        expect(result["setup_failures"], connack=3)
        expect(result["connack_codes"], **{code: 3})
    strict.kill()


def a_wrong_command_line_is_one_line_and_exit_2(folder, broker):
    for arguments, says in ((["p2p", "-c", "3"], "odd"), (["pub"], "--topic"),
                            (["conn", "--nothing"], "--nothing"), (["fly"], "no mode"),
                            ([], "no mode"), (["conn", "-p", "70000"], "1 to 65535")):
        done = subprocess.run([JUMPLOAD, *arguments], capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and done.stdout == "", (arguments, done)
        assert done.stderr.count("\n") == 1 and says in done.stderr, (arguments, done.stderr)


def help_is_help(folder, broker):
    for mode in ("conn", "pub", "sub", "p2p", "fanout", "fanin", "sharedsub", "pubsub"):
        done = subprocess.run([JUMPLOAD, mode, "--help"], capture_output=True, text=True,
                              timeout=10)
        assert done.returncode == 0 and "--connrate" in done.stdout and done.stderr == ""
        assert max(map(len, done.stdout.splitlines())) <= 100


SCENARIOS = [
    *((p2p_delivers_exactly_what_was_planned, version, qos)
      for version in (3, 4, 5) for qos in (0, 1, 2)),
    large_messages_and_several_threads,
    *((pub_reaches_sub_of_another_process, qos) for qos in (0, 1, 2)),
    conn_holds_and_pings, nobody_there_is_counted,
    killed_broker_is_counted_and_survived, without_reconnect_the_rest_is_not_sent,
    a_kept_session_loses_nothing, interrupted_it_reports_what_it_has,
    refused_clients_are_counted_by_code, a_wrong_command_line_is_one_line_and_exit_2, help_is_help,
]


def main(scenarios):
    def run(scenario, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            broker = Mosquitto(folder)
            try:
                scenario(folder, broker, *arguments)
            finally:
                broker.kill()
    return beside.play(scenarios, run)


if __name__ == "__main__":
    sys.exit(main(SCENARIOS))
