"""After many random edits by the Admin API a proxy routes as a fresh one does that is given what
came of them: from its state directory, or as a file.

Law: the answers of /v1/route are compared whole: rule, upstream, hash, broker. Clients are
connected all the while, and none is dropped.
"""

import contextlib
import os
import time
import urllib.parse

from admin_peer import Place
from fleet import Brokers, Fleet
from harness import behaviour, equal, main, wait_until
from operators import Operators, with_keys

CLIENTS = 200  # connected throughout
EDITS_S = float(os.environ.get("EDITS_S", "15"))  # longer by hand, to look for what is rare
EDITS_WITHOUT_STATE = 1_500
EARLY = 1_000  # edits, after which memory has seen everything
SEED = 1883
IDS = ([f"flow-{i}" for i in range(500)] + [f"light-{i}" for i in range(500)] +
       [f"device-{i}" for i in range(400)] + [f"tenant-{i % 9}-{i}" for i in range(300)] +
       [f"датчик-{i}" for i in range(150)] + [f"stay-{i}" for i in range(149)] + [""])
LOOKS = ({}, {}, {"level": 5, "remote_addr": "10.1.2.3"}, {"level": 4, "remote_addr": "10.9.2.3"},
         {"username": "user-7", "server_port": 8883}, {"sni": "a.example.com"},
         {"sni": "c.example.com", "remote_addr": "10.1.7.7"}, {"sni": "b.example.org"})


def checked_upstreams(document):
    """Ids of those with health checks; an inline one has its route's."""
    inline = [{"id": "stream_route/" + route["id"], **route["upstream"]}
              for route in document["stream_routes"] if "upstream" in route]
    return {item["id"] for item in document["upstreams"] + inline if "checks" in item}


def listed_nodes(client):
    nodes = {upstream["id"]: [node for node in upstream["nodes"] if node["listed"]]
             for upstream in client.get("/v1/upstreams")["upstreams"]}
    return {name: listed for name, listed in nodes.items() if listed}  # others are on their way out


class Sight:
    """What one proxy says of its routing, when all checks that it is to make are made."""

    def __init__(self, client, document):
        checked = checked_upstreams(document)
        wait_until(lambda: all(node["checks"] for name, nodes in listed_nodes(client).items()
                               for node in nodes if name in checked), "the first checks")
        self.nodes = {name: [(node["node"], node["weight"], node["priority"], node["state"])
                             for node in nodes]
                      for name, nodes in listed_nodes(client).items()}
        self.answers = [client.get("/v1/route?" + urllib.parse.urlencode(
                            {"client_id": name, **LOOKS[number % len(LOOKS)]}))
                        for number, name in enumerate(IDS)]
        self.fingerprint = client.get("/v1/upstreams")["route_fingerprint"]


def expect_same(edited, fresh, what):
    differ = [(a, b) for a, b in zip(edited.answers, fresh.answers) if a != b]
    assert not differ, f"{len(differ)} of {len(IDS)} differ from {what}: {differ[0]}"
    equal(fresh.nodes, edited.nodes, what)
    equal(fresh.fingerprint, edited.fingerprint, what)


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def edit_for(seconds, operators, gate, client):
    """Edits; what memory was early on, and at the end."""
    version = client.get("/v1/upstreams")["config_version"] - operators.taken
    early = None
    end = time.monotonic() + seconds
    begin = time.monotonic()
    while time.monotonic() < end or early is None:
        operators.edit()
        if early is None and operators.asked >= EARLY:
            early = gate.private_bytes()
    elapsed_s = time.monotonic() - begin
    print(f"# {operators.asked} edits in {elapsed_s:.1f} s, {operators.asked / elapsed_s:.0f}/s, "
          f"{operators.taken} taken")
    equal(client.get("/v1/upstreams")["config_version"], version + operators.taken,
          "each edit that is taken makes one version, and none that is refused")
    late = gate.private_bytes()
    print(f"# private {megabytes(early)} after {EARLY} edits, {megabytes(late)} at the end")
    if not gate.sanitized:
        assert late < early * 1.1 + 3e6, f"memory grows: {early} to {late} bytes"


@behaviour("random edits, a restart, and a file of the result: all three route alike")
def random_edits():
    equal(len(IDS), 2_000)
    with contextlib.ExitStack() as stack:
        brokers = stack.enter_context(Brokers(3))
        place = stack.enter_context(Place(in_memory=True))
        with place.gate(threads=2) as (gate, client):
            operators = Operators(client, brokers.ports, SEED)
            with Fleet(gate.port, CLIENTS, prefix="stay-") as fleet:
                fleet.connected()
                edit_for(EDITS_S, operators, gate, client)
                wait_until(lambda: client.metric("jumpgate_config_route_tables") == 1,
                           "old tables' end")
                report = fleet.finish()
            equal(report["clients"]["connected"], CLIENTS)
            equal((report["clients"]["connections_lost"], report["clients"]["reconnects"]), (0, 0))
            equal(report["pings"], {"sent": CLIENTS, "answered": CLIENTS})
            document = client.get("/apisix/admin/configs")
            edited = Sight(client, document)
        print(f"# {len(document['stream_routes'])} routes, {len(document['upstreams'])} upstreams; "
              f"{len({answer['route'] for answer in edited.answers})} routes answered")
        with place.gate(threads=1) as (gate, client):
            equal(client.get("/apisix/admin/configs"), document, "after the restart")
            expect_same(edited, Sight(client, document), "a restart")
        filed = stack.enter_context(Place(with_keys(document)))
        with filed.gate(state=False, threads=1) as (gate, client):
            expect_same(edited, Sight(client, document), "a file")


@behaviour("without a state directory as well, and only the same configuration routes the same")
def in_memory():
    with Brokers(3) as brokers, Place() as place, \
            place.gate(state=False, threads=2) as (gate, client):
        operators = Operators(client, brokers.ports, SEED + 1)
        begin = time.monotonic()
        while operators.asked < EDITS_WITHOUT_STATE:
            operators.edit()
        elapsed_s = time.monotonic() - begin
        print(f"# {operators.asked} edits in {elapsed_s:.1f} s: "
              f"{operators.asked / elapsed_s:.0f}/s")
        document = with_keys(client.get("/apisix/admin/configs"))
        edited = Sight(client, document)
        with Place(document) as filed, filed.gate(state=False) as (gate, client):
            expect_same(edited, Sight(client, document), "a file")
        for item in document["upstreams"]:
            if item["id"] == "home":
                item["nodes"] = [{"host": "127.0.0.1", "port": 9, "weight": 1}]
        with Place(document) as other, other.gate(state=False) as (gate, client):
            fresh = Sight(client, document)
        differ = sum(a != b for a, b in zip(edited.answers, fresh.answers))
        # Those of `stay`, but where a route goes by the name (SNI) that they ask for.
        assert differ > 60 and fresh.fingerprint != edited.fingerprint, differ


main()
