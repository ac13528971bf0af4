"""Three proxies that never talk to each other send each of 10,000 clients to the same broker.

Law: each answer of /v1/route is compared whole: rule, hash, attempts, broker; and what it says is
where a real CONNECT goes. They agree when they read one file, when the file names the same brokers
in another order, and when they came to their configuration by other edits in another order.
"""

import concurrent.futures
import contextlib
import random

import packets
from admin_peer import Client, Place, upstream
from harness import behaviour, equal, main, wait_until
from peers import Stub, receive

PROXIES = 3
CLIENTS = 10_000
CREATION = 7  # seed of every order below
# What fleets have: names with numbers, tenants, long ones, other alphabets, none at all.
IDS = ([f"device-{i}" for i in range(CLIENTS // 2)] + [f"meter-{i:06}" for i in range(3_000)] +
       [f"tenant{i % 20}/sensor/{i}" for i in range(1_500)] +
       ["x" * i for i in range(256)] + [f"датчик-{i}" for i in range(CLIENTS - 9_756)])
PORTS = (1883, 1884, 1885, 1886, 1887)  # of nobody: routing needs no broker


def fleet(nodes):
    """A configuration with those nodes, a map {"host:port": weight} or a list."""
    return {"stream_routes": [
                {"id": "meters", "match": {"client_id": {"prefix": "meter-"}},
                 "upstream_id": "meters"},
                {"id": "others", "upstream_id": "others"}],
            "upstreams": [
                {"id": "meters", "type": "chash", "key": "mqtt_client_id", "hash": "rendezvous",
                 "nodes": {"10.0.0.9:1883": 1, "10.0.0.7:1883": 2}},
                {"id": "others", "type": "chash", "key": "mqtt_client_id", "nodes": nodes}]}


@contextlib.contextmanager
def proxies(configs):
    """A client of each one's Admin API; `configs` has one configuration for each, or None."""
    with contextlib.ExitStack() as stack:
        places = [stack.enter_context(Place(config)) for config in configs]
        yield [stack.enter_context(place.gate(threads=1 + number))
               for number, place in enumerate(places)]


def path_of(client_id):
    escaped = "".join(f"%{byte:02X}" for byte in client_id.encode())
    return f"/v1/route?client_id={escaped}"


def answers_of(address):
    """{client id: the raw answer of /v1/route}, by a connection of its own."""
    client = Client(address)
    try:
        return {x: client.want(200, "GET", path_of(x)).json for x in IDS}
    finally:
        client.close()


def agreement(gates):
    """The answers of all, which must be equal; and so must their fingerprints."""
    equal(len(set(IDS)), CLIENTS, "client ids")
    with concurrent.futures.ThreadPoolExecutor(len(gates)) as pool:
        first, *others = pool.map(answers_of, [gate.admin for gate, _ in gates])
    for other in others:
        differ = [x for x in IDS if first[x] != other[x]]
        assert not differ, f"{len(differ)} differ: {first[differ[0]]} {other[differ[0]]}"
    prints = {fingerprint(client) for _, client in gates}
    equal(len(prints), 1, f"fingerprints: {prints}")
    return first


def fingerprint(client):
    return client.get("/v1/upstreams")["route_fingerprint"]


def check_spread(answers, shares):
    """Each broker has its share of the other clients, give or take 3 of 100."""
    brokers = [answer["broker"] for answer in answers.values() if answer["route"] == "others"]
    whole = sum(shares.values())
    for broker, share in shares.items():
        part = brokers.count(broker) / len(brokers)
        assert abs(part - share / whole) < 0.03, f"{broker}: {part:.3f} of {share}/{whole}"


@behaviour("3 processes with the same file agree on 10,000 client ids")
def same_file():
    nodes = [{"host": "10.0.0.1", "port": port, "weight": 1} for port in PORTS]
    with proxies([fleet(nodes)] * PROXIES) as gates:
        answers = agreement(gates)
        equal({x for x in IDS if answers[x]["route"] == "meters"},
              {x for x in IDS if x.startswith("meter-")}, "clients of the rule")
        equal({answers[x]["upstream"] for x in IDS if x.startswith("meter-")}, {"meters"})
        check_spread(answers, {f"10.0.0.1:{port}": 1 for port in PORTS})


@behaviour("a map of brokers is the same in any order; a list is not, and the fingerprint says so")
def other_order():
    weights = {f"10.0.0.{host}:1883": 1 + host % 3 for host in (1, 2, 9, 10, 11)}
    orders = [list(weights.items()) for _ in range(PROXIES)]
    for number, order in enumerate(orders):
        random.Random(CREATION + number).shuffle(order)
    equal(len({tuple(order) for order in orders}), PROXIES, "different orders")
    with proxies([fleet(dict(order)) for order in orders]) as gates:
        check_spread(agreement(gates), weights)
    lists = [[{"host": "10.0.0.1", "port": port, "weight": 1} for port in order]
             for order in (PORTS, PORTS[::-1])]
    with proxies([fleet(nodes) for nodes in lists]) as gates:
        (_, a), (_, b) = gates
        assert fingerprint(a) != fingerprint(b), "a list in another order routes otherwise"
        assert a.get(path_of("device-1"))["broker"] != b.get(path_of("device-1"))["broker"] or \
            a.get(path_of("device-2"))["broker"] != b.get(path_of("device-2"))["broker"]


# Edits that do not build on each other; every order of them comes to the same.
def edits():
    nodes = {f"10.0.0.{host}:1883": 1 for host in range(1, 6)}
    made = [("upstreams/pool-%d" % i, {"type": "chash", "key": "mqtt_client_id",
                                       "nodes": {**nodes, f"10.0.1.{i}:1883": 2}})
            for i in range(4)]
    made += [("stream_routes/rule-%d" % i,
              {"match": {"client_id": {"glob": f"*{i}"}}, "upstream": made[i % 4][1]})
             for i in range(6)]
    made += [("stream_routes/rest", {"priority": -1, "upstream": {**made[0][1], "nodes": nodes}}),
             ("stream_routes/5", {"match": {"client_id": {"prefix": "meter-"}}, "priority": 2,
                                  "upstream": made[1][1]})]
    return made


@behaviour("the same edits by API in another order on each come to the same routing")
def other_edits():
    with proxies([None] * PROXIES) as gates:
        for number, (_, client) in enumerate(gates):
            order = edits()
            random.Random(CREATION + number).shuffle(order)
            for name, body in order:
                client.put(name, {**body, "desc": "first"})
                client.put("stream_routes/passing", edits()[4][1])
                client.put(name, body)
                client.want(200, "DELETE", "/apisix/admin/stream_routes/passing")
        answers = agreement(gates)
        equal(len({answer["route"] for answer in answers.values()}), 8, "rules that are used")
        _, client = gates[1]
        before = fingerprint(client)
        client.want(200, "PATCH", "/apisix/admin/stream_routes/rest/upstream/nodes",
                    {"10.0.0.1:1883": 1})
        assert fingerprint(client) != before, "one edit more, another fingerprint"


@behaviour("they agree with where clients really go, through each of them")
def as_told():
    with contextlib.ExitStack() as stack:
        stubs = [stack.enter_context(Stub()) for _ in range(5)]
        by_name = {f"127.0.0.1:{stub.port}": stub for stub in stubs}
        config = {"upstreams": [upstream(*[stub.port for stub in stubs], id="all")],
                  "stream_routes": [{"id": "all", "upstream_id": "all"}]}
        gates = stack.enter_context(proxies([config] * PROXIES))
        ids = [x for x in IDS[::50] if x]  # a client without an id has no home
        _, teller = gates[0]
        told = {x: teller.get(path_of(x))["broker"] for x in ids}
        for gate, _ in gates:
            for client_id in ids:
                with gate.connect() as client:
                    client.sendall(packets.connect(client_id))
                    equal(receive(client, 4), packets.CONNACK_OK[4], client_id)
        for name, stub in by_name.items():
            mine = sorted(x for x in ids if told[x] == name) * PROXIES
            equal(sorted(stub.client_ids), sorted(mine), f"clients of {name}")
            assert len(mine) > PROXIES * len(ids) / 10, f"{name} has {len(mine)}"
        wait_until(lambda: not any(stub.open for stub in stubs), "the end of all clients")


if __name__ == "__main__":
    main()
