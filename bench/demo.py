"""./dev demo: simulated IoT devices talk through jumpgate to three brokers, one of which dies.

Judges by its own account: exit code 0 only where no acknowledged message of a live broker was lost,
every device is connected at the end, and nobody but the dead broker's devices noticed; 1 with the
reason otherwise. What was lost with the broker is counted and said, not hidden.
"""
import argparse
import concurrent.futures
import json
import os
import sys
import tempfile
import threading
import time

import name_probe
import programs
from demo_account import Account, Story
from demo_table import Table

TENANTS = 100
VICTIM = 1  # broker 2
TICK_S = 0.1


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.split("\n")[0])
    parser.add_argument("--broker", choices=sorted(programs.BROKERS), default="embedded",
                        help="jumpload's embedded brokers, or real mosquitto processes "
                        "(default: embedded)")
    parser.add_argument("--clients", type=int, default=2000, metavar="N",
                        help="an even number, 200 to 16000; half publish, half subscribe "
                        "(default: 2000)")
    parser.add_argument("--seconds", type=int, default=15, metavar="N",
                        help="9 to 3600; broker 2 dies after a third (default: 15)")
    parser.add_argument("--rate", type=int, default=3000, metavar="N",
                        help="messages per second of all publishers, 1 to 100000 (default: 3000)")
    options = parser.parse_args()
    if options.clients % 2 or not 200 <= options.clients <= 16_000:
        parser.error(f"--clients: {options.clients}; allowed: even numbers, 200 to 16000")
    if not 9 <= options.seconds <= 3600:
        parser.error(f"--seconds: {options.seconds}; allowed: 9 to 3600")
    if not 1 <= options.rate <= 100_000:
        parser.error(f"--rate: {options.rate}; allowed: 1 to 100000")
    return options


class Watch:
    """The newest statistics of jumpgate and of the fleet, as their lines come in."""

    def __init__(self, broker_ports):
        self.lock = threading.Lock()
        self.names = [f"127.0.0.1:{port}" for port in broker_ports]
        self.live = None      # jumpload's last second
        self.lives = 0        # how many seconds it has shown
        self.reconnects = 0
        self.relays = None    # clients per broker, by jumpgate
        self.down = [False] * len(broker_ports)
        self.stats_read = 0

    def on_gate_line(self, line):
        if '"event":"stats"' not in line:
            return
        brokers = {broker["name"]: broker for broker in json.loads(line)["stats"]["brokers"]}
        with self.lock:
            self.relays = [brokers[name]["relays"] for name in self.names]
            self.down = [brokers[name]["down"] for name in self.names]
            self.stats_read += 1

    def on_fleet_line(self, line):
        if not line.startswith("{"):
            return
        live = json.loads(line)
        with self.lock:
            self.live = live
            self.lives += 1
            self.reconnects += live["reconnects"]


class Demo:
    def __init__(self, options):
        self.options = options
        self.ports = [programs.free_port() for _ in range(3)]
        self.watch = Watch(self.ports)
        self.table = Table()
        self.story = Story(options.clients, self.ports, VICTIM)
        self.prober = concurrent.futures.ThreadPoolExecutor(1)
        self.shown = 0
        self.stats_wanted = 0  # jumpgate's statistics that no longer see the probes' connections

    def start(self, folder):
        self.brokers = [self.start_broker(i) for i in range(3)]
        self.gate = programs.start_gate(
            self.ports, ["--threads", "2", "--hash-key-prefix-until", "/", "--fail-timeout-ms",
                         "1000", "--stats-interval-s", "1"], on_line=self.watch.on_gate_line)
        options = self.options
        self.result_path = os.path.join(folder, "result.json")
        self.fleet = programs.Program(
            "jumpload", [
                programs.JUMPLOAD, "p2p", "-h", "127.0.0.1", "-p", str(self.gate.port),
                "-c", str(options.clients), "-R", str(max(2000, options.clients // 2)),
                "--tenants", str(TENANTS), "-q", "1", "-s", "100",
                "-I", f"{500 * options.clients / options.rate:.3f}",
                "--duration", str(options.seconds), "--drain-ms", "2000",
                "--reconnect", "--reconnect-max-ms", "1000", "--ping-all-at-end",
                "--live-json", "--json", self.result_path],
            on_line=self.watch.on_fleet_line)

    def start_broker(self, index, patience_s=0):
        broker = programs.restart(self.options.broker, index + 1, self.ports[index], patience_s)
        name_probe.name_broker(self.ports[index], str(index + 1))
        return broker

    def homes(self):
        """Where each tenant's next new connection goes: broker numbers, by tenant."""
        homes = [name_probe.home_of(self.gate.port, f"tenant{tenant}/probe")
                 for tenant in range(TENANTS)]
        with self.watch.lock:
            self.stats_wanted = self.watch.stats_read + 2  # the next may be under way already
        return homes

    # ---- the play --------------------------------------------------------------------------

    def play(self):
        self.wait_until_connected()
        self.begin = time.monotonic()
        seconds = self.options.seconds
        story = self.story
        for share, act in ((0.1, lambda: self.probe("homes_before")), (1 / 3, self.kill_broker),
                           (0.45, lambda: self.probe("homes_during")), (0.6, self.revive_broker),
                           (0.75, lambda: self.probe("homes_after"))):
            self.watch_until(self.begin + share * seconds)
            act()
        self.watch_until(self.begin + seconds + 60, until_fleet_ends=True)
        story.fleet_code = self.fleet.wait(10)
        if story.fleet_code in (0, 3):  # 3: lost or saturated, which the account looks into
            with open(self.result_path) as result:
                story.result = json.load(result)
        else:
            story.fleet_words = self.fleet.tail()
        self.table.leave()

    def now(self):
        return time.monotonic() - self.begin

    def wait_until_connected(self):
        self.begin = time.monotonic()
        deadline = self.begin + 60
        while True:
            with self.watch.lock:
                live, relays = self.watch.live, self.watch.relays
            if live and live["connected"] == self.options.clients and relays:
                return
            if self.fleet.process.poll() is not None or time.monotonic() > deadline:
                connected = live["connected"] if live else 0
                raise programs.ProgramError(f"only {connected} of {self.options.clients} devices "
                                            f"could connect: {self.fleet.tail()}")
            time.sleep(TICK_S)

    def watch_until(self, deadline, until_fleet_ends=False):
        while time.monotonic() < deadline:
            if self.fleet.process.poll() is not None:
                if not until_fleet_ends:
                    raise programs.ProgramError(f"jumpload ended early: {self.fleet.tail()}")
                return
            if self.gate.process.poll() is not None:
                raise programs.ProgramError(f"jumpgate ended early: {self.gate.tail()}")
            self.show()
            time.sleep(TICK_S)

    def show(self):
        with self.watch.lock:
            watch = self.watch
            if watch.lives == self.shown:
                return
            self.shown = watch.lives
            live, relays, reconnects = watch.live, list(watch.relays), watch.reconnects
            down = list(watch.down)
        rows = [(f"{i + 1}  {self.watch.names[i]}", self.brokers[i].process.poll() is None,
                 "down" if down[i] else "up", relays[i]) for i in range(3)]
        story = self.story
        if story.all_back_s is None and story.killed_s is not None:
            if reconnects >= story.relays_before[VICTIM]:
                story.all_back_s = self.now()
        if live["sent"] == 0 and self.now() > self.options.seconds:
            return  # over; what is under way still arrives
        self.table.show(self.now(), rows, live, self.options.clients, reconnects)

    def probe(self, field):
        """On a thread of its own: the table goes on."""
        setattr(self.story, field, self.prober.submit(self.homes))

    def kill_broker(self):
        story = self.story
        story.homes_before.result()
        self.wait_for_stats()
        with self.watch.lock:
            story.relays_before = list(self.watch.relays)
        self.brokers[VICTIM].kill()
        story.killed_s = self.now()
        self.table.event(self.now(), f"broker {VICTIM + 1} is killed (SIGKILL) with "
                         f"{story.relays_before[VICTIM]:,} devices on it")

    def revive_broker(self):
        story = self.story
        story.homes_during.result()
        self.wait_for_stats()
        with self.watch.lock:
            story.relays_during = list(self.watch.relays)
        self.brokers[VICTIM] = self.start_broker(VICTIM, patience_s=5)
        story.revived_s = self.now()
        self.table.event(self.now(), f"broker {VICTIM + 1} is back on its port, and empty")

    def wait_for_stats(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self.watch.lock:
                if self.watch.stats_read >= self.stats_wanted:
                    return
            time.sleep(0.02)
        raise programs.ProgramError(f"jumpgate printed no statistics for 10 s: {self.gate.tail()}")

    def finish(self):
        """Every program's end counts: jumpgate checks on its way out that nothing leaked."""
        story = self.story
        with self.watch.lock:
            story.relays_after = list(self.watch.relays)
        story.gate_code = self.gate.stop()
        story.gate_words = self.gate.tail()
        for broker in self.brokers:
            broker.stop()


def introduce(options):
    killed_s, back_s = options.seconds / 3, options.seconds * 0.6
    print(f"{options.clients:,} simulated devices ({options.clients // 2:,} publisher/subscriber "
          f"pairs of {TENANTS} tenants, QoS 1) talk through jumpgate to 3 {options.broker} "
          f"brokers.\nBroker {VICTIM + 1} is killed after {killed_s:.0f} s and comes back after "
          f"{back_s:.0f} s; a tenant's devices must always meet on one broker.\n", flush=True)


def main():
    options = parse_arguments()
    programs.end_on_signals()
    introduce(options)
    try:
        with tempfile.TemporaryDirectory(prefix="jumpgate-demo-") as folder:
            demo = Demo(options)
            demo.start(folder)
            demo.play()
            demo.finish()
    except (programs.ProgramError, name_probe.ProbeError, OSError) as error:
        print(f"\ndemo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo interrupted; its programs are ended", file=sys.stderr)
        return 130
    account = Account(demo.story)
    print("\n" + account.text())
    return 0 if not account.faults else 1


if __name__ == "__main__":
    sys.exit(main())
