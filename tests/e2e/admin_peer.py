"""Who talks to the Admin API in the tests: a gate with one, and requests on kept connections.

Every request says what status it expects, so a wrong answer is seen where it came.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import tempfile
import threading
import time

from harness import DEADLINE_S, Jumpgate, equal

KEY = "a-key-for-the-tests-of-jumpgate"
VIEWER_KEY = "a-viewers-key-for-the-tests"
KEPT_S = 5  # the server closes a connection that was idle for 10 s


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        return self.json["error_msg"]


class Client:
    """One kept connection, dialled again where the server may be about to close it."""

    def __init__(self, address, key=KEY, timeout_s=DEADLINE_S):
        host, port = address.rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
        self.key = key
        self.used_s = 0.0

    def send(self, method, path, body=None, headers=None, key=None):
        """Any answer. `body` is bytes, or what becomes JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        fields = {"X-API-KEY": self.key if key is None else key, **(headers or {})}
        fields = {name: value for name, value in fields.items() if value}
        if time.monotonic() - self.used_s > KEPT_S:
            self.connection.close()
        self.connection.request(method, path, body, fields)
        reply = self.connection.getresponse()
        answer = Answer(reply.status, dict(reply.getheaders()), reply.read())
        self.used_s = time.monotonic()
        return answer

    def want(self, status, method, path, body=None, **options):
        answer = self.send(method, path, body, **options)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status in wanted, f"{method} {path}: {answer.status} {answer.body!r}"
        return answer

    def get(self, path):
        return self.want(200, "GET", path).json

    def put(self, path, body):
        return self.want((200, 201), "PUT", "/apisix/admin/" + path, body)

    def metric(self, name):
        """The value of one sample, spelled with its labels."""
        text = self.want(200, "GET", "/metrics").body.decode()
        for line in text.splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no {name} in:\n{text}")

    def close(self):
        self.connection.close()


class Clients(threading.local):
    """A Client for each thread that asks."""

    def __init__(self, address):
        super().__init__()
        self.client = Client(address)


def write_secret(path, text):
    path = pathlib.Path(path)
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path


class Place:
    """A folder with keys, a configuration and a state directory, which outlives its gates.

    `in_memory`: where there is a file system in memory, so that no edit waits for a disk.
    """

    def __init__(self, config=None, in_memory=False):
        memory = "/dev/shm" if in_memory and os.access("/dev/shm", os.W_OK) else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jumpgate-e2e-", dir=memory))
        self.key = write_secret(self.folder / "admin.key", KEY + "\n")
        self.viewer = write_secret(self.folder / "viewer.key", VIEWER_KEY + "\n")
        self.state = self.folder / "state"
        self.config = self.folder / "jumpgate.yaml"
        if config is not None:
            self.config.write_text(as_text(config))

    def flags(self, state=True, admin="127.0.0.1:0"):
        flags = ["--admin", admin, "--admin-key-file", self.key,
                 "--admin-viewer-key-file", self.viewer]
        if state:
            flags += ["--state-dir", self.state]
        if self.config.exists():
            flags += ["--config", self.config]
        return flags

    @contextlib.contextmanager
    def gate(self, *flags, state=True, level="info", threads=1, **options):
        """A running gate and a client of its Admin API."""
        with Jumpgate([], *self.flags(state), *flags, level=level, threads=threads,
                      **options) as gate:
            gate.admin = gate.event("admin_listening")["address"]
            client = Client(gate.admin)
            try:
                yield gate, client
            finally:
                client.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.folder, ignore_errors=True)


def as_text(config):
    """JSON is YAML, too."""
    return config if isinstance(config, str) else json.dumps(config, indent=1)


def upstream(*ports, id=None, weights=None, **fields):
    weights = weights or [1] * len(ports)
    nodes = [{"host": "127.0.0.1", "port": port, "weight": weight}
             for port, weight in zip(ports, weights)]
    body = {"type": "chash", "key": "mqtt_client_id", "nodes": nodes, **fields}
    return body if id is None else {"id": id, **body}


def raw_request(address, data, timeout_s=DEADLINE_S):
    """What comes back for these bytes, until the server closes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout_s) as wire:
        try:
            wire.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was read
        got = bytearray()
        try:
            while chunk := wire.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
        return bytes(got)


def states(client):
    """{upstream: {node: its state}} of /v1/upstreams."""
    return {upstream["id"]: {node["node"]: node for node in upstream["nodes"]}
            for upstream in client.get("/v1/upstreams")["upstreams"]}


def check_equal(client, path, expected):
    equal(client.get(path), expected, path)
