"""A broker that comes and goes each second under active checks, and all of them gone."""

import threading
import time

import packets
from admin_peer import Place, states, upstream
from fleet import Brokers, Fleet
from harness import behaviour, equal, main, wait_until
from peers import Stub, free_port, receive

CLIENTS = 300
FLAPS = 10
CHECKS = {"active": {"type": "mqtt", "timeout": 1,
                     "healthy": {"interval": 0.1, "successes": 1},
                     "unhealthy": {"interval": 0.1, "tcp_failures": 1, "timeouts": 1,
                                   "http_failures": 1}}}
REFUSAL = {4: b"\x20\x02\x00\x03", 5: b"\x20\x03\x00\x88\x00"}  # both: server unavailable


def config(ports, **fields):
    return {"upstreams": [upstream(*ports, id="fleet", checks=CHECKS, **fields)],
            "stream_routes": [{"id": "all", "upstream_id": "fleet"}]}


def node(port):
    return f"127.0.0.1:{port}"


def state(client, port):
    return states(client)["fleet"][node(port)]


def answer_to(gate, client_id, level=4):
    with gate.connect() as client:
        client.sendall(packets.connect(client_id, level))
        return receive(client, len(REFUSAL[level]))


class Newcomers:
    """New clients all the time; each must be served, whatever the flapping broker does."""

    def __init__(self, gate):
        self.gate, self.served, self.problem = gate, 0, None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        try:
            while not self.stop.wait(0.01):
                equal(answer_to(self.gate, f"new-{self.served}"), packets.CONNACK_OK[4])
                self.served += 1
        except (AssertionError, OSError) as problem:
            self.problem = problem

    def finish(self):
        self.stop.set()
        self.thread.join()
        if self.problem is not None:
            raise self.problem
        return self.served


@behaviour(f"a broker that flaps {FLAPS} times, each second: the clients of others never notice")
def flap():
    port = free_port()
    stable = Brokers(2)
    with stable, Place(config([*stable.ports, port])) as place, place.gate() as (gate, client):
        gate.event("broker_down", lambda line: line["broker"] == node(port))
        with Fleet(gate.port, CLIENTS, prefix="stable-") as fleet:
            fleet.connected()
            newcomers = Newcomers(gate)
            pace = threading.Event()  # never set
            ups = 0
            for _ in range(FLAPS):
                due = time.monotonic() + 1
                with Stub(port=port) as flapping:
                    wait_until(lambda: state(client, port)["state"] == "up", "up")
                    wait_until(lambda: flapping.client_ids, "a check or a client")
                    ups += 1
                wait_until(lambda: state(client, port)["state"] == "down", "down")
                equal(state(client, port)["effective_weight"], 0)
                pace.wait(max(0, due - time.monotonic()))
            served = newcomers.finish()
            report = fleet.finish()
        print(f"# {served} new clients meanwhile")
        assert served > 100, served
        equal(report["clients"]["connections_lost"], 0, "clients of stable brokers")
        equal(report["pings"], {"sent": CLIENTS, "answered": CLIENTS})
        mine = [line for line in gate.events("broker_up") + gate.events("broker_down")
                if line["broker"] == node(port)]
        by_checks = [line for line in mine if "checks" in line]  # others: a worker's own dials
        assert 2 * ups <= len(by_checks) <= 2 * ups + 4, f"{len(by_checks)} lines for {ups} flaps"
        others = [line for line in gate.events("broker_down") if line["broker"] != node(port)]
        equal(others, [])
        noise = [line for line in gate.events("dial_failed")]
        assert len(noise) <= 20 * FLAPS, f"{len(noise)} lines of failed dials"
        lines = len([line for line in gate.lines.all if line])
        assert lines < 2 * served + 2 * CLIENTS + 50 * FLAPS, f"{lines} log lines"


@behaviour("slow start: a broker that is back grows from a tenth of its weight to all of it")
def slow_start():
    port = free_port()
    with Stub() as stable, Place(config([stable.port, port], slow_start_s=2)) as place, \
            place.gate() as (gate, client):
        wait_until(lambda: state(client, port)["state"] == "down", "down")
        with Stub(port=port):
            wait_until(lambda: state(client, port)["state"] == "starting", "starting")
            seen = [0.0]

            def grown():
                now = state(client, port)
                if now["effective_weight"] != seen[-1]:
                    seen.append(now["effective_weight"])
                return now["state"] == "up"
            wait_until(grown, "all of its weight")
            assert seen == sorted(seen) and len(seen) >= 4, seen
            assert seen[1] < 0.6, seen
            equal(state(client, port)["effective_weight"], 1)
            wait_until(lambda: state(client, port)["checks"] > 5, "more checks")
            equal(state(client, stable.port)["effective_weight"], 1)


@behaviour("all brokers down: refused with 0x03 and 0x88, not ready, and probing goes on")
def all_down():
    ports = [free_port(), free_port()]
    with Place(config(ports)) as place, place.gate() as (gate, client):
        wait_until(lambda: all(state(client, port)["state"] == "down" for port in ports), "down")
        for level, refusal in REFUSAL.items():
            equal(answer_to(gate, f"early-{level}", level), refusal)
        answer = client.want(503, "GET", "/ready").json
        assert "no live broker" in answer["error"] and "refused" in answer["error"], answer
        before = state(client, ports[0])["checks"]
        wait_until(lambda: state(client, ports[0])["checks"] >= before + 3, "more checks")
        equal(client.metric('jumpgate_connect_rejected_total{reason="no_broker"}'), 2)
        with Stub(port=ports[1]):
            wait_until(lambda: client.send("GET", "/ready").status == 200, "ready")
            equal(answer_to(gate, "late"), packets.CONNACK_OK[4])
            equal(state(client, ports[0])["state"], "down")


@behaviour("all_down: use_all tries brokers that the checks gave up")
def use_all():
    port = free_port()
    checks = {"active": {**CHECKS["active"], "port": free_port()}}  # nobody is there, ever
    pool = upstream(port, id="fleet", checks=checks, all_down="use_all")
    with Stub(port=port) as broker, \
            Place({"upstreams": [pool], "stream_routes": [{"id": "all", "upstream_id": "fleet"}]}) \
            as place, place.gate() as (gate, client):
        wait_until(lambda: state(client, port)["state"] == "down", "down")
        equal(answer_to(gate, "mine"), packets.CONNACK_OK[4])
        assert "mine" in broker.client_ids
        equal(state(client, port)["state"], "down")


main()
