"""--state-dir: what the Admin API acknowledged is there after any end of the process, whole; where
it cannot be kept, it is refused and nothing changes."""

import contextlib
import os
import random
import signal
import subprocess
import threading

import http.client

from admin_peer import KEY, Client, Place, as_text, states, upstream
from harness import DEADLINE_S, PROGRAM, Jumpgate, behaviour, equal, main, wait_until

KILLS = 60
NAMES = ("a", "b", "c")


# ---- kill -9 ------------------------------------------------------------------------------------

class Writer:
    """Writes one number after the other until the process is gone. What the state may hold then is
    the last acknowledged number or the one under way."""

    def __init__(self, address, number, names, write):
        self.client = Client(address)
        self.acknowledged = self.sent = number
        self.names, self.write = names, write
        self.acks = 0
        self.problem = None
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        try:
            while True:
                self.sent = self.acknowledged + 1
                self.write(self.client, self.names, self.sent)
                self.acknowledged = self.sent
                self.acks += 1
        except (OSError, http.client.HTTPException):
            pass  # killed
        except AssertionError as problem:
            self.problem = problem

    def check(self, found):
        if self.problem is not None:
            raise self.problem
        for name in self.names:
            assert found[name] in (self.acknowledged, self.sent), \
                f"{name} is {found[name]}: acknowledged {self.acknowledged}, sent {self.sent}"
        equal(len({found[name] for name in self.names}), 1, f"half of a change: {found}")


def write_one(client, names, number):
    client.put("upstreams/" + names[0], upstream(1883, desc=str(number)))


def write_all(client, names, number):
    objects = [upstream(1883, 1884 + number % 7, id=name, desc=str(number)) for name in names]
    client.want((200, 202), "PUT", "/apisix/admin/configs",
                {"upstreams": objects, "stream_routes": [{"id": "all", "upstream_id": names[0]}]},
                headers={"X-Digest": str(number)})


def found_in(client):
    return {item["value"]["id"]: int(item["value"]["desc"])
            for item in client.get("/apisix/admin/upstreams")["list"]}


@behaviour(f"{KILLS} times kill -9 amid writes: what was acknowledged is there, and never half")
def killed():
    rng = random.Random(4)
    writers = []
    acks = 0
    with Place() as place:
        for round_number in range(KILLS + 1):
            gate = Jumpgate([], *place.flags(), level="info")
            address = gate.event("admin_listening")["address"]
            client = Client(address)
            found = found_in(client)
            for writer in writers:
                writer.check(found)
            if round_number == KILLS:
                gate.stop()
                break
            newest = max(found.values(), default=0)
            if round_number % 2 == 0:
                writers = [Writer(address, newest, NAMES, write_all)]
            else:  # two at once, each with an object of its own
                writers = [Writer(address, found[name], (name,), write_one) for name in NAMES[:2]]
            wanted = rng.randrange(1, 12)
            wait_until(lambda: all(w.acks >= wanted or w.problem for w in writers), "writes")
            threading.Event().wait(rng.random() * 0.01)  # a moment like any other
            gate.kill(signal.SIGKILL)
            gate.process.wait()
            for writer in writers:
                writer.thread.join(DEADLINE_S)
                acks += writer.acks
            names = set(os.listdir(place.state)) - {"admin.key"}
            assert "state.json" in names and len(names) <= 2, f"files are left: {names}"
    print(f"# {acks} changes acknowledged over {KILLS} kills")


# ---- A full disk, a read-only one ---------------------------------------------------------------

@contextlib.contextmanager
def small_disk(place):
    """The state directory is a file system of 64 KiB."""
    place.state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", place.state],
                   check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place.state], check=True)


def mounts():
    with Place() as place:
        try:
            with small_disk(place):
                return True
        except (OSError, subprocess.SubprocessError):
            return False


ROUTED = {"upstream_id": "u"}


def serves(client, weight):
    """The API and the data plane agree that the weight of the first node is this."""
    nodes = client.get("/apisix/admin/upstreams/u")["value"]["nodes"]
    equal(nodes[0]["weight"], weight, "at the API")
    equal(states(client)["u"]["127.0.0.1:1883"]["weight"], weight, "at the data plane")


def refused_for_space(place, client, spoil, repair, words):
    client.put("upstreams/u", upstream(1883, 1884))
    client.put("stream_routes/r", ROUTED)
    spoil()
    for method, path, body in (("PUT", "upstreams/u", upstream(1883, 1884, weights=[7, 1])),
                               ("PATCH", "upstreams/u", {"retries": 3}),
                               ("POST", "upstreams", upstream(1, 2)),
                               ("DELETE", "stream_routes/r", None)):
        answer = client.want(503, method, "/apisix/admin/" + path, body)
        assert words in answer.problem and "nothing has changed" in answer.problem, answer.body
    version = client.get("/v1/upstreams")["config_version"]
    client.want(503, "PUT", "/apisix/admin/configs", {}, headers={"X-Digest": "d"})
    equal(client.get("/v1/upstreams")["config_version"], version)
    equal(client.get("/apisix/admin/upstreams")["total"], 1)
    equal(client.get("/apisix/admin/stream_routes")["total"], 1)
    serves(client, 1)
    repair()
    client.put("upstreams/u", upstream(1883, 1884, weights=[9, 1]))
    serves(client, 9)


def full_disk():
    with Place() as place, small_disk(place):
        filler = place.state / "filler"

        def fill():
            with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))

        with place.gate() as (gate, client):
            refused_for_space(place, client, fill, filler.unlink, "No space left on device")
        with place.gate() as (gate, client):
            serves(client, 9)


def read_only():
    with Place() as place, small_disk(place):
        def remount(how):
            subprocess.run(["mount", "-o", "remount," + how, place.state], check=True)

        with place.gate() as (gate, client):
            refused_for_space(place, client, lambda: remount("ro"), lambda: remount("rw"),
                              "Read-only file system")
        remount("ro")
        with place.gate() as (gate, client):  # what is there can be served all the same
            serves(client, 9)
            client.want(503, "PUT", "/apisix/admin/upstreams/u", upstream(1883))
            serves(client, 9)


for words, function in (("a full disk refuses changes with 503, changes nothing, and recovers",
                         full_disk),
                        ("a read-only state directory does so, too, and can be started from",
                         read_only)):
    if mounts():
        behaviour(words)(function)
    else:
        behaviour(words + " # SKIP no file system can be mounted here")(lambda: None)


# ---- Bad starts ---------------------------------------------------------------------------------

def refused_start(place, *words, code=2):
    """The process ends with 2 and says these words on stderr; so does --check."""
    for mode in ([], ["--check"]) if code == 2 else ([],):
        done = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--threads", "1", *mode,
                               *map(str, place.flags())], capture_output=True, text=True,
                              check=False, timeout=DEADLINE_S)
        equal(done.returncode, code, done.stderr)
        for word in words:
            assert word in done.stderr, f"no {word!r} in:\n{done.stderr}"
        assert KEY not in done.stderr


@behaviour("a damaged state file refuses to start, is named, and is left alone")
def damaged():
    with Place() as place:
        with place.gate() as (gate, client):
            client.put("upstreams/u", upstream(1883))
        file = place.state / "state.json"
        good = file.read_bytes()
        middle = len(good) // 2
        flipped = bytes([good[middle] ^ 1])
        for name, bad in (("a bit", good[:middle] + flipped + good[middle + 1:]),
                          ("cut", good[:-1]), ("cut in half", good[:middle]), ("empty", b""),
                          ("longer", good + b"\n"), ("zeros", bytes(len(good))),
                          ("other", b'{"upstreams": []}\n'), ("head", b"x" + good[1:])):
            file.write_bytes(bad)
            refused_start(place, str(file), "is damaged" if bad else "is empty")
            equal(file.read_bytes(), bad, name)
        file.write_bytes(good)
        with place.gate() as (gate, client):
            equal(client.get("/apisix/admin/upstreams")["total"], 1)


@behaviour("what a killed process left half-written is swept away at the next start")
def half_written():
    with Place() as place:
        with place.gate() as (gate, client):
            client.put("upstreams/u", upstream(1883))
        before = set(os.listdir(place.state))
        for name in ("state.json.next", "state.json.new", "state.json.tmp"):
            (place.state / name).write_bytes(b"half a")
        with place.gate() as (gate, client):
            equal(client.get("/apisix/admin/upstreams")["total"], 1)
            client.put("upstreams/v", upstream(1883))
        left = set(os.listdir(place.state)) - before
        assert len(left) == 2, f"none of the three was the file beside: {left}"


@behaviour("two processes do not share a state directory; after the first, the second may")
def shared():
    with Place() as place:
        with place.gate() as (gate, client):
            client.put("upstreams/u", upstream(1883))
            refused_start(place, str(place.state), "another process", code=1)  # it may end yet
            client.put("upstreams/u", upstream(1884))
        with place.gate() as (gate, client):
            equal(client.get("/apisix/admin/upstreams/u")["value"]["nodes"][0]["port"], 1884)


@behaviour("an id of a file cannot be taken by the API, nor one of the API by a file")
def shadows():
    config = {"upstreams": [upstream(1883, id="u")],
              "stream_routes": [{"id": "r", "upstream_id": "u"}]}
    with Place(config) as place:
        with place.gate() as (gate, client):
            for method, path, body in (("PUT", "upstreams/u", upstream(1884)),
                                       ("PATCH", "upstreams/u", {"retries": 1}),
                                       ("DELETE", "upstreams/u", None),
                                       ("PUT", "stream_routes/r", ROUTED),
                                       ("DELETE", "stream_routes/r", None)):
                answer = client.want(409, method, "/apisix/admin/" + path, body)
                assert str(place.config) in answer.problem, answer.problem
            answer = client.want((400, 409), "PUT", "/apisix/admin/configs",
                                 {"upstreams": [upstream(1884, id="u")]},
                                 headers={"X-Digest": "1"})
            assert str(place.config) in answer.problem, answer.problem
            client.put("upstreams/mine", upstream(1885))
            config["upstreams"].append(upstream(1886, id="mine"))
            place.config.write_text(as_text(config))
            equal(gate.event("reload_failed")["problems"], 1)
            problem = gate.event("reload_problem")["problem"]
            assert "mine" in problem and f"{place.config}:" in problem, problem
            equal(states(client)["mine"].keys(), {"127.0.0.1:1885"})
        refused_start(place, place.config.name, "mine")


@behaviour("a name that cannot be resolved is kept as any other and stops no restart")
def unresolved_name():
    with Place() as place:
        with place.gate() as (gate, client):
            client.put("upstreams/u", {"type": "chash", "key": "mqtt_client_id",
                                       "nodes": {"brokr-typo.invalid:1883": 1}})
        with place.gate() as (gate, client):
            failed = gate.event("name_failed")
            equal((failed["upstreams"], failed["name"]), ("u", "brokr-typo.invalid"))
            equal(states(client)["u"]["brokr-typo.invalid:1883"]["state"], "down")


@behaviour("a file that takes the upstream from a route of the API fails reload, --check and start")
def contradiction():
    config = {"upstreams": [upstream(1883, id="fu")],
              "stream_routes": [{"id": "r", "upstream_id": "fu"}]}
    with Place(config) as place:
        with place.gate() as (gate, client):
            client.put("stream_routes/own", {"upstream_id": "fu", "server_port": 1883})
            place.config.write_text(as_text(config).replace('"fu"', '"other"'))
            equal(gate.event("reload_failed")["problems"], 1)
            equal(states(client)["fu"].keys(), {"127.0.0.1:1883"})
            done = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--check",
                                   *map(str, place.flags())], capture_output=True, text=True,
                                  check=False, timeout=DEADLINE_S)
            equal(done.returncode, 2, "--check while it runs")
            assert "stream_routes[own]" in done.stderr, done.stderr
        refused_start(place, "stream_routes[own]", str(place.state), "fu")


main()
