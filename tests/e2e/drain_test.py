"""Draining: a broker by weight 0, its clients by eviction, the whole proxy by POST /drain."""

import concurrent.futures
import contextlib
import http.client
import itertools
import signal
import threading
import time

import packets
from admin_peer import Client, Place, as_text, states, upstream
from fleet import Brokers, Fleet
from harness import DEADLINE_S, behaviour, equal, main, wait_until
from peers import Stub, free_port, receive

DEVICES = 400


def config(ports, weights=None):
    return {"upstreams": [upstream(*ports, id="fleet", weights=weights)],
            "stream_routes": [{"id": "all", "upstream_id": "fleet"}]}


def node(port):
    return f"127.0.0.1:{port}"


def counts(client, id="fleet"):
    return {name: state["connections"] for name, state in states(client)[id].items()}


def put_weights(client, ports, weights):
    client.put("upstreams/pool", upstream(*ports, weights=weights))


def joined(gate, client_id, level=4):
    client = gate.connect()
    client.sendall(packets.connect(client_id, level))
    equal(receive(client, len(packets.CONNACK_OK[level])), packets.CONNACK_OK[level], client_id)
    return client


def set_up(client, ports):
    """All is the API's, which can change the weights then."""
    put_weights(client, ports, [1] * len(ports))
    client.put("stream_routes/all", {"upstream_id": "pool"})


@behaviour("weight 0 takes no new clients, keeps those it has, and 1 brings its own back")
def weight_zero():
    with Stub() as a, Stub() as b, Place() as place, place.gate() as (gate, client):
        set_up(client, [a.port, b.port])
        before = [joined(gate, f"old-{i}") for i in range(60)]
        first = counts(client, "pool")
        assert all(first.values()), first
        homes = {f"old-{i}": client.get(f"/v1/route?client_id=old-{i}")["broker"]
                 for i in range(60)}
        put_weights(client, [a.port, b.port], [0, 1])
        equal(states(client)["pool"][node(a.port)]["state"], "drained")
        served = len(a.client_ids)
        during = [joined(gate, f"new-{i}") for i in range(60)]
        equal(len(a.client_ids), served, "clients of the drained broker")
        equal(counts(client, "pool")[node(a.port)], first[node(a.port)])
        for client_id, home in homes.items():  # only the drained broker's clients would move
            broker = client.get(f"/v1/route?client_id={client_id}")["broker"]
            equal(broker, node(b.port), f"{client_id}, once of {home}")
        for wire in before + during:  # nobody was closed
            wire.sendall(packets.PINGREQ)
            equal(receive(wire, 2), packets.PINGRESP)
        put_weights(client, [a.port, b.port], [1, 1])
        for client_id, home in homes.items():
            equal(client.get(f"/v1/route?client_id={client_id}")["broker"], home, client_id)
        for wire in before + during:
            wire.close()


@behaviour("a node that is not drained cannot be evicted, nor one that is not there")
def refused():
    with Stub() as a, Stub() as b, Place() as place, place.gate() as (gate, client):
        set_up(client, [a.port, b.port])
        wire = joined(gate, "stays")
        for status, path, words in (
                (400, f"pool/nodes/{node(a.port)}/evict", "set it to 0 first"),
                (400, f"pool/nodes/{node(b.port)}/evict?rate=1", "set it to 0 first"),
                (404, "pool/nodes/127.0.0.1:1/evict", "has no node 127.0.0.1:1; there is: "),
                (404, f"none/nodes/{node(a.port)}/evict", "no upstream none; there is: pool")):
            answer = client.want(status, "POST", "/v1/upstreams/" + path)
            assert words in answer.problem, answer.problem
        put_weights(client, [a.port, b.port], [0, 0])
        for rate in ("-1", "x", "100001", "1.5", ""):
            answer = client.want(400, "POST",
                                 f"/v1/upstreams/pool/nodes/{node(a.port)}/evict?rate={rate}")
            assert "0 to 100000" in answer.problem, answer.problem
        client.want(405, "GET", f"/v1/upstreams/pool/nodes/{node(a.port)}/evict")
        wire.sendall(packets.PINGREQ)
        equal(receive(wire, 2), packets.PINGRESP)
        wire.close()


@behaviour("evict moves the clients of a drained broker at about its rate, and those of no other")
def evict():
    rate = 40
    with Brokers(2) as brokers, Place() as place, place.gate(threads=2) as (gate, client):
        set_up(client, brokers.ports)
        drained, other = map(node, brokers.ports)
        with Fleet(gate.port, DEVICES, "--reconnect", "--reconnect-min-ms", 1) as fleet:
            fleet.connected()
            wait_until(lambda: sum(counts(client, "pool").values()) == DEVICES, "all relays")
            began = counts(client, "pool")[drained]
            assert DEVICES / 4 < began < DEVICES * 3 / 4, began
            put_weights(client, brokers.ports, [0, 1])
            path = f"/v1/upstreams/pool/nodes/{drained}/evict?rate="
            begin = time.monotonic()
            answer = client.want(200, "POST", path + str(rate)).json
            equal((answer["clients"], answer["rate"]), (began, rate))

            def moved(share):
                return counts(client, "pool")[drained] <= began * (1 - share)
            wait_until(lambda: moved(0.5), "half of them", deadline_s=40)
            client.want(200, "POST", path + "0")  # stop
            half_s = time.monotonic() - begin
            wait_until(lambda: sum(counts(client, "pool").values()) == DEVICES, "they came back")
            left = counts(client, "pool")[drained]
            gone = began - left
            print(f"# {gone} moved in {half_s:.1f} s at {rate} a second")
            # A crowded machine is slower than the rate; it is never much faster.
            assert gone < 2 * rate * half_s + rate, (gone, half_s)
            assert left > 0, "stopping did not stop"
            client.want(200, "POST", path + "1000")
            wait_until(lambda: counts(client, "pool") == {drained: 0, other: DEVICES}, "all moved")
            report = fleet.finish()
        lost = report["clients"]["connections_lost"]
        equal(lost, began, "clients that were moved, once each")
        equal(report["pings"]["answered"], DEVICES)
        labels = f'listener="127.0.0.1:{gate.port}",reason="evicted"'
        equal(client.metric("jumpgate_sessions_closed_total{" + labels + "}"), began)


@behaviour("a node that is taken out of the list keeps its clients, and can be evicted")
def unlisted():
    with Stub() as a, Stub() as b, Place() as place, place.gate() as (gate, client):
        set_up(client, [a.port, b.port])
        wires = [joined(gate, f"old-{i}", 5) for i in range(40)]
        mine = counts(client, "pool")[node(a.port)]
        assert mine > 0
        client.put("upstreams/pool", upstream(b.port))
        state = states(client)["pool"][node(a.port)]
        equal((state["listed"], state["connections"], state["state"]), (False, mine, "drained"))
        client.want(200, "POST", f"/v1/upstreams/pool/nodes/{node(a.port)}/evict?rate=1000")
        wait_until(lambda: a.open == 0, "they left")
        ended = 0
        for wire in wires:
            wire.sendall(packets.PINGREQ)
            try:
                answer = receive(wire, 2)
            except (AssertionError, ConnectionResetError):
                ended += 1
                continue
            if answer != packets.PINGRESP:  # MQTT 5: a DISCONNECT that says to go elsewhere
                equal(answer[0], 0xE0)
                ended += 1
            wire.close()
        equal(ended, mine)
        # The place of a broker that nobody uses is given back with the next changes.
        client.put("upstreams/pool", upstream(b.port, weights=[2]))
        client.put("upstreams/pool", upstream(b.port, weights=[3]))
        equal(states(client)["pool"].keys(), {node(b.port)})


@behaviour("a client is found by its id, or the start of it, on its broker")
def connections():
    with Stub() as a, Stub() as b, Place() as place, place.gate(threads=2) as (gate, client):
        set_up(client, [a.port, b.port])
        wires = {name: joined(gate, name) for name in ("meter-1", "meter-22", "light-1")}

        def found(query):
            return client.get("/v1/connections?" + query)["list"]

        for name, wire in wires.items():
            wait_until(lambda n=name: found("client_id=" + n), name)
            item = found("client_id=" + name)[0]
            equal((item["client_id"], item["route"], item["upstream"]), (name, "all", "pool"))
            equal(item["broker"], client.get(f"/v1/route?client_id={name}")["broker"])
            equal(item["peer"], "127.0.0.1:%d" % wire.getsockname()[1])
            equal(item["tls"], False)
        equal({item["client_id"] for item in found("client_id=meter")}, {"meter-1", "meter-22"})
        equal(len(found("client_id=meter&max=1")), 1)
        equal(found("client_id=none"), [])
        wires["meter-1"].close()
        wait_until(lambda: not found("client_id=meter-1"), "its end")
        for wire in wires.values():
            wire.close()


@behaviour("after POST /drain the first SIGTERM keeps the clients (preStop), the second ends them")
def prestop():
    with Stub() as broker, Place(config([broker.port])) as place:
        with place.gate("--drain-timeout-s", 60) as (gate, client):
            wires = [joined(gate, f"c-{i}") for i in range(5)]
            client.want(200, "POST", "/drain")
            gate.event("draining")
            gate.kill(signal.SIGTERM)
            gate.event("still_draining")
            for wire in wires:
                wire.sendall(packets.PINGREQ)
                equal(receive(wire, 2), packets.PINGRESP)
            client.want(200, "POST", "/drain")  # nor does asking again hurt
            equal(client.metric("jumpgate_draining"), 1)
            for wire in wires:
                wire.sendall(packets.PINGREQ)
                equal(receive(wire, 2), packets.PINGRESP)
            gate.kill(signal.SIGTERM)
            gate.event("stopping")
            equal(gate.exit_code(), 0)


@behaviour("POST /drain: not ready, no new clients, and the process ends with its last client")
def drain():
    with Stub() as broker, Place(config([broker.port])) as place:
        with place.gate("--drain-timeout-s", 60) as (gate, client):
            wires = [joined(gate, f"c-{i}") for i in range(5)]
            client.want(200, "GET", "/ready")
            client.want(405, "GET", "/drain")
            equal(client.want(200, "POST", "/drain").json, {"draining": True})

            def not_ready():
                answer = client.send("GET", "/ready")
                return answer.status == 503 and answer.json["error"] == "draining"
            wait_until(not_ready, "503")
            client.want(200, "GET", "/healthz")
            equal(client.metric("jumpgate_draining"), 1)
            equal(len(client.get("/v1/connections")["list"]), 5)
            for wire in wires:
                wire.sendall(packets.PINGREQ)
                equal(receive(wire, 2), packets.PINGRESP)
            assert gate.process.poll() is None
            for wire in wires:
                wire.sendall(packets.DISCONNECT)
                wire.close()
            equal(gate.exit_code(), 0)


@behaviour("the end amid changes, reads, SIGHUPs, new files: in time, with all that was promised")
def the_end():
    path = "/apisix/admin/upstreams/"
    with Place(config([free_port()])) as place:
        for round, number in enumerate([signal.SIGINT, signal.SIGTERM] * 3):
            promised = {}
            with place.gate("--drain-timeout-s", 0, threads=2) as (gate, client):
                over = threading.Event()

                def ask(work):
                    own = Client(gate.admin)
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        for i in itertools.count():
                            work(own, i)
                    over.set()
                    own.close()

                def write(name):
                    def work(own, i):
                        body = upstream(1883, desc=f"{round}-{i}")
                        own.want((200, 201), "PUT", path + name, body)
                        promised[name] = i
                    return work

                def disturb(_, i):
                    gate.kill(signal.SIGHUP)
                    place.config.write_text(as_text(config([1883 + i % 3])))
                    if over.is_set() or gate.process.poll() is not None:
                        raise OSError

                reads = [lambda own, _, target=target: own.send("GET", target) for target in
                         ("/metrics", "/ready", "/v1/connections", "/v1/route?client_id=x")]
                works = [write(f"w{i}") for i in range(8)] + reads * 8 + [disturb]
                with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
                    done = [pool.submit(ask, work) for work in works]
                    wait_until(lambda: len(promised) == 8 and min(promised.values()) >= 3,
                               "changes")
                    gate.stop(number)
                    for one in done:
                        one.result(DEADLINE_S)
            place.config.write_text(as_text(config([free_port()])))
            with place.gate() as (gate, client):
                for name, i in promised.items():
                    found = client.get(path + name)["value"]["desc"]
                    assert found in (f"{round}-{i}", f"{round}-{i + 1}"), (name, i, found)


main()
