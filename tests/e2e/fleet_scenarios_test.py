"""The fleet scenarios of jumpload through jumpgate: spread, stickiness, scaling out, failing over.

Law: who serves a client is what its broker says in the CONNACK; what is expected of the shares is
what jump-consistent hashing promises, with room for chance (five standard deviations).
"""

import contextlib
import json
import signal
import subprocess

from admin_peer import Place, upstream
from fleet import JUMPLOAD, Brokers
from harness import Lines, behaviour, equal, main, start

PATIENCE_S = 60


class Scenario:
    """A scenario that runs; `live` are its objects, one a second."""

    def __init__(self, folder, name, port, *flags):
        self.report = folder / f"{name}.json"
        self.process = start([JUMPLOAD, "--scenario", name, "-p", str(port), "--live-json",
                              "--lateness-limit-ms", "60000", "--json", str(self.report),
                              *map(str, flags)],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.live = Lines(self.process.stdout)
        self.words = Lines(self.process.stderr)

    def connected(self, count):
        def accept(line):
            return line.startswith("{") and json.loads(line)["connected"] >= count
        self.live.wait(accept, f"{count} clients", deadline_s=PATIENCE_S)

    def finish(self, exit_code=0):
        equal(self.process.wait(PATIENCE_S), exit_code, self.words.text())
        return json.loads(self.report.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def fleet(count, *flags):
    """A gate before `count` brokers, each a process of its own; all is the API's."""
    with contextlib.ExitStack() as stack:
        brokers = [stack.enter_context(Brokers(1)) for _ in range(count)]
        place = stack.enter_context(Place())
        gate, client = stack.enter_context(place.gate(*flags))
        yield gate, client, place.folder, brokers


def put_brokers(client, brokers):
    client.put("upstreams/pool", upstream(*[x.ports[0] for x in brokers]))
    client.put("stream_routes/all", {"upstream_id": "pool"})


def names(brokers):
    return {f"127.0.0.1:{x.ports[0]}" for x in brokers}


def clients_of(report):
    return {name: broker["clients"] for name, broker in report["brokers"].items()}


def assert_share(part, whole, share):
    """`part` of `whole` independent clients, each with that chance."""
    deviation = (whole * share * (1 - share)) ** 0.5
    assert abs(part - whole * share) <= 5 * deviation, (part, whole, share)


@behaviour("fleet-spread: each of three brokers gets its third")
def spread():
    with fleet(3) as (gate, client, folder, brokers):
        put_brokers(client, brokers)
        with Scenario(folder, "fleet-spread", gate.port, "-c", 3000, "--duration", 1) as run:
            report = run.finish()
        shares = clients_of(report)
        equal((set(shares), sum(shares.values())), (names(brokers), 3000))
        for number in shares.values():
            assert_share(number, 3000, 1 / 3)


@behaviour("fleet-sticky: who reconnects finds the broker of before")
def sticky():
    with fleet(3) as (gate, client, folder, brokers):
        put_brokers(client, brokers)
        with Scenario(folder, "fleet-sticky", gate.port, "-c", 300, "--reconnect-max-ms", 400,
                      "--storm", "at=500ms,drop=100%,every=3s", "--duration", 9) as run:
            report = run.finish()
        equal(report["placement"], {"kept": 900, "moved": 0})
        equal(report["clients"]["reconnects"], 900)


@behaviour("fleet-scale-out: from three brokers to four, about a quarter moves, and only there")
def scale_out():
    with fleet(4) as (gate, client, folder, brokers):
        put_brokers(client, brokers[:3])
        with Scenario(folder, "fleet-scale-out", gate.port, "-c", 2000, "-R", 5000,
                      "--reconnect-max-ms", 400, "--storm", "at=8s,drop=100%",
                      "--duration", 12) as run:
            run.connected(2000)
            put_brokers(client, brokers)
            report = run.finish()
        moved = report["placement"]["moved"]
        equal(report["placement"]["kept"] + moved, 2000)
        assert_share(moved, 2000, 1 / 4)
        newest = clients_of(report)[f"127.0.0.1:{brokers[3].ports[0]}"]
        equal(newest, moved, "clients of the new broker, who came from others")


@behaviour("fleet-failover: the clients of a broker that is killed move, those of others stay")
def failover():
    with fleet(3, "--fail-max", "1") as (gate, client, folder, brokers):
        put_brokers(client, brokers)
        with Scenario(folder, "fleet-failover", gate.port, "-c", 600, "--rate", 300,
                      "--reconnect-max-ms", 400, "--duration", 8) as run:
            run.connected(600)
            states = client.get("/v1/upstreams")["upstreams"][0]["nodes"]
            killed = states[0]["node"]
            of_killed = states[0]["connections"]
            victim = next(x for x in brokers if killed.endswith(f":{x.ports[0]}"))
            victim.process.send_signal(signal.SIGKILL)
            report = run.finish()
        assert_share(of_killed, 600, 1 / 3)
        equal(report["clients"]["connections_lost"], of_killed)
        equal(report["placement"], {"kept": 0, "moved": of_killed})
        assert killed not in clients_of(report), report["brokers"]
        outages = report["outages"]
        assert outages["ended"] and outages["count"] > 0, outages
        # The first may be back when the last one hears of the end.
        assert 0 < outages["most_away"] <= of_killed, (outages, of_killed)
        assert 0 < outages["longest_ms"] < 8000, outages
        equal(sum(clients_of(report).values()), 600)
        equal(report["messages"]["lost_on_live_connections"], 0)


@behaviour("fleet-overhead: the same load, direct and through the gate")
def overhead():
    with fleet(1) as (gate, client, folder, brokers):
        put_brokers(client, brokers)
        path = folder / "overhead.json"
        run = subprocess.run(
            [JUMPLOAD, "--scenario", "fleet-overhead",
             "--target", f"direct=127.0.0.1:{brokers[0].ports[0]}",
             "--target", f"proxied=127.0.0.1:{gate.port}",
             "--pid", f"proxied={gate.process.pid}", "--rounds", "2", "--json", str(path),
             "p2p", "-c", "20", "--rate", "200", "--duration", "1",
             "--lateness-limit-ms", "60000"],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        equal(run.returncode, 0, run.stdout + run.stderr)
        targets = json.loads(path.read_text())["targets"]
        equal(targets["proxied"]["lost"]["values"], [0, 0])
        equal(len(targets["proxied"]["latency p50"]["values"]), 2)
        assert targets["proxied"]["latency p50"]["ratio"]["median"] > 0
        assert "CPU per message" in targets["proxied"], targets["proxied"].keys()


if __name__ == "__main__":
    main()
