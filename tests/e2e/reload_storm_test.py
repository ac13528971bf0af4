"""200 reloads a minute under 5,000 live clients: none is dropped, and nothing piles up.

Files are renamed into place, written in place, broken in between; SIGHUP and the Admin API take
turns with them. Each configuration is a large one, so one that is not freed would show.
"""

import os
import random
import signal
import threading
import time

import packets
from admin_peer import Place, as_text, states, upstream
from fleet import Brokers, Fleet
from harness import behaviour, equal, main, raise_file_limit, wait_until
from peers import receive

CLIENTS = 5_000
RELOADS = 84
PACE_S = 60 / 200
FILLERS = 400  # further routes: a route table of this test is some hundred KiB


def configuration(ports, step):
    """Nodes, weights and routes hang on `step`; the catch-all route stays."""
    rng = random.Random(step)
    weights = [rng.randrange(1, 10) for _ in ports]
    order = list(ports)
    rng.shuffle(order)
    routes = [{"id": f"filler-{i}", "upstream_id": "fleet",
               "match": {"client_id": {"regex": f"^nobody-{i}-[0-9]{{{1 + step % 5}}}$"}}}
              for i in range(FILLERS + step % 7)]
    routes.append({"id": "all", "upstream_id": "fleet" if step % 2 else "other"})
    return {"upstreams": [upstream(*order[:1 + step % len(ports)], id="fleet",
                                   weights=weights[:1 + step % len(ports)]),
                          upstream(*ports, id="other", hash="rendezvous")],
            "stream_routes": routes}


class Storm:
    def __init__(self, place, gate, client, ports):
        self.place, self.gate, self.client, self.ports = place, gate, client, ports
        self.served = 0

    def reloaded(self, change, event="reloaded"):
        begin = len(self.gate.lines.all)
        change()
        return self.gate.event(event, begin=begin)

    def rename(self, step):
        beside = self.place.folder / "beside.yaml"
        beside.write_text(as_text(configuration(self.ports, step)))
        self.reloaded(lambda: os.rename(beside, self.place.config))

    def in_place(self, step):
        text = as_text(configuration(self.ports, step))
        self.reloaded(lambda: self.place.config.write_text(text))

    def hangup(self, step):
        self.reloaded(lambda: self.gate.kill(signal.SIGHUP))

    def put_upstream(self, step):
        self.client.put("upstreams/by-api", upstream(*self.ports, weights=[1, 1 + step, 2]))

    def put_route(self, step):
        self.client.put("stream_routes/by-api", {
            "upstream_id": "by-api", "match": {"client_id": {"prefix": f"some-{step % 10}"}}})

    def broken(self, step):
        """A bad file changes nothing, and its log line says where it is bad."""
        good = self.place.config.read_text()
        before = self.client.get("/v1/upstreams")["route_fingerprint"]
        lines = ["upstreams:", "  - id: fleet", "    type: sideways", "    nodes: {}"]
        begin = len(self.gate.lines.all)
        failed = self.reloaded(
            lambda: self.place.config.write_text("\n".join(lines) + "\n"), "reload_failed")
        assert failed["problems"] >= 2, failed
        problem = self.gate.event("reload_problem", lambda x: "sideways" in x["problem"],
                                  begin)["problem"]
        assert problem.startswith(f"{self.place.config}:3:11: "), problem
        assert "allowed:" in problem, problem
        equal(self.client.get("/v1/upstreams")["route_fingerprint"], before)
        self.reloaded(lambda: self.place.config.write_text(good))

    def serve_one(self, step):
        """A new client in the middle of it all."""
        with self.gate.connect() as client:
            client.sendall(packets.connect(f"some-{step}"))
            equal(receive(client, 4), packets.CONNACK_OK[4])
            self.served += 1


def storm(gate, client, place, ports):
    weather = Storm(place, gate, client, ports)
    kinds = [weather.rename, weather.put_upstream, weather.hangup, weather.put_route,
             weather.in_place, weather.put_upstream, weather.broken]
    pace = threading.Event()  # never set
    begin = due = time.monotonic()
    early = None
    for step in range(RELOADS):
        kinds[step % len(kinds)](step)
        weather.serve_one(step)
        if step == 2 * len(kinds) - 1:  # every kind has been there
            early = gate.private_bytes()
        due += PACE_S
        pace.wait(max(0, due - time.monotonic()))
    elapsed_s = time.monotonic() - begin
    print(f"# {RELOADS} reloads in {elapsed_s:.1f} s: {60 * RELOADS / elapsed_s:.0f} a minute")
    return weather, early


@behaviour(f"{CLIENTS} clients live through {RELOADS} reloads of every kind; memory stays flat")
def reload_storm():
    raise_file_limit()
    with Brokers(3) as brokers, Place(configuration(brokers.ports, 0)) as place:
        with place.gate("--config-watch", "true", threads=2) as (gate, client), \
                Fleet(gate.port, CLIENTS) as fleet:
            fleet.connected()
            weather, early = storm(gate, client, place, brokers.ports)
            late = gate.private_bytes()
            print(f"# {early / 1e6:.1f} MB after 14 reloads, {late / 1e6:.1f} MB at the end")
            if not gate.sanitized:  # ASan sits on 256 MB of what was freed
                assert late < early * 1.05 + 2e6, f"memory grows: {early} to {late} bytes"
            relays = sum(node["connections"] for nodes in states(client).values()
                         for node in nodes.values())
            assert relays >= CLIENTS, relays
            # The last one's predecessor goes when the workers have let it go.
            wait_until(lambda: client.metric("jumpgate_config_route_tables") == 1,
                       "old tables' end")
            report = fleet.finish()
        equal(report["clients"]["connected"], CLIENTS)
        equal((report["clients"]["connections_lost"], report["clients"]["reconnects"]), (0, 0))
        pings = report["pings"]  # one each at the end; more where it takes longer than a keep-alive
        assert pings["sent"] == pings["answered"] >= CLIENTS, pings
        equal(gate.events("refused"), [])
        equal(weather.served, RELOADS)


main()
