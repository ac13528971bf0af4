"""Brokers by name: a real name server tells where they are, changes its mind, and goes away.

Law: a name is one broker, wherever it is; what the DNS once said holds until it says other.
"""

import contextlib
import socket

import packets
from admin_peer import Place, states, upstream
from harness import Jumpgate, behaviour, equal, main, wait_until
from name_server import NameServer, service
from peers import Stub, free_port, receive

A, B, C = "127.0.0.2", "127.0.0.3", "127.0.0.4"
IDS = [f"device-{i}" for i in range(120)]


def names(*hosts, **fields):
    """A configuration: one upstream "fleet" with these (host, port), port None for a service."""
    nodes = [{"host": host, "weight": 1} | ({"port": port} if port else {}) for host, port in hosts]
    return {"upstreams": [upstream(id="fleet") | {"nodes": nodes} | fields],
            "stream_routes": [{"id": "all", "upstream_id": "fleet"}]}


@contextlib.contextmanager
def proxy(config, server, *flags):
    """A gate, a client of its Admin API, and what it knows: {node: its state} of the fleet."""
    with Place(config) as place, place.gate(*server.flags, *flags) as (gate, client):
        yield gate, client, lambda: states(client)["fleet"]


def joined(gate, client_id):
    """A client that stays."""
    client = gate.connect()
    client.sendall(packets.connect(client_id))
    equal(receive(client, 4), packets.CONNACK_OK[4], client_id)
    return client


def served(gate, client_id):
    with gate.connect() as client:
        client.sendall(packets.connect(client_id))
        return receive(client, 4) == packets.CONNACK_OK[4]


def visit(gate, ids):
    for client_id in ids:
        joined(gate, client_id).close()


def in_use(client):
    """What the Admin API shows is what workers route by: they hear of it a moment later."""
    wait_until(lambda: client.metric("jumpgate_config_route_tables") == 1, "one route table")


def alive(client):
    client.sendall(packets.PINGREQ)
    equal(receive(client, 2), packets.PINGRESP)


def at(host, broker):
    return f"{host}:{broker.port}"


def failed(gate, node, begin=0):
    name = node.rsplit(":", 1)[0]
    return gate.event("name_failed", lambda line: line["name"] == name, begin)


@behaviour("a name with several addresses is one broker: clients get the address that answers")
def several_addresses():
    with NameServer() as server, Stub(host=C) as broker:
        server.set_hosts({"fleet.test": [C, A, B]})
        with proxy(names(("fleet.test", broker.port)), server) as (gate, _, fleet):
            node = f"fleet.test:{broker.port}"
            equal(list(fleet()), [node])
            equal(fleet()[node]["addresses"], [at(host, broker) for host in (A, B, C)])
            visit(gate, IDS)
            equal(sorted(broker.client_ids), sorted(IDS))
            with Stub(broker.port, host=A) as other:
                visit(gate, IDS)
                equal(other.client_ids, [], "clients of an address that was not needed")


@behaviour("when a record changes new clients go to the new address, old ones stay where they are")
def a_record_changes():
    with NameServer() as server, Stub(host=A) as old, Stub(old.port, host=B) as other, \
            Stub(old.port, host=C) as new:
        server.set_hosts({"a.test": [A], "b.test": [B]})
        config = names(("a.test", old.port), ("b.test", old.port))
        with proxy(config, server) as (gate, client, fleet):
            node = f"a.test:{old.port}"
            visit(gate, IDS)
            home = {x for x in old.client_ids}
            equal(set(IDS) - home, set(other.client_ids), "clients of b")
            assert home and len(home) < len(IDS), home
            stays = joined(gate, next(iter(home)))
            version = client.get("/v1/upstreams")["config_version"]
            server.set_hosts({"a.test": [C], "b.test": [B]})
            wait_until(lambda: fleet()[node]["addresses"] == [at(C, old)], "the new address")
            moved = gate.event("name_moved")
            equal((moved["broker"], moved["from"], moved["to"]), (node, at(A, old), at(C, old)))
            before = len(old.client_ids)
            in_use(client)
            visit(gate, IDS)
            equal((set(new.client_ids), len(old.client_ids)), (home, before), "who went where")
            alive(stays)
            equal(fleet()[node]["connections"], 1)
            equal(client.get("/v1/upstreams")["config_version"], version + 1)
            stays.close()


@behaviour("a name is asked for again when its TTL is over, and not before")
def ttl():
    records = [f"--host-record=often.test,{A},1", f"--host-record=seldom.test,{B},200"]
    with NameServer(*records) as server, \
            proxy(names(("often.test", 1883), ("seldom.test", 1883)), server):
        wait_until(lambda: server.questions("often.test") >= 4, "four look-ups")
        equal(server.questions("seldom.test"), 1)
        equal(server.questions("seldom.test", "AAAA"), 1)


@behaviour("SRV targets are brokers in the order of their ordinals, alike in every proxy")
def services():
    with contextlib.ExitStack() as stack:
        hosts = [f"127.0.1.{i + 1}" for i in range(12)]
        first = stack.enter_context(Stub(host=hosts[0]))
        brokers = [first] + [stack.enter_context(Stub(first.port, host)) for host in hosts[1:]]
        targets = [(f"mqtt-{i}.test", first.port) for i in range(len(hosts))]
        addresses = {target[0]: [host] for target, host in zip(targets, hosts)}
        nodes = [f"{host}:{port}" for host, port in targets]
        by_name = names(("_mqtt._tcp.test", None))
        gates = []
        for order, config in ((targets, by_name), (targets[::-1], by_name), ([], names(*targets))):
            server = stack.enter_context(NameServer(*service("_mqtt._tcp.test", *order)))
            server.set_hosts(addresses)
            gates.append(stack.enter_context(proxy(config, server)))
        for _, client, fleet in gates:
            wait_until(lambda: list(fleet()) == nodes, f"{nodes}")
            in_use(client)
        prints = {client.get("/v1/upstreams")["route_fingerprint"] for _, client, _ in gates}
        equal(len(prints), 1, f"fingerprints {prints}")
        for gate, _, _ in gates:
            visit(gate, IDS)
        for broker in brokers:  # each client came to its broker three times
            equal(sorted(broker.client_ids), sorted([*set(broker.client_ids)] * 3))
        assert sum(bool(broker.client_ids) for broker in brokers) > 8


@behaviour("an SRV target that is added at the end takes clients, and moves no others")
def target_added():
    with NameServer() as server, Stub(host=A) as a, Stub(a.port, host=B) as b, \
            Stub(a.port, host=C) as c:
        targets = [(f"mqtt-{i}.test", a.port) for i in range(3)]
        server.serve(*service("_mqtt._tcp.test", *targets[:2]))
        server.set_hosts({name: [host] for (name, _), host in zip(targets, (A, B, C))})
        with proxy(names(("_mqtt._tcp.test", None)), server) as (gate, client, fleet):
            wait_until(lambda: len(fleet()) == 2, "two targets")
            in_use(client)
            visit(gate, IDS)
            before = set(a.client_ids), set(b.client_ids)
            a.client_ids.clear()
            b.client_ids.clear()
            server.serve(*service("_mqtt._tcp.test", *reversed(targets)))
            wait_until(lambda: list(fleet()) == [f"{x}:{port}" for x, port in targets],
                       "the third target")
            in_use(client)
            visit(gate, IDS)
            equal((set(a.client_ids) | (before[0] & set(c.client_ids)),
                   set(b.client_ids) | (before[1] & set(c.client_ids))), before, "who moved")
            assert c.client_ids


@behaviour("while its name server is away a broker keeps its address, and the log says why")
def name_server_away():
    with NameServer() as server, Stub(host=A) as broker, Stub(broker.port, host=B) as new:
        server.set_hosts({"fleet.test": [A]})
        with proxy(names(("fleet.test", broker.port)), server) as (gate, client, fleet):
            node = f"fleet.test:{broker.port}"
            server.stop()
            line = failed(gate, node)
            equal(line["level"], "warn")
            equal(line["why"], f"{server.address} cannot be reached")
            equal(line["in_use"], "the addresses from before")
            equal(fleet()[node]["addresses"], [at(A, broker)])
            visit(gate, IDS[:20])
            equal(broker.client_ids, IDS[:20])
            server.serve()
            server.set_hosts({"fleet.test": [B]})
            gate.event("name_resolved", lambda line: line["name"] == "fleet.test")
            wait_until(lambda: fleet()[node]["addresses"] == [at(B, broker)], "the new address")
            in_use(client)
            visit(gate, IDS[:20])
            equal(new.client_ids, IDS[:20])
            equal(len(gate.events("name_failed")), 1)


@behaviour("a name that is gone (NXDOMAIN) keeps its last address, and the log says so once")
def name_gone():
    with NameServer() as server, Stub(host=A) as broker:
        server.set_hosts({"fleet.test": [A]})
        with proxy(names(("fleet.test", broker.port)), server) as (gate, _, fleet):
            node = f"fleet.test:{broker.port}"
            server.set_hosts({})
            equal(failed(gate, node)["why"], "NXDOMAIN: no such name")
            asked = server.questions("fleet.test")
            wait_until(lambda: server.questions("fleet.test") > asked, "another look-up")
            visit(gate, IDS[:20])
            equal(fleet()[node]["addresses"], [at(A, broker)])
            equal(len(gate.events("name_failed")), 1)


@behaviour("upstreams of a file wait for no name server: it starts, and serves when it answers")
def file_at_start():
    with NameServer() as server, Stub(host=A) as broker, \
            Place(names(("a.test", broker.port))) as place:
        with Jumpgate([], "--config", place.config, *server.flags) as gate:
            equal(failed(gate, f"a.test:{broker.port}")["why"], "NXDOMAIN: no such name")
            server.set_hosts({"a.test": [A]})
            gate.event("name_resolved")
            # The log is a moment ahead of the workers.
            wait_until(lambda: served(gate, IDS[0]), "a client that is served")
            visit(gate, IDS[:20])


@behaviour("with no name of --broker resolved it ends with 1 and says which, why and what to do")
def none_at_start():
    with NameServer() as server:
        gate = Jumpgate(["b.test:1883", "a.test:1883"], *server.flags, wait=False)
        equal(gate.exit_code(), 1)
        said = "\n".join(line for line in gate.lines.all if line and not line.startswith("{"))
        equal(said, "jumpgate: not one broker's name can be resolved:\n"
                    "  a.test:1883: NXDOMAIN: no such name\n"
                    "  b.test:1883: NXDOMAIN: no such name\n"
                    "check the names, and that the name servers answer: --dns-servers, without it "
                    "those of /etc/resolv.conf")


@behaviour("a name that is not resolved at the start keeps its place and is served when it is")
def one_at_start():
    with NameServer() as server, Stub(host=A) as late, Stub(late.port, host=B) as there:
        server.set_hosts({"there.test": [B]})
        config = names(("late.test", late.port), ("there.test", late.port))
        with proxy(config, server) as (gate, client, fleet):
            node = f"late.test:{late.port}"
            equal(failed(gate, node)["why"], "NXDOMAIN: no such name")
            equal([fleet()[node][x] for x in ("state", "why", "addresses", "effective_weight")],
                  ["down", "NXDOMAIN: no such name", [], 0])
            before = client.get("/v1/upstreams")["route_fingerprint"]
            visit(gate, IDS)
            equal(len(set(there.client_ids)), len(IDS), "clients of the other one")
            server.set_hosts({"there.test": [B], "late.test": [A]})
            wait_until(lambda: fleet()[node]["addresses"] == [at(A, late)], "its address")
            in_use(client)
            visit(gate, IDS)
            assert 0 < len(late.client_ids) < len(IDS), len(late.client_ids)
            equal(client.get("/v1/upstreams")["route_fingerprint"], before, "the list is the same")


@behaviour("with an Admin API the program starts with no name resolved, and is mended there")
def mended():
    with NameServer() as server, Stub(host=A) as broker, Place() as place:
        body = {"type": "chash", "nodes": {f"lost.test:{broker.port}": 1, "_mqtt._tcp.test": 1}}
        with place.gate(*server.flags) as (gate, client):
            client.put("upstreams/fleet", body)
            client.put("stream_routes/1", {"upstream_id": "fleet"})
            failed(gate, "_mqtt._tcp.test")
        with place.gate(*server.flags) as (gate, client):  # the same state
            failed(gate, f"lost.test:{broker.port}")
            service_state = states(client)["fleet"]["_mqtt._tcp.test"]
            equal((service_state["state"], service_state["why"]),
                  ("down", "NXDOMAIN: no such name"))
            assert "NXDOMAIN" in client.want(503, "GET", "/ready").body.decode()
            with gate.connect() as refused:
                refused.sendall(packets.connect("early", 5))
                equal(receive(refused, 5), b"\x20\x03\x00\x88\x00")
            server.set_hosts({"found.test": [A]})
            client.put("upstreams/fleet", body | {"nodes": {f"found.test:{broker.port}": 1}})
            visit(gate, IDS[:5])
            equal(broker.client_ids, IDS[:5])
            # Its answer may be a tenth of a second old.
            wait_until(lambda: client.send("GET", "/ready").status == 200, "ready")


@behaviour("AAAA records: brokers on IPv6 are reached, after the IPv4 addresses of a name")
def ipv6():
    try:
        broker = Stub(host="::1")
    except OSError as problem:
        print(f"# no IPv6 here: {problem}")
        return
    with broker, NameServer() as server, Stub(host=A) as other:
        server.set_hosts({"six.test": ["::1"], "both.test": [A, "::1"]})
        config = names(("six.test", broker.port), ("both.test", broker.port))
        with proxy(config, server) as (gate, _, fleet):
            equal(fleet()[f"six.test:{broker.port}"]["addresses"], [f"[::1]:{broker.port}"])
            equal(fleet()[f"both.test:{broker.port}"]["addresses"],
                  [at(A, broker), f"[::1]:{broker.port}"])
            visit(gate, IDS)
            equal(sorted(broker.client_ids), sorted(IDS))
            equal(other.client_ids, [])


@behaviour("the second name server is asked where the first is dead, and where it is silent")
def second_server():
    with NameServer() as server, Stub(host=A) as broker, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server.set_hosts({"fleet.test": [A]})
        for port in (free_port(), silent.getsockname()[1]):
            both = f"127.0.0.1:{port},{server.address}"
            with Jumpgate([f"fleet.test:{broker.port}"], "--dns-servers", both) as gate:
                visit(gate, IDS[:5])
                equal(gate.events("name_failed"), [])


main()
