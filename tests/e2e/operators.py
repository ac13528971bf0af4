"""Operators who edit a running proxy by its Admin API as they please, good edits and bad ones.

Law: a seed gives the same edits. Every answer is checked against what the proxy must have: refused
is what does not hold together, and nothing else. The upstream `home` and the route `stay` are
edited, too, but never go: clients live there.
"""

import pathlib
import random

from admin_peer import upstream
from pki import pki

CLIENT_IDS = ({"prefix": "flow-"}, {"prefix": "light-"}, {"glob": "*-1"}, {"glob": "*2*"},
              {"regex": "^(flow|light)-[0-9]*7$"}, {"regex": "3$"}, {"exact": "flow-7"},
              {"prefix": "датчик-"})
MATCHES = [{}, {"match": {"level": 5}}] + [{"match": {"client_id": x}} for x in CLIENT_IDS]
FURTHER = ({}, {}, {}, {"remote_addr": "10.1.0.0/16"}, {"remote_addr": "10.0.0.0/8"},
           {"server_port": 8883}, {"sni": "a.example.com"},
           {"snis": ["*.example.com", "b.example.org"]})
BALANCE = ({"type": "chash"}, {"type": "chash", "hash": "rendezvous"}, {"type": "roundrobin"},
           {"type": "chash", "key": "mqtt_username"}, {"type": "least_conn"},
           {"type": "chash", "key": "remote_addr"}, {"type": "chash", "key_prefix_until": "-"},
           {"type": "chash", "hash_balance_factor": 125})
# The first check decides, that nobody is there, and no other comes while the test lasts.
ONE_CHECK = {"active": {"type": "tcp", "healthy": {"interval": 3600},
                        "unhealthy": {"interval": 3600}}}
EXTRAS = ({"retries": 1}, {"slow_start_s": 5}, {"timeout": {"connect": 0.5}},
          {"desc": "a pool", "labels": {"zone": "north"}}, {"checks": ONE_CHECK},
          {"checks": ONE_CHECK, "all_down": "use_all"})
WRONG_UPSTREAMS = (b"{", [], {"type": "chash"}, {"nodes": {}}, {"nodes": {"127.0.0.1:1": -1}},
                   {"nodes": {"127.0.0.1:1": 1}, "retires": 1},
                   {"nodes": {"127.0.0.1:1": 1}, "type": "sideways"},
                   {"nodes": [{"host": "127.0.0.1", "port": 1}] * 2})
WRONG_ROUTES = ({}, {"upstream_id": "nobody"}, {"upstream_id": "home", "match": {"client": "x"}},
                {"upstream_id": "home", "match": {"client_id": {"regex": "("}}},
                {"upstream_id": "home", "remote_addr": "10.0.0.0/33"})
CERTIFICATE = pathlib.Path(pki("server.crt")).read_text()
KEY = pathlib.Path(pki("server.key")).read_text()


def with_keys(document):
    """GET shows no private key; who restores a configuration has it elsewhere."""
    for item in document["ssls"]:
        item["key"] = KEY
    return document


class Operators:
    def __init__(self, client, home_ports, seed):
        self.client, self.ports = client, home_ports
        self.rng = random.Random(seed)
        self.upstreams, self.ssls = set(), set()
        self.routes = {}  # -> the upstream; None: its own
        self.asked = self.taken = 0
        self.put_home()
        self.ask(201, "PUT", "stream_routes/stay",
                 {"match": {"client_id": {"prefix": "stay-"}}, "upstream_id": "home"})

    # ---- Bodies

    def nodes(self):
        """Of nobody: routing needs no broker."""
        rng = self.rng
        names = {(f"127.0.0.{rng.randrange(2, 9)}", rng.randrange(1, 4)): rng.randrange(4)
                 for _ in range(rng.randrange(1, 6))}
        if rng.random() < 0.5:
            return {f"{host}:{port}": weight for (host, port), weight in names.items()}
        return [{"host": host, "port": port, "weight": weight, "priority": -rng.randrange(2)}
                for (host, port), weight in names.items()]

    def pool(self):
        extra = self.rng.choice(EXTRAS) if self.rng.random() < 0.3 else {}
        return {**self.rng.choice(BALANCE), "nodes": self.nodes(), **extra}

    def route(self, target):
        served = {"upstream_id": target} if target else {"upstream": self.pool()}
        return {**self.rng.choice(MATCHES), **self.rng.choice(FURTHER), **served,
                "priority": self.rng.randrange(-2, 3)}

    def some_upstream(self):
        """An id that can be named; None: none is there, or the route has one of its own."""
        return self.rng.choice(["home", *sorted(self.upstreams), None])

    # ---- Edits

    def ask(self, status, method, path, body=None, **options):
        self.asked += 1
        answer = self.client.want(status, method, "/apisix/admin/" + path, body, **options)
        self.taken += answer.status < 400
        return answer

    def put_home(self):
        ports = self.rng.sample(self.ports, self.rng.randrange(1, len(self.ports) + 1))
        weights = [self.rng.randrange(1, 9) for _ in ports]
        self.ask((200, 201), "PUT", "upstreams/home", upstream(*ports, weights=weights))

    def put_upstream(self):
        name = f"u{self.rng.randrange(10)}"
        self.ask(200 if name in self.upstreams else 201, "PUT", f"upstreams/{name}", self.pool())
        self.upstreams.add(name)

    def patch_upstream(self):
        name = f"u{self.rng.randrange(10)}"
        path, part = self.rng.choice([("", {"retries": self.rng.randrange(4)}),
                                      ("", {"retries": None, "checks": None, "desc": None}),
                                      ("", {"nodes": {"127.0.0.2:1": self.rng.randrange(4)}}),
                                      ("/nodes", self.nodes())])
        self.ask(200 if name in self.upstreams else 404, "PATCH", f"upstreams/{name}{path}", part)

    def delete_upstream(self):
        name = self.rng.choice(["home", *(f"u{i}" for i in range(10)), *sorted(self.upstreams)])
        used = name == "home" or name in self.routes.values()
        status = 400 if used else 200 if name in self.upstreams else 404
        self.ask(status, "DELETE", f"upstreams/{name}")
        if not used:
            self.upstreams.discard(name)

    def put_route(self):
        name, target = f"r{self.rng.randrange(16)}", self.some_upstream()
        self.ask(200 if name in self.routes else 201, "PUT", f"stream_routes/{name}",
                 self.route(target))
        self.routes[name] = target

    def patch_route(self):
        name, target = f"r{self.rng.randrange(16)}", self.some_upstream()
        part = {"priority": self.rng.randrange(-2, 3)}
        moves = target is not None and self.rng.random() < 0.5
        if moves:
            part = {"upstream": None, "upstream_id": target}
        self.ask(200 if name in self.routes else 404, "PATCH", f"stream_routes/{name}", part)
        if moves and name in self.routes:
            self.routes[name] = target

    def delete_route(self):
        name = self.rng.choice([*(f"r{i}" for i in range(16)), *sorted(self.routes)])
        self.ask(200 if name in self.routes else 404, "DELETE", f"stream_routes/{name}")
        self.routes.pop(name, None)

    def post(self):
        if len(self.routes) > 20:
            return
        target = self.some_upstream()
        answer = self.ask(201, "POST", "stream_routes", self.route(target)).json
        self.routes[answer["value"]["id"]] = target

    def edit_ssl(self):
        name = self.rng.choice("ab")
        if self.rng.random() < 0.5:
            self.ask(200 if name in self.ssls else 404, "DELETE", f"ssls/{name}")
            self.ssls.discard(name)
            return
        self.ask(200 if name in self.ssls else 201, "PUT", f"ssls/{name}",
                 {"cert": CERTIFICATE, "key": KEY, "snis": [name + ".example.com"]})
        self.ssls.add(name)

    def break_something(self):
        if self.rng.random() < 0.6:
            self.ask(400, "PUT", "upstreams/u1", self.rng.choice(WRONG_UPSTREAMS))
        else:
            self.ask(400, "PUT", "stream_routes/r1", self.rng.choice(WRONG_ROUTES))

    def put_all(self):
        """What there is, less some routes, and with all others moved to one upstream."""
        document = with_keys(self.client.get("/apisix/admin/configs"))
        for kind in ("stream_routes", "upstreams", "ssls"):
            del document[kind + "_conf_version"]  # else it says that nothing changed
        target = self.rng.choice(sorted(self.upstreams | {"home"}))
        kept = [item for item in document["stream_routes"]
                if item["id"] == "stay" or self.rng.random() < 0.8]
        for item in kept:
            if item["id"] != "stay" and "upstream_id" in item:
                item["upstream_id"] = target
        broken = self.rng.random() < 0.2
        document["stream_routes"] = kept + [{"id": "bad", "upstream_id": "nobody"}] * broken
        self.ask(400 if broken else 202, "PUT", "configs", document,
                 headers={"X-Digest": f"edit {self.asked}"})
        if not broken:
            self.routes = {item["id"]: item.get("upstream_id") for item in kept
                           if item["id"] != "stay"}

    WEIGHTS = {put_upstream: 18, put_route: 20, patch_upstream: 14, patch_route: 12,
               delete_route: 13, delete_upstream: 9, post: 2, break_something: 8, put_home: 3,
               edit_ssl: 0.7, put_all: 0.3}

    def edit(self):
        kinds = list(self.WEIGHTS)
        self.rng.choices(kinds, list(self.WEIGHTS.values()))[0](self)
