"""Which stream route a client gets: by what it says, what it shows, where it comes from and where
to; and HTTP beside MQTT on one port.

Law: a client is at the broker of its rule, and the log names that rule: `connected`, the access
log, and `refused` where the rule has no broker.
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import socket
import tempfile
import threading

import packets
from harness import DEADLINE_S, Jumpgate, behaviour, equal, main, wait_until
from peers import Stub, free_port, receive, receive_all
from pki import context, pki

MUTUAL = {"cert": pki("server.crt"), "key": pki("server.key"), "snis": ["localhost"],
          "client": {"ca": pki("ca.crt")}}


@contextlib.contextmanager
def folder_of(text):
    """A folder with jumpgate.yaml."""
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        file = pathlib.Path(folder, "jumpgate.yaml")
        file.write_text(text)
        file.chmod(0o600)
        yield pathlib.Path(folder)


@contextlib.contextmanager
def gate_of(text, *flags, ports=None, tls_port=None):
    with folder_of(text) as folder, contextlib.ExitStack() as stack:
        log = folder / "access.log"
        for port in ports or []:
            flags += ("--listen", f"127.0.0.1:{port}")
        if tls_port:
            flags += ("--tls-listen", f"127.0.0.1:{tls_port}")
        gate = stack.enter_context(Jumpgate([], "--config", folder / "jumpgate.yaml",
                                            "--access-log", log, *flags, plain=ports is None))
        yield gate, log


def pool(stub):
    return '{nodes: {"127.0.0.1:%d": 1}}' % stub.port


# ---- Who is where -------------------------------------------------------------------------------

RULES = {
    "boiler": "match: {client_id: boiler}",
    "meters": "match: {client_id: {prefix: flow-meter-}}",
    "meters-north": "match: {client_id: {prefix: flow-meter-north-}}",
    "lamps": "match: {client_id: {glob: 'light-*-lamp'}}",
    "valves": "match: {client_id: {regex: '^valve-[0-9]{3}$'}}",
    "acme": "match: {username: {prefix: acme/}}",
    "certified": "match: {cert_cn: {glob: 'client*'}}",
    "client": "match: {cert_cn: client}",
    "warehouse": "remote_addr: 127.0.1.0/24",
    "gateway": "remote_addr: 127.0.1.7",
    "office": "server_port: OFFICE",
    "old": "match: {level: [3, 4]}",
    "cameras": "match: {client_id: {glob: 'cam-*'}}",
    "east": "match: {client_id: {glob: '*-est'}}, priority: 1",
    "first": "match: {client_id: {glob: 'aa*'}}",
    "second": "match: {client_id: {glob: '*bb'}}",
    "rest": "desc: everybody else"}
# Client, who it is and how it comes, its rule; of several the most specific.
CASES = [("boiler", {}, "boiler"), ("boiler-2", {}, "rest"),
         ("boiler", {"username": "acme/b", "level": 4, "source": "127.0.1.7"}, "boiler"),
         ("flow-meter-1", {}, "meters"), ("flow-meter-", {}, "meters"), ("flow-mete", {}, "rest"),
         ("flow-meter-north-1", {}, "meters-north"), ("Flow-meter-1", {}, "rest"),
         ("light-7-lamp", {}, "lamps"), ("light-7-lamp-2", {}, "rest"),
         ("light--lamp", {}, "lamps"),
         ("valve-123", {}, "valves"), ("valve-1234", {}, "rest"), ("a-valve-123", {}, "rest"),
         ("u", {"username": "acme/bob"}, "acme"), ("u", {"username": "acme"}, "rest"),
         ("flow-meter-2", {"username": "acme/bob"}, "meters"),
         ("t", {"certificate": "client"}, "client"),
         ("t", {"certificate": "client-chain"}, "certified"),
         ("t", {"certificate": "proxy"}, "rest"),
         ("t", {"certificate": "client", "username": "acme/bob"}, "acme"),
         ("r", {"source": "127.0.1.9"}, "warehouse"), ("r", {"source": "127.0.1.7"}, "gateway"),
         ("r", {"source": "127.0.2.7"}, "rest"),
         ("r", {"source": "127.0.1.7", "level": 4}, "gateway"),
         ("p", {"port": "office"}, "office"), ("p", {"port": "office", "level": 4}, "office"),
         ("p", {"port": "office", "source": "127.0.1.9"}, "warehouse"),
         ("l", {"level": 4}, "old"), ("l", {"level": 3}, "old"), ("l", {"level": 5}, "rest"),
         ("cam-1", {}, "cameras"), ("cam-1-est", {}, "east"), ("1-est", {}, "east"),
         ("aabb", {}, "first"), ("bb", {}, "second"), ("", {}, "rest")]


def visit(ports, client_id, level=5, username=None, certificate=None, source="127.0.0.1",
          port="plain"):
    """A client's life up to CONNACK and a DISCONNECT, which the broker answers by its end."""
    to = ports["tls" if certificate else port]
    with socket.create_connection(("127.0.0.1", to), DEADLINE_S, (source, 0)) as client:
        if certificate:
            client = context(certificate=certificate).wrap_socket(client,
                                                                  server_hostname="localhost")
        client.sendall(packets.connect(client_id, level, username=username))
        expected = packets.CONNACK_OK[level]
        equal(receive(client, len(expected)), expected, f"CONNACK of {client_id}")
        client.sendall(packets.DISCONNECT)
        equal(receive_all(client), b"")


def access_lines(log, count):
    wait_until(lambda: log.exists() and log.read_text().count("\n") >= count, "the access log")
    return [json.loads(line) for line in log.read_text().splitlines()]


@behaviour("the most specific rule decides, then priority, then order; the log names it")
def rules():
    ports = {"plain": free_port(), "office": free_port(), "tls": free_port()}
    with contextlib.ExitStack() as stack:
        stubs = {name: stack.enter_context(Stub()) for name in RULES}
        text = "stream_routes:\n" + "".join(
            f"  - {{id: {name}, {rule}, upstream: {pool(stubs[name])}}}\n"
            for name, rule in RULES.items()).replace("OFFICE", str(ports["office"]))
        text += f"ssls: {json.dumps([MUTUAL])}\n"
        gate, log = stack.enter_context(gate_of(text, ports=(ports["plain"], ports["office"]),
                                                tls_port=ports["tls"]))
        for number, (client_id, how, rule) in enumerate(CASES):
            visit(ports, client_id, **how)
            line = gate.count("connected", number + 1)[number]
            what = f"{client_id!r} {how}"
            equal((line["client"], line["route"]), (client_id, rule), what)
            equal(line["broker"], f"127.0.0.1:{stubs[rule].port}", what)
            equal(stubs[rule].client_ids.pop(), client_id, what)
        equal({name: stub.client_ids for name, stub in stubs.items() if stub.client_ids}, {},
              "clients at other brokers")
        told = access_lines(log, len(CASES))
        equal(sorted((line["client"], line["route"], line["end"]) for line in told),
              sorted((client_id, rule, "closed") for client_id, _, rule in CASES), "access log")


@behaviour("flow meters to one pool of brokers, light sensors to another: three lines")
def three_lines():
    with Stub() as meters, Stub() as sensors:
        text = f"""\
stream_routes:
  - {{match: {{client_id: {{prefix: flow-meter-}}}}, upstream: {pool(meters)}}}
  - {{match: {{client_id: {{prefix: light-sensor-}}}}, upstream: {pool(sensors)}}}
"""
        equal(text.count("\n"), 3, "lines")
        with gate_of(text) as (gate, _):
            ports = {"plain": gate.port}
            for i in range(20):
                visit(ports, f"flow-meter-{i}", level=4 + i % 2)
                visit(ports, f"light-sensor-{i}", level=4 + i % 2)
            equal(meters.client_ids, [f"flow-meter-{i}" for i in range(20)])
            equal(sensors.client_ids, [f"light-sensor-{i}" for i in range(20)])
            equal({line["route"] for line in gate.count("connected", 40)}, {"arr_1", "arr_2"})
            with gate.connect() as client:
                client.sendall(packets.connect("valve-1", 5))
                equal(receive(client, 5), b"\x20\x03\x00\x88\x00", "CONNACK without a rule")
            told = gate.event("refused")
            equal((told["reason"], told["client"]), ("no_route", "valve-1"))


@behaviour("a rule whose brokers are gone refuses its own clients, by name, and no others")
def no_broker():
    with Stub() as lamps:
        text = ("stream_routes:\n  - {id: meters, match: {client_id: {prefix: flow-}}, upstream: "
                '{nodes: {"127.0.0.1:%d": 1}}}\n  - {id: lamps, upstream: %s}\n'
                % (free_port(), pool(lamps)))
        with gate_of(text) as (gate, log):
            with gate.connect() as client:
                client.sendall(packets.connect("flow-1"))
                equal(receive(client, 4), b"\x20\x02\x00\x03", "CONNACK")
            told = gate.event("refused")
            equal((told["reason"], told["route"], told["client"]),
                  ("no_broker", "meters", "flow-1"))
            visit({"plain": gate.port}, "lamp-1")
            lines = access_lines(log, 2)
            equal([(line["client"], line["route"], line["end"]) for line in lines],
                  [("flow-1", "meters", "refused"), ("lamp-1", "lamps", "closed")])


# ---- HTTP ---------------------------------------------------------------------------------------

class WebServer:
    """A real HTTP server that says what it was asked."""

    def __init__(self, name, port=0):
        class Answerer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one segment

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.dumps([name, self.command, self.path, len(self.rfile.read(length)),
                                   self.headers["Host"]]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answerer)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def web_and_mqtt(web_ports, stub):
    nodes = ", ".join(f'"127.0.0.1:{port}": 1' for port in web_ports)
    return f"""\
stream_routes:
  - {{id: web, match: {{protocol: http}}, upstream: {{type: roundrobin, nodes: {{{nodes}}}}}}}
  - {{id: devices, upstream: {pool(stub)}}}
ssls: [{{cert: {pki("server.crt")}, key: {pki("server.key")}}}]
"""


def ask(connection, method="GET", path="/", body=None):
    connection.request(method, path, body)
    reply = connection.getresponse()
    text = reply.read()
    return reply.status, json.loads(text) if text else None


@behaviour("HTTP and MQTT enter through one port, plain and over TLS")
def one_port():
    ports = {"plain": free_port(), "tls": free_port()}
    with WebServer("a") as a, WebServer("b") as b, Stub() as stub, gate_of(
            web_and_mqtt((a.port, b.port), stub), ports=[ports["plain"]],
            tls_port=ports["tls"]) as (gate, log):
        connections = 0
        for secure in (False, True):
            seen = set()
            for i in range(4):
                if secure:
                    web = http.client.HTTPSConnection("localhost", ports["tls"], timeout=DEADLINE_S,
                                                      context=context())
                else:
                    web = http.client.HTTPConnection("localhost", ports["plain"],
                                                     timeout=DEADLINE_S)
                host = f"localhost:{ports['tls' if secure else 'plain']}"
                status, (name, *asked) = ask(web, path=f"/storage/{i}?x=1")
                equal((status, asked), (200, ["GET", f"/storage/{i}?x=1", 0, host]))
                seen.add(name)
                for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                    body = os.urandom(300_000) if method[0] == "P" else None
                    size = len(body or b"")
                    equal(ask(web, method, "/m", body), (200, [name, method, "/m", size, host]),
                          "the same connection, the same server")
                equal(ask(web, "HEAD"), (200, None))
                web.close()
                connections += 1
                how = {"certificate": "client"} if secure else {}
                visit(ports, f"device-{secure}-{i}", **how)
            equal(seen, {"a", "b"}, "in turn")
        equal(len(stub.client_ids), 8, "MQTT clients")
        lines = access_lines(log, 2 * connections)
        equal(sorted((x["route"], x["tls"]) for x in lines),
              sorted(4 * [("devices", 0), ("devices", 1), ("web", 0), ("web", 1)]))


@behaviour("every method is HTTP from its first byte, however slowly it comes")
def in_pieces():
    with WebServer("a") as a, Stub() as stub, gate_of(web_and_mqtt((a.port,), stub)) as (gate, _):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            with gate.connect() as client:
                request = f"{method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
                for byte in request[:8]:
                    client.sendall(bytes([byte]))
                client.sendall(request[8:])
                answer = receive_all(client)
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
        with gate.connect() as client:
            client.sendall(b"GETTING / HTTP/1.1\r\n\r\n")
            equal(receive_all(client), b"", "no method of HTTP")
        gate.event("refused", lambda line: line["reason"] == "http_request")


@behaviour("503 while no HTTP server is up, over TLS too; MQTT goes on, and so does HTTP later")
def unavailable():
    port = free_port()
    ports = {"plain": free_port(), "tls": free_port()}
    with Stub() as stub, gate_of(web_and_mqtt((port,), stub), ports=[ports["plain"]],
                                 tls_port=ports["tls"]) as (gate, log):
        for number, web in enumerate((
                http.client.HTTPConnection("localhost", ports["plain"], timeout=DEADLINE_S),
                http.client.HTTPSConnection("localhost", ports["tls"], timeout=DEADLINE_S,
                                            context=context()))):
            equal(ask(web, "POST", "/storage", b"x" * 50_000)[0], 503)
            web.close()
            line = gate.count("refused", number + 1)[number]
            equal((line["reason"], line["route"]), ("no_broker", "web"))
        visit(ports, "device-1")
        equal(stub.client_ids, ["device-1"])
        equal([(x["route"], x["end"]) for x in access_lines(log, 3)],
              [("web", "refused"), ("web", "refused"), ("devices", "closed")])

        def status():
            web = http.client.HTTPConnection("localhost", ports["plain"], timeout=DEADLINE_S)
            with contextlib.closing(web):
                return ask(web)[0]

        with WebServer("late", port):
            wait_until(lambda: status() == 200, "the HTTP server is found")


if __name__ == "__main__":
    main()
