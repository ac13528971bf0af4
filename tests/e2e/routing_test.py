"""Which broker a client reaches: the same through every proxy, and moved only where it must be."""

import packets
from harness import Jumpgate, behaviour, equal, main, wait_until
from peers import Mosquitto, Peer, Stub, free_port, receive

IDS = [f"device-{i}" for i in range(300)]


def connack(gate, client_id="", level=4, **fields):
    """A client's whole life: CONNECT, CONNACK, gone."""
    with gate.connect() as client:
        client.sendall(packets.connect(client_id, level, **fields))
        want = packets.CONNACK_OK[level]
        return receive(client, len(want)) == want


def spread(gate, brokers, ids, **fields):
    """Who lands where: {client id: index of its broker}."""
    before = [len(broker.client_ids) for broker in brokers]
    for client_id in ids:
        assert connack(gate, client_id, **fields), client_id
    return {client_id: index for index, broker in enumerate(brokers)
            for client_id in broker.client_ids[before[index]:]}


@behaviour("300 client ids reach the same mosquitto through two separately started proxies")
def same_through_both():
    with Mosquitto() as a, Mosquitto() as b, Mosquitto() as c:
        brokers = [a, b, c]
        seen = []
        for threads in (1, 2):
            begin = [len(broker.log.all) for broker in brokers]
            with Jumpgate(brokers, threads=threads) as gate:
                for client_id in IDS:
                    assert connack(gate, client_id)
            homes = {}

            def all_are_logged():
                for index, broker in enumerate(brokers):
                    for line in broker.log.all[begin[index]:]:
                        if line and "New client connected" in line:
                            homes[line.split(" as ")[1].split(" ")[0]] = index
                return sorted(homes) == sorted(IDS)
            wait_until(all_are_logged, "all ids in the logs")
            seen.append(homes)
        equal(seen[0], seen[1], "homes")
        counts = [list(seen[0].values()).count(index) for index in range(3)]
        assert min(counts) > 60, counts  # 100 each, give or take five standard deviations


@behaviour("with one of 3 brokers down only its clients move; all return when it is back")
def one_down():
    with Stub() as a, Stub() as b:
        c = Stub()
        brokers = [a, b, c]
        with Jumpgate(brokers, "--fail-timeout-ms", 500) as gate:
            home = spread(gate, brokers, IDS)
            c.__exit__()
            away = spread(gate, [a, b], IDS)
            equal(len(away), 300)
            moved = {client_id for client_id in IDS if away[client_id] != home[client_id]}
            equal(moved, {client_id for client_id in IDS if home[client_id] == 2}, "moved")
            assert {away[client_id] for client_id in moved} == {0, 1}, "the load is shared"
            with Stub(c.port) as again:
                some = next(client_id for client_id in IDS if home[client_id] == 2)
                wait_until(lambda: connack(gate, some) and again.client_ids, "its return")
                equal(spread(gate, [a, b, again], IDS), home, "homes after the return")
                gate.event("broker_up")


@behaviour("a tenant shares a broker with --hash-key-prefix-until, and tenants spread")
def tenants():
    with Stub() as a, Stub() as b, Stub() as c:
        ids = [f"tenant{t}/dev{d}" for t in range(30) for d in range(10)]
        with Jumpgate([a, b, c], "--hash-key-prefix-until", "/") as gate:
            home = spread(gate, [a, b, c], ids)
        tenant_homes = {}
        for client_id, broker in home.items():
            tenant_homes.setdefault(client_id.split("/")[0], set()).add(broker)
        equal({len(homes) for homes in tenant_homes.values()}, {1}, "brokers of a tenant")
        equal(len(set(home.values())), 3, "brokers used")


@behaviour("--hash-key username: a user's clients share a broker, those without one spread")
def by_username():
    with Stub() as a, Stub() as b, Stub() as c:
        brokers = [a, b, c]
        with Jumpgate(brokers, "--hash-key", "username") as gate:
            homes = set()
            for user in range(20):
                home = spread(gate, brokers, [f"{user}-{i}" for i in range(5)],
                              username=f"user{user}")
                equal(len(set(home.values())), 1, f"brokers of user{user}")
                homes |= set(home.values())
            equal(homes, {0, 1, 2}, "brokers of all users")
            equal(len(set(spread(gate, brokers, IDS[:50]).values())), 3, "without a user name")


@behaviour("--hash-key remote_addr: one address, one broker")
def by_address():
    with Stub() as a, Stub() as b, Stub() as c:
        with Jumpgate([a, b, c], "--hash-key", "remote_addr") as gate:
            home = spread(gate, [a, b, c], IDS[:50])
            equal(len(set(home.values())), 1, "brokers of 127.0.0.1")


@behaviour("clients with an empty id are spread over all brokers, in MQTT 3.1.1 and 5")
def empty_ids():
    with Stub() as a, Stub() as b, Stub() as c:
        with Jumpgate([a, b, c]) as gate:
            for i in range(120):
                assert connack(gate, "", 4 + i % 2)
        counts = [len(broker.client_ids) for broker in (a, b, c)]
        assert sum(counts) == 120 and min(counts) > 12, counts


@behaviour("weight 0 gets no client, weight 3 about three times as many as weight 1")
def weights():
    with Stub() as none, Stub() as one, Stub() as three:
        named = [f"127.0.0.1:{broker.port},weight={weight}"
                 for broker, weight in ((none, 0), (one, 1), (three, 3))]
        with Jumpgate(named) as gate:
            spread(gate, [none, one, three], IDS)
            spread(gate, [none, one, three], [""] * 100)
        counts = [len(broker.client_ids) for broker in (none, one, three)]
        equal(counts[0], 0, "weight 0")
        assert 60 < counts[1] < 140, counts  # 100 of 400 expected


@behaviour("a client is dialled to at most --dial-attempts-max different brokers, then refused")
def attempts():
    with Stub() as alive:
        ports = [free_port() for _ in range(4)]
        for most in (1, 2, 4):
            with Jumpgate(ports, "--dial-attempts-max", most, "--fail-max", 0, stats=True) as gate:
                with gate.connect() as client:
                    client.sendall(packets.connect("c", 5))
                    equal(receive(client, 5), b"\x20\x03\x00\x88\x00")
                stats = gate.stats(lambda s: s["refused"]["no_broker"] == 1)
                equal([b["dials"] for b in stats["brokers"]].count(1), most, "brokers tried")
                equal(sum(b["dial_failures"] for b in stats["brokers"]), most)
        with Jumpgate(ports[:2] + [alive], "--fail-max", 0) as gate:  # 3 attempts find it
            equal(len(spread(gate, [alive], IDS[:50])), 50)


@behaviour("a broker that is marked down is not dialled again before --fail-timeout-ms")
def marked_down():
    with Stub() as alive:
        with Jumpgate([alive, free_port()], "--fail-max", 2, "--fail-timeout-ms", 600_000,
                      stats=True) as gate:
            spread(gate, [alive], IDS[:100])
            stats = gate.stats(lambda s: s["brokers"][0]["dials"] == 100)
            equal((stats["brokers"][1]["dials"], stats["brokers"][1]["down"]), (2, True))
            equal(len(gate.events("broker_down")), 1)


@behaviour("a CONNECT that a broker may have read is not given to a second one")
def one_owner():
    with Peer() as a, Peer() as b, Jumpgate([a, b]) as gate, gate.connect() as client:
        hello = packets.connect("once")
        client.sendall(hello)
        wait_until(lambda: a.was_dialled() or b.was_dialled(), "a dial")
        first, second = (a, b) if a.was_dialled() else (b, a)
        with first.accept() as broker:
            equal(receive(broker, len(hello)), hello)
        equal(client.recv(1), b"")
        assert not second.was_dialled() and not first.was_dialled()


@behaviour("--source-address gives each dial one of the addresses in turn")
def sources():
    with Peer() as peer, Jumpgate([peer], "--source-address", "127.0.0.2", "--source-address",
                                  "127.0.0.3") as gate:
        seen = []
        for i in range(4):
            with gate.connect() as client:
                client.sendall(packets.connect(f"c{i}"))
                with peer.accept() as broker:
                    seen.append(broker.getpeername()[0])
        equal(seen, ["127.0.0.2", "127.0.0.3"] * 2)


@behaviour("proxies with the same list print the same routes, another order prints another")
def fingerprints():
    with Stub() as a, Stub() as b:
        prints = []
        for brokers in ([a, b], [a, b], [b, a]):
            with Jumpgate(brokers) as gate:
                prints.append(gate.ready["routes"])
        assert prints[0] == prints[1] != prints[2], prints


main()
