"""The fleet scenarios of jumpload through jumpgate: spread, stickiness, scaling out, failing over.

Law: who serves a client is what its broker says in the CONNACK, or a retained message on it; what
is expected of the shares is what jump-consistent hashing promises, with room for chance (five
standard deviations).
"""

import contextlib
import json
import pathlib
import signal
import subprocess
import tempfile

from admin_peer import Place, upstream
from fleet import JUMPLOAD, PATIENCE_S, Brokers, Load
from harness import behaviour, equal, main, wait_until
from peers import Mosquitto


@contextlib.contextmanager
def fleet(count, *flags, kind=lambda: Brokers(1)):
    """A gate before `count` brokers, each a process of its own; all is the API's."""
    with contextlib.ExitStack() as stack:
        brokers = [stack.enter_context(kind()) for _ in range(count)]
        gate, client = stack.enter_context(stack.enter_context(Place()).gate(*flags))
        yield gate, client, brokers


def scenario(name, gate, *flags):
    return Load("--scenario", name, "-p", gate.port, *flags)


def put_brokers(client, brokers):
    client.put("upstreams/pool", upstream(*[x.port for x in brokers]))
    client.put("stream_routes/all", {"upstream_id": "pool"})


def names(brokers):
    return {f"127.0.0.1:{x.port}" for x in brokers}


def clients_of(report):
    return {name: broker["clients"] for name, broker in report["brokers"].items()}


def assert_share(part, whole, share):
    """`part` of `whole` independent clients, each with that chance."""
    deviation = (whole * share * (1 - share)) ** 0.5
    assert abs(part - whole * share) <= 5 * deviation, (part, whole, share)


@behaviour("fleet-spread: each of three brokers gets its third")
def spread():
    with fleet(3) as (gate, client, brokers):
        put_brokers(client, brokers)
        with scenario("fleet-spread", gate, "-c", 3000, "--duration", 1) as run:
            report = run.report(0)
        shares = clients_of(report)
        equal((set(shares), sum(shares.values())), (names(brokers), 3000))
        for number in shares.values():
            assert_share(number, 3000, 1 / 3)


@behaviour("fleet-sticky: who reconnects finds the broker of before")
def sticky():
    with fleet(3) as (gate, client, brokers):
        put_brokers(client, brokers)
        with scenario("fleet-sticky", gate, "-c", 300, "--reconnect-max-ms", 400,
                      "--storm", "at=500ms,drop=100%,every=3s", "--duration", 6) as run:
            report = run.report(0)
        equal(report["placement"], {"kept": 600, "moved": 0})
        equal(report["clients"]["reconnects"], 600)


def ids_seen(mosquitto):
    """One for each CONNECT of jumpload that it accepted."""
    lines = [x for x in list(mosquitto.log.all) if x and "New client connected" in x]
    return [x.split(" as ")[1].split(" ")[0] for x in lines if " as jumpload-" in x]


@behaviour("three mosquitto, MQTT 3.1.1: a retained message tells who serves, as each of them saw")
def by_topic():
    with fleet(3, kind=Mosquitto) as (gate, client, brokers):
        put_brokers(client, brokers)
        for broker in brokers:
            subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", "jumpload/broker",
                            "-m", f"127.0.0.1:{broker.port}"], check=True, timeout=PATIENCE_S)
        with scenario("fleet-sticky", gate, "-c", 300, "-V", 4,
                      "--broker-from", "topic:jumpload/broker", "--reconnect-max-ms", 200,
                      "--storm", "at=200ms,drop=100%", "--duration", 2) as run:
            report = run.report(0)
        equal(report["placement"], {"kept": 300, "moved": 0})
        equal(report["clients"]["connections_lost"], 300)
        wait_until(lambda: sum(len(ids_seen(x)) for x in brokers) == 600, "all in the logs")
        equal(clients_of(report), {f"127.0.0.1:{x.port}": len(set(ids_seen(x))) for x in brokers})
        for number in clients_of(report).values():
            assert_share(number, 300, 1 / 3)


@behaviour("fleet-scale-out: from three brokers to four, about a quarter moves, and only there")
def scale_out():
    with fleet(4) as (gate, client, brokers):
        put_brokers(client, brokers[:3])
        with scenario("fleet-scale-out", gate, "-c", 2000, "-R", 5000,
                      "--reconnect-max-ms", 400, "--storm", "at=8s,drop=100%",
                      "--duration", 12) as run:
            run.connected(2000)
            put_brokers(client, brokers)
            report = run.report(0)
        moved = report["placement"]["moved"]
        equal(report["placement"]["kept"] + moved, 2000)
        assert_share(moved, 2000, 1 / 4)
        newest = clients_of(report)[f"127.0.0.1:{brokers[3].port}"]
        equal(newest, moved, "clients of the new broker, who came from others")


@behaviour("fleet-failover: the clients of a broker that is killed move, those of others stay")
def failover():
    with fleet(3, "--fail-max", "1") as (gate, client, brokers):
        put_brokers(client, brokers)
        with scenario("fleet-failover", gate, "-c", 600, "--rate", 300,
                      "--reconnect-max-ms", 400, "--duration", 8) as run:
            run.connected(600)
            states = client.get("/v1/upstreams")["upstreams"][0]["nodes"]
            killed = states[0]["node"]
            of_killed = states[0]["connections"]
            victim = next(x for x in brokers if killed.endswith(f":{x.port}"))
            victim.process.send_signal(signal.SIGKILL)
            report = run.report(0)
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
    with fleet(1) as (gate, client, brokers), tempfile.TemporaryDirectory() as folder:
        put_brokers(client, brokers)
        path = pathlib.Path(folder, "overhead.json")
        run = subprocess.run(
            [JUMPLOAD, "--scenario", "fleet-overhead",
             "--target", f"direct=127.0.0.1:{brokers[0].port}",
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
