"""The Admin API under crowds: slow ones, strangers who trickle, a thousand at once."""

import concurrent.futures
import http.client
import socket
import threading
import time

from admin_peer import KEY, Client, Place, upstream
from harness import DEADLINE_S, behaviour, equal, main, wait_until

CONFIG = {"upstreams": [upstream(1883, 1884, id="file")],
          "stream_routes": [{"id": "all", "upstream_id": "file"}]}


@behaviour("slow bodies and heads are cut off in time, and hold nobody up")
def slow():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        host, port = gate.admin.rsplit(":", 1)
        head = f"PUT /apisix/admin/upstreams/x HTTP/1.1\r\nHost: x\r\nX-API-KEY: {KEY}\r\n"
        begin = time.monotonic()
        wires = []
        for start in (head + "Content-Length: 100\r\n\r\n{", head, "PUT ", ""):
            for _ in range(7):  # of 32 connections that one address may have
                wire = socket.create_connection((host, int(port)), timeout=3 * DEADLINE_S)
                wire.sendall(start.encode())
                wires.append(wire)
        for number in range(200):
            client.want((200, 201), "PUT", "/apisix/admin/upstreams/y",
                        upstream(1883, desc=str(number)))
        assert all(is_silent(wire) for wire in wires[:5]), "a slow one was answered already"
        for wire in wires:
            got = b""
            while chunk := wire.recv(4096):
                got += chunk
            assert not got or got.startswith(b"HTTP/1.1 4"), got
            wire.close()
        print(f"# {len(wires)} slow ones were gone after {time.monotonic() - begin:.1f} s")
        client.close()
        client.want(404, "GET", "/apisix/admin/upstreams/x")


@behaviour("strangers who trickle heads keep nobody of --admin-allow out, and are cut off in time")
def trickle():
    with Place(CONFIG) as place, place.gate("--admin-allow", "127.0.0.1/32") as (gate, client):
        host, port = gate.admin.rsplit(":", 1)
        begin = time.monotonic()
        wires = []
        for last in range(2, 10):
            for _ in range(40):
                wire = socket.create_connection((host, int(port)), DEADLINE_S,
                                                (f"127.0.0.{last}", 0))
                wires.append(wire)
        most = len(wires)

        def trickle_on():
            for wire in list(wires):
                try:
                    wire.sendall(b"G")
                except OSError:
                    wire.close()
                    wires.remove(wire)
            own = Client(gate.admin)  # a new connection each time
            own.want(200, "GET", "/healthz", key="")
            own.want(200, "GET", "/apisix/admin/upstreams")
            own.close()
            return not wires
        wait_until(trickle_on, "all are cut off", deadline_s=2 * DEADLINE_S)
        print(f"# {most} were cut off after {time.monotonic() - begin:.1f} s")


def is_silent(wire):
    wire.setblocking(False)
    try:
        return wire.recv(1) is None
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    finally:
        wire.settimeout(3 * DEADLINE_S)


@behaviour("1,000 requests at once: each is answered rightly or not at all, and then all is well")
def parallel():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        at_once = threading.Barrier(100)
        outcomes = []

        def visit(number):
            own = Client(gate.admin)
            at_once.wait(DEADLINE_S)
            for i in range(10):
                id = f"{number}-{i}"
                try:
                    answer = own.send("PUT", "/apisix/admin/upstreams/" + id,
                                      upstream(1883, desc=id))
                    outcomes.append((id, answer.status))
                except (OSError, http.client.HTTPException):
                    outcomes.append((id, None))  # over the limit of connections per address
                    own.close()
            own.close()

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            list(pool.map(visit, range(100)))
        equal(len(outcomes), 1_000)
        equal({status for _, status in outcomes} - {201, None}, set(), "statuses")
        done = {id for id, status in outcomes if status == 201}
        print(f"# {len(done)} of 1000 done, the rest not let in")
        assert len(done) >= 300, len(done)

        def visible():
            found = client.want(200, "GET", "/apisix/admin/upstreams").json["list"]
            return {item["value"]["id"]: item["value"].get("desc") for item in found
                    if item["value"]["id"] != "file"}
        wait_until(lambda: done <= visible().keys(), "what was acknowledged")
        equal([id for id, desc in visible().items() if id != desc], [])
        wait_until(lambda: gate.files() < 60, "closed connections")


main()
