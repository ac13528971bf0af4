"""The Admin API and what strangers, fools and broken scripts send it."""

import base64
import concurrent.futures
import json
import pathlib
import signal
import socket
import subprocess
import threading

from admin_peer import (KEY, VIEWER_KEY, Client, Place, as_text, raw_request, upstream,
                        write_secret)
from harness import DEADLINE_S, PROGRAM, behaviour, equal, main, wait_until
from pki import pki

CONFIG = {"upstreams": [upstream(1883, 1884, id="file")],
          "stream_routes": [{"id": "all", "upstream_id": "file"}]}
REFUSED = 'jumpgate_admin_refused_total{reason="%s"}'


# ---- Who may ask --------------------------------------------------------------------------------

@behaviour("wrong, missing and endless keys are refused alike, counted, and logged with address")
def keys():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        path = "/apisix/admin/upstreams"
        near = [KEY[:-1], KEY + "x", KEY.upper(), " " + KEY[1:], KEY[::-1], "x", VIEWER_KEY[:-1],
                "edd1c9f034335f136f87ad84b625c8f1", "\xff" * 20, "y" * 8_000]
        for key in near:
            answer = client.want(401, "GET", path, key=key)
            equal(answer.json["description"], "wrong apikey", repr(key[:40]))
        for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
            answer = client.want(401, method, path, key="", body=b"")
            equal(answer.json["description"], "missing apikey", method)
        equal(client.metric(REFUSED % "wrong_key"), len(near))
        equal(client.metric(REFUSED % "missing_key"), 5)
        answer = client.send("GET", path, key="z" * 200_000)
        assert answer.status in (400, 413, 431, 401), answer.status
        client.close()
        line = gate.event("admin_refused")
        equal((line["peer"], line["path"]), ("127.0.0.1", path))
        assert not any(KEY[:-1] in line for line in gate.lines.all if line), "a key in the log"
        equal(client.want(200, "GET", path).json["total"], 1)
        for open_to_all in ("/healthz", "/ready", "/metrics"):
            client.want(200, "GET", open_to_all, key="")


@behaviour("a flood of wrong keys is counted whole and logged in part")
def flood():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        for _ in range(1_000):
            client.want(401, "GET", "/apisix/admin/upstreams", key="wrong")
        equal(client.metric(REFUSED % "wrong_key"), 1_000)
        lines = gate.events("admin_refused")
        assert 1 <= len(lines) <= 100, f"{len(lines)} lines for 1000 refusals"


@behaviour("the viewer's key reads, and changes nothing by any method")
def viewer():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        client.key = VIEWER_KEY
        for path in ("/apisix/admin/upstreams", "/apisix/admin/configs", "/v1/upstreams",
                     "/v1/connections", "/v1/route?client_id=x"):
            client.want(200, "GET", path)
        body = upstream(1883)
        for method, path in (("PUT", "/apisix/admin/upstreams/x"), ("POST", "/admin/upstreams"),
                             ("PATCH", "/admin/upstreams/file"),
                             ("DELETE", "/admin/upstreams/file"), ("PUT", "/admin/configs"),
                             ("POST", "/drain"), ("OPTIONS", "/admin/upstreams/x"),
                             ("POST", "/v1/upstreams/file/nodes/127.0.0.1:1883/evict")):
            answer = client.want(401, method, path, body, headers={"X-Digest": "1"})
            equal(answer.json["description"], "invalid method for role viewer", f"{method} {path}")
        client.want(200, "GET", "/ready")
        equal(client.want(200, "GET", "/admin/upstreams").json["total"], 1)


def refused_start(*flags):
    """stderr of a start that does not come about."""
    done = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--threads", "1",
                           "--broker", "127.0.0.1:1883", *map(str, flags)], capture_output=True,
                          text=True, check=False, timeout=DEADLINE_S)
    equal(done.returncode, 2, done.stderr)
    return done.stderr


@behaviour("keys that everybody knows, or that are too short, do not start; readable files warn")
def key_files():
    with Place(CONFIG) as place:
        for text, words in (("edd1c9f034335f136f87ad84b625c8f1\n", "CVE-2020-13945"),
                            ("short\n", "allowed: "), ("", "is empty"), ("# none\n", "no key"),
                            ("a key with blanks in it, long enough\n", "printable")):
            file = write_secret(place.folder / "bad.key", text)
            said = refused_start("--admin", "127.0.0.1:0", "--admin-key-file", file)
            assert words in said and str(file) in said, said
        place.key.chmod(0o644)
        with place.gate() as (gate, client):
            warning = gate.event("admin_key_readable")["warning"]
            assert str(place.key) in warning and "0644" in warning and "chmod 600" in warning


@behaviour("a leaked key is exchanged by SIGHUP; a bad key file fails the reload, and is an alert")
def rotation():
    with Place(CONFIG) as place, place.gate("--config-watch", "false") as (gate, client):
        path = "/apisix/admin/upstreams"
        successful = "jumpgate_config_last_reload_successful"
        failures = "jumpgate_config_reload_failures_total"
        equal((client.metric(successful), client.metric(failures)), (1, 0), "at start")
        place.key.write_text("short\n")
        gate.kill(signal.SIGHUP)
        problem = gate.event("reload_problem")["problem"]
        words = f"--admin-key-file: {place.key}: line 1: the key has 5 characters"
        assert words in problem, problem
        wait_until(lambda: client.metric(failures) == 1, failures)
        equal(client.metric(successful), 0, "after a failure")
        client.want(200, "GET", path)
        place.key.write_text("the-next-key-of-the-tests\n")
        gate.kill(signal.SIGHUP)
        equal(gate.event("admin_keys_changed")["keys"], 2)
        client.want(401, "GET", path)
        client.want(200, "GET", path, key="the-next-key-of-the-tests")
        client.want(200, "GET", path, key=VIEWER_KEY)
        wait_until(lambda: client.metric(successful) == 1, successful)
        equal(client.metric(failures), 1)
        assert KEY not in gate.lines.text() and "the-next-key" not in gate.lines.text()


@behaviour("an address that others reach needs --admin-allow, which then keeps them out")
def addresses():
    with Place(CONFIG) as place:
        for address in ("0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:9180"):
            said = refused_start("--admin", address, "--admin-key-file", place.key)
            assert "--admin-allow" in said, (address, said)
        with place.gate("--admin-allow", "192.0.2.0/24") as (gate, client):
            answer = client.want(403, "GET", "/apisix/admin/upstreams")
            assert "--admin-allow" in answer.problem, answer.body
            client.want(200, "GET", "/healthz")
            client.want(403, "GET", "/metrics")


@behaviour("a unix socket serves its owner only, and is gone afterwards")
def unix_socket():
    with Place(CONFIG) as place:
        path = place.folder / "admin.sock"
        flags = ["--admin", f"unix:{path}", "--admin-key-file", place.key,
                 "--config", place.config, "--threads", "1"]
        process = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", *map(str, flags)],
                                   stderr=subprocess.DEVNULL)
        try:
            wait_until(path.exists, "the socket")
            equal(path.stat().st_mode & 0o777, 0o600)
            command = ["curl", "-sS", "--unix-socket", str(path), "http://jumpgate/v1/upstreams"]

            def ask(*more):
                done = subprocess.run([*command, *more], capture_output=True, text=True,
                                      check=False, timeout=DEADLINE_S)
                return json.loads(done.stdout) if done.stdout else None

            wait_until(lambda: ask("-H", f"X-API-KEY: {KEY}"), "an answer")
            equal(ask("-H", f"X-API-KEY: {KEY}")["upstreams"][0]["id"], "file")
            equal(ask()["description"], "missing apikey")
        finally:
            process.send_signal(signal.SIGINT)
            equal(process.wait(DEADLINE_S), 0)
        assert not path.exists()


# ---- What they send -----------------------------------------------------------------------------

@behaviour("ids are no paths: whatever climbs or is too long is refused, and touches no file")
def ids():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        files = sorted(place.folder.rglob("*"))
        good = upstream(1883)
        for id in ("..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", "a%2Fb", "x" * 65, "a%00b", "a%20b",
                   "%ff", "a;b", "a%0d%0aX-Evil:%201", "a:b", "*", "\\..\\x", "%E2%82%AC"):
            answer = client.want(400, "PUT", "/apisix/admin/upstreams/" + id, good)
            assert "allowed" in answer.problem, answer.body
        client.want((400, 404), "PUT", "/apisix/admin/upstreams/../../../etc/passwd", good)
        client.want((400, 404), "PUT", "/apisix/admin/upstreams/a/b/c", good)
        client.want(400, "GET", "/apisix/admin/upstreams/%2")
        client.want(404, "GET", "/apisix/admin/routes")
        for id in ("a b", "", -1, 0, 1.5, True, None, [], {}, "x" * 65):
            client.want(400, "PUT", "/apisix/admin/upstreams", {**good, "id": id})
        equal(client.want(200, "GET", "/apisix/admin/upstreams").json["total"], 1)
        equal(sorted(place.folder.rglob("*")), files, "files")


def nested(open_, close, depth):
    return b'{"labels": ' + open_ * depth + b"1" + close * depth + b"}"


@behaviour("bodies that are no JSON, no UTF-8, too deep, or with keys twice are refused in words")
def bodies():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        def refused(body):
            answer = client.want(400, "PUT", "/apisix/admin/upstreams/x", body)
            assert answer.problem, answer.body
            answer.body.decode("utf-8")  # whatever was sent, the answer is UTF-8
            return answer.problem

        good = as_text(upstream(1883)).encode()
        for body in (b"", b" ", b"null", b"[]", b"7", b'"x"', b"{", good[:-1], good + b"}",
                     good + good, b'{"a":1,}', b"{'type': 'chash'}", b"\x00", good + b"\x00",
                     b"\xef\xbb\xbf\xef\xbb\xbf{}", b"NaN", b'{"retries": NaN}',
                     b'{"retries": 1e999}', b'{"retries": 99999999999999999999999}',
                     b'{"type": "chash", "type": "chash"}', b'{"__proto__": {}}'):
            refused(body)
        for wrong in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            refused(b'{"desc": "' + wrong + b'"}')
            refused(b'{"' + wrong + b'": 1}')
        for depth in (200, 5_000, 200_000):
            refused(nested(b"[", b"]", depth))
            refused(nested(b'{"a":', b"}", depth))
            refused(b"[" * depth)
        client.want(201, "PUT", "/apisix/admin/upstreams/x", good)


@behaviour("bodies of 2 MB are answered 413, announced or in chunks, and the server goes on")
def large():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        body = b'{"desc": "' + b"x" * 2_000_000 + b'"}'
        before = gate.private_bytes()
        for _ in range(5):
            answer = client.want(413, "PUT", "/apisix/admin/upstreams/x", body)
            assert "1.5 MiB" in answer.problem, answer.body
        head = (f"PUT /apisix/admin/upstreams/x HTTP/1.1\r\nHost: x\r\nX-API-KEY: {KEY}\r\n"
                "Connection: close\r\n")
        chunks = b"".join(b"%x\r\n%s\r\n" % (65536, b"y" * 65536) for _ in range(31)) + b"0\r\n\r\n"
        chunked = head + "Transfer-Encoding: chunked\r\n\r\n"
        said = raw_request(gate.admin, chunked.encode() + chunks)
        assert said.startswith(b"HTTP/1.1 413 "), said[:80]
        for length in ("99999999999999999999999", "-1", "x", "1e3"):  # and no body comes
            said = raw_request(gate.admin,
                               head.encode() + f"Content-Length: {length}\r\n\r\n".encode())
            assert said[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413", b""), said[:80]
        said = raw_request(gate.admin, head.encode() + b"Content-Length: 2000000\r\n"
                           b"Expect: 100-continue\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 413 "), said[:80]
        client.close()
        equal(client.want(200, "GET", "/apisix/admin/upstreams").json["total"], 1)
        grown = gate.private_bytes() - before
        assert grown < 32 << 20, f"{grown} bytes more"


# ---- What is in them ----------------------------------------------------------------------------

NODES = [{"host": "127.0.0.1", "port": 1883, "weight": 1}]
# (type, body, the field to be named, a word of what is allowed)
WRONG = [
    ("upstreams", {"nodes": 7}, "nodes", "list"),
    ("upstreams", {"nodes": []}, "nodes", "1 to 4096"),
    ("upstreams", {}, "nodes", ""),
    ("upstreams", {"nodes": [{"port": 1}]}, "host", ""),
    ("upstreams", {"nodes": [{"host": "a b", "port": 1}]}, "nodes[0].host", "host name"),
    ("upstreams", {"nodes": [{"host": "a", "port": 65536}]}, "nodes[0].port", "65535"),
    ("upstreams", {"nodes": [{"host": "a", "port": "x"}]}, "nodes[0].port", "65535"),
    ("upstreams", {"nodes": [{"host": "a", "port": 1, "weight": -1}]}, "nodes[0].weight", "1000"),
    ("upstreams", {"nodes": [{"host": "a", "port": 1, "weight": 1001}]}, "weight", "0 to 1000"),
    ("upstreams", {"nodes": [{"host": "a", "port": 1, "priority": 1.5}]}, "priority", "2147483647"),
    ("upstreams", {"nodes": [{"host": "a", "port": 1, "wight": 1}]}, "wight", "weight"),
    ("upstreams", {"nodes": {"a:1": "x"}}, "nodes", "1000"),
    ("upstreams", {"nodes": NODES, "type": "random"}, "type", "chash"),
    ("upstreams", {"nodes": NODES, "type": "x" + "é" * 100}, "type", "chash"),
    ("upstreams", {"nodes": NODES, "é" * 100: 1}, "é", ""),
    ("upstreams", {"nodes": NODES, "type": 1}, "type", "chash"),
    ("upstreams", {"nodes": NODES, "key": "cookie"}, "key", "mqtt_client_id"),
    ("upstreams", {"nodes": NODES, "key_prefix_until": "ab"}, "key_prefix_until", "one character"),
    ("upstreams", {"nodes": NODES, "scheme": "kafka"}, "scheme", "tls"),
    ("upstreams", {"nodes": NODES, "hash": "ketama"}, "hash", "rendezvous"),
    ("upstreams", {"nodes": NODES, "hash_balance_factor": 50}, "hash_balance_factor", "101"),
    ("upstreams", {"nodes": NODES, "retries": -1}, "retries", "0 to "),
    ("upstreams", {"nodes": NODES, "retries": "2"}, "retries", "0 to "),
    ("upstreams", {"nodes": NODES, "retries": True}, "retries", "0 to "),
    ("upstreams", {"nodes": NODES, "timeout": 3}, "timeout", "map"),
    ("upstreams", {"nodes": NODES, "timeout": {"connect": 0}}, "timeout.connect", "600"),
    ("upstreams", {"nodes": NODES, "timeout": {"conect": 1}}, "conect", "connect"),
    ("upstreams", {"nodes": NODES, "all_down": "panic"}, "all_down", "use_all"),
    ("upstreams", {"nodes": NODES, "slow_start_s": -1}, "slow_start_s", "86400"),
    ("upstreams", {"nodes": NODES, "slow_start_s": "30s"}, "slow_start_s", "86400"),
    ("upstreams", {"nodes": NODES, "nane": "x"}, "nane", "name"),
    ("upstreams", {"nodes": NODES, "labels": []}, "labels", "map"),
    ("upstreams", {"nodes": NODES, "labels": {"a": 1}}, "labels", "text"),
    ("upstreams", {"nodes": NODES, "desc": "x" * 257}, "desc", "256"),
    ("upstreams", {"nodes": NODES, "checks": {"active": {"type": "icmp"}}}, "type", "mqtt"),
    ("upstreams", {"nodes": NODES, "checks": {"active": {"timeout": 0}}}, "timeout", "600"),
    ("upstreams", {"nodes": NODES, "checks": {"active": {"http_path": "x"}}}, "http_path", '"/"'),
    ("upstreams", {"nodes": NODES, "checks": {"active": {"healthy": {"successes": 0}}}},
     "checks.active.healthy.successes", "254"),
    ("upstreams", {"nodes": NODES, "checks": {"active": {"unhealthy": {"tcp_failures": 255}}}},
     "checks.active.unhealthy.tcp_failures", "254"),
    ("upstreams", {"nodes": NODES, "scheme": "tls", "tls": {"verify": "maybe"}}, "verify", "full"),
    ("upstreams", {"nodes": NODES, "scheme": "tls", "tls": {"client_cert_id": "none"}},
     "client_cert_id", ""),
    ("upstreams", {"nodes": NODES, "create_time": 1}, "create_time", ""),
    ("stream_routes", {}, "upstream", ""),
    ("stream_routes", {"upstream_id": "nowhere"}, "upstream_id", ""),
    ("stream_routes", {"upstream_id": []}, "upstream_id", "1 to 64"),
    ("stream_routes", {"upstream_id": "file", "upstream": upstream(1)}, "upstream", ""),
    ("stream_routes", {"upstream": {"nodes": 1}}, "upstream.nodes", "list"),
    ("stream_routes", {"upstream_id": "file", "remote_addr": "10.0.0.0/33"}, "remote_addr", "10.0"),
    ("stream_routes", {"upstream_id": "file", "server_port": 0}, "server_port", "65535"),
    ("stream_routes", {"upstream_id": "file", "sni": "a..b"}, "sni", "host name"),
    ("stream_routes", {"upstream_id": "file", "match": {"client_id": 7}}, "client_id", "prefix"),
    ("stream_routes", {"upstream_id": "file", "match": {"client_id": {"regex": "("}}},
     "match.client_id", ""),
    ("stream_routes", {"upstream_id": "file", "match": {"client_id": {"like": "x"}}}, "like",
     "prefix"),
    ("stream_routes", {"upstream_id": "file", "match": {"level": 6}}, "match.level", "3 to 5"),
    ("stream_routes", {"upstream_id": "file", "priority": 1 << 40}, "priority", "2147483647"),
    ("stream_routes", {"upstream_id": "file", "plugins": {"limit-conn": {}}}, "limit-conn",
     "--connections-max"),
    ("stream_routes", {"upstream_id": "file",
                       "plugins": {"mqtt-proxy": {"protocol_name": "HTTP"}}}, "protocol_name",
     "MQTT"),
    ("ssls", {}, "cert", ""),
    ("ssls", {"cert": "x", "key": 7}, "key", "PEM"),
    ("ssls", {"cert": "-----BEGIN CERTIFICATE-----\nx", "key": "x"}, "", ""),
    ("ssls", {"cert": pki("server.crt"), "key": pki("mismatch.key")}, "key", ""),
    ("ssls", {"cert": pki("server.crt"), "key": pki("server.key"), "ssl_protocols": ["SSLv3"]},
     "ssl_protocols", "TLSv1.2"),
    ("ssls", {"cert": pki("server.crt"), "key": pki("server.key"), "client": {"depth": 1}},
     "client", ""),
    ("ssls", {"cert": pki("server.crt"), "key": pki("server.key"), "status": 2}, "status", "1"),
]


@behaviour(f"{len(WRONG)} wrong fields are refused with 400, their name, and what is allowed")
def fields():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        version = client.get("/v1/upstreams")["config_version"]
        problems = []
        for type_, body, field, allowed in WRONG:
            answer = client.send("PUT", f"/apisix/admin/{type_}/x", body)
            if answer.status != 400 or field not in answer.problem or allowed not in answer.problem:
                problems.append(f"{type_} {str(body)[:120]} ({field!r}, {allowed!r}): "
                                f"{answer.status} {answer.body!r}")
        assert not problems, "\n".join(problems)
        equal(client.get("/v1/upstreams")["config_version"], version)


@behaviour("what is in use cannot be deleted, and the answer says by whom")
def in_use():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        client.put("ssls/me", {"type": "client", "cert": pki("client.crt"),
                               "key": pki("client.key")})
        client.put("upstreams/u", upstream(1883, scheme="tls", tls={"client_cert_id": "me"}))
        client.put("stream_routes/r", {"upstream_id": "u"})
        for path, user in (("upstreams/u", "r"), ("ssls/me", "u")):
            for query in ("", "?force=true"):
                answer = client.want(400, "DELETE", f"/apisix/admin/{path}{query}")
                assert f"[{user}]" in answer.problem, answer.problem
        for path in ("stream_routes/r", "upstreams/u", "ssls/me"):
            client.want(200, "DELETE", "/apisix/admin/" + path)
            client.want(404, "DELETE", "/apisix/admin/" + path)


@behaviour("private keys and passwords leave by no answer, no log line, no metric")
def secrets():
    inline = {"cert": pathlib.Path(pki("server.crt")).read_text(),
              "key": pathlib.Path(pki("server.key")).read_text()}
    rsa = {"cert": pathlib.Path(pki("server-rsa.crt")).read_text(),
           "key": pathlib.Path(pki("server-rsa.key")).read_text()}
    password = "correct-horse-battery"
    secret = [line for text in (inline["key"], rsa["key"]) for line in text.splitlines()[1:-1]]
    secret += ["PRIVATE KEY", password, KEY]
    config = {**CONFIG, "ssls": [{"id": "of-file", "snis": ["file.test"], **inline}]}
    with Place(config) as place, place.gate(level="debug") as (gate, client):
        ssl = {**inline, "certs": [rsa["cert"]], "keys": [rsa["key"]], "snis": ["x.test"]}
        pool = {"scheme": "tls", "checks": {"active": {"username": "u", "password": password}},
                "tls": {"client_cert": inline["cert"], "client_key": inline["key"]}}
        answers = [client.put("ssls/x", ssl), client.put("upstreams/x", upstream(1883, **pool)),
                   client.put("stream_routes/x", {"upstream": upstream(1883, **pool)})]
        for type_ in ("ssls", "upstreams", "stream_routes"):
            answers += [client.send("PATCH", f"/apisix/admin/{type_}/x", {"desc": "seen"}),
                        client.send("PATCH", f"/apisix/admin/{type_}/x/desc", b'"again"'),
                        client.send("GET", f"/apisix/admin/{type_}/x"),
                        client.send("GET", f"/apisix/admin/{type_}"),
                        client.send("POST", f"/apisix/admin/{type_}", {**ssl, "snis": 7}),
                        client.send("POST", f"/apisix/admin/schema/validate/{type_}", ssl),
                        client.send("PUT", f"/apisix/admin/{type_}/y", {**ssl, **pool})]
        answers += [client.send("GET", "/apisix/admin/ssls/of-file"),
                    client.send("POST", "/apisix/admin/ssls", ssl),
                    client.send("PUT", "/apisix/admin/ssls/z", {**ssl, "cert": inline["key"]}),
                    client.send("PUT", "/apisix/admin/ssls/z", {**ssl, "cert": ssl["key"][:99]}),
                    client.send("PATCH", "/apisix/admin/ssls/x/key", b'"' + b"x" * 200 + b'"'),
                    client.send("POST", "/apisix/admin/configs/validate", {"ssls": [ssl, ssl]}),
                    client.send("GET", "/apisix/admin/configs")]
        answers += [client.send("GET", path) for path in
                    ("/v1/upstreams", "/v1/route?client_id=a", "/v1/connections", "/metrics")]
        texts = [answer.body.decode() + str(answer.headers) for answer in answers]
        texts += [line for line in gate.lines.all if line]
        for text in texts:
            for word in secret:
                assert word not in text, f"{word!r} in {text[:2000]}"
        equal({answers[0].status, answers[1].status, answers[2].status}, {201})
        assert base64.b64encode(inline["key"].encode()).decode()[:64] not in "".join(texts)
        # What was hidden in the answers is not lost: the same PATCHes kept the keys.
        stored = (place.state / "state.json").read_text()
        assert stored.count("PRIVATE KEY") >= 6 and password in stored
        equal((place.state / "state.json").stat().st_mode & 0o777, 0o600)


@behaviour("changes by API and reloads by SIGHUP, at once: none is lost, none fails")
def races():
    with Place(CONFIG) as place, place.gate() as (gate, client):
        stop = threading.Event()
        hangups = [0]

        def hang_up():
            while not stop.wait(0.002):
                gate.kill(signal.SIGHUP)
                hangups[0] += 1

        def write(number):
            own = Client(gate.admin)
            for i in range(60):
                own.put(f"upstreams/w{number}", upstream(1883, 1884, desc=str(i)))
                own.put(f"stream_routes/w{number}", {
                    "upstream_id": f"w{number}", "priority": i,
                    "match": {"client_id": f"only-{number}"}})
                found = own.get(f"/apisix/admin/upstreams/w{number}")["value"]["desc"]
                equal(found, str(i), "what was just written")
            own.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(write, range(4)))
        finally:
            stop.set()
            thread.join()
        equal(gate.events("reload_failed"), [])
        print(f"# {len(gate.events('reloaded'))} reloads for {hangups[0]} SIGHUPs")
        assert len(gate.events("reloaded")) >= 5
        for number in range(4):
            equal(client.get(f"/v1/route?client_id=only-{number}")["upstream"], f"w{number}")


main()
