"""Active health checks against real mosquitto brokers: killed, stopped, started again, in peace."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import packets
from harness import Jumpgate, behaviour, equal, main, wait_until
from peers import Mosquitto, free_port, receive

# APISIX's words, at the pace of a test.
CONFIG = """
upstreams:
  - id: fleet
    type: chash
    key: mqtt_client_id
    all_down: refuse
    slow_start_s: {slow_start_s}
    nodes: [{nodes}]
    checks:
      active:
        {what}
        timeout: 0.5
        healthy: {{interval: 0.1, successes: 2}}
        unhealthy: {{interval: 0.1, tcp_failures: 2, timeouts: 2, http_failures: 2}}
stream_routes:
  - {{id: all, upstream_id: fleet}}
"""


@contextlib.contextmanager
def proxy(*ports, what="type: mqtt", slow_start_s=0):
    nodes = ", ".join(f"{{host: 127.0.0.1, port: {port}, weight: 1}}" for port in ports)
    text = CONFIG.format(nodes=nodes, what=what, slow_start_s=slow_start_s)
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        file = pathlib.Path(folder, "fleet.yaml")
        file.write_text(text)
        with Jumpgate([], "--config", file) as gate:
            yield gate


def name_of(port):
    return f"127.0.0.1:{port}"


def turned(gate, event, port, begin=0):
    return gate.event(event, lambda line: line["broker"] == name_of(port), begin)


def answer_to(gate, client_id):
    with gate.connect() as client:
        client.sendall(packets.connect(client_id))
        return receive(client, 4)


def homes(gate, count, prefix):
    """The brokers of that many new clients, each of which must be served."""
    begin = len(gate.events("connected"))
    for i in range(count):
        equal(answer_to(gate, f"{prefix}-{i}"), packets.CONNACK_OK[4], f"client {i}")
    return {line["broker"] for line in gate.count("connected", begin + count)[begin:]}


@behaviour("a broker that is killed gets no client until it is back")
def killed():
    with Mosquitto() as a, Mosquitto() as b, proxy(a.port, b.port) as gate:
        equal(homes(gate, 40, "before"), {name_of(a.port), name_of(b.port)})
        a.process.kill()
        a.process.wait()
        down = turned(gate, "broker_down", a.port)
        equal(down["condition"], "down")
        assert "refused" in down["why"], down
        equal(homes(gate, 40, "meanwhile"), {name_of(b.port)})
        equal(gate.events("refused"), [])
        with Mosquitto(port=a.port):
            turned(gate, "broker_up", a.port)
            equal(homes(gate, 40, "after"), {name_of(a.port), name_of(b.port)})


@behaviour("a broker that is stopped times out, is not ready, and comes back when it goes on")
def stopped():
    with Mosquitto() as a, Mosquitto() as b, proxy(a.port, b.port) as gate:
        os.kill(a.process.pid, signal.SIGSTOP)
        try:
            down = turned(gate, "broker_down", a.port)
            equal(down["condition"], "not_ready")
            assert "no answer within 500 ms" in down["why"], down
            equal(homes(gate, 20, "meanwhile"), {name_of(b.port)})
        finally:
            os.kill(a.process.pid, signal.SIGCONT)
        turned(gate, "broker_up", a.port)


@behaviour("mosquitto's log sees clients that come and leave in order, and nothing else")
def quiet():
    with Mosquitto() as broker, proxy(broker.port):
        def left():
            return [line for line in broker.log.all
                    if line and re.search(r"Client jumpgate-check-\w{8} disconnected\.", line)]
        wait_until(lambda: len(left()) >= 20, "20 checks")
        log = [line for line in broker.log.all if line]
    came = {match.group(1) for line in log
            if (match := re.search(r"as (jumpgate-check-[0-9a-f]{8}) \(p2, c1, k10\)", line))}
    assert len(came) >= 20, came
    bad = [line for line in log
           if re.search(r"(?i)error|closed its connection|timeout|malformed|denied", line)]
    equal(bad, [])


@behaviour("a tcp check is enough for a broker that only has to listen")
def tcp():
    with Mosquitto() as broker, proxy(broker.port, what="type: tcp") as gate:
        broker.wait_log("New connection")
        equal(homes(gate, 5, "c"), {name_of(broker.port)})
        equal(gate.events("broker_down"), [])


@behaviour("a broker that is dead at the start is out after its first check")
def dead_at_start():
    gone = free_port()
    with Mosquitto() as broker, proxy(gone, broker.port) as gate:
        equal(turned(gate, "broker_down", gone)["checks"], 1)
        equal(homes(gate, 20, "c"), {name_of(broker.port)})
        equal(gate.events("dial_failed"), [])


@behaviour("with every broker down clients are told so, and the checks go on")
def all_down():
    port = free_port()
    with proxy(port) as gate:
        turned(gate, "broker_down", port)
        equal(answer_to(gate, "early"), b"\x20\x02\x00\x03")
        with Mosquitto(port=port):
            turned(gate, "broker_up", port)
            equal(answer_to(gate, "late"), packets.CONNACK_OK[4])


@behaviour("a recovered broker gets its clients back bit by bit")
def slow_start():
    with Mosquitto() as a, Mosquitto() as b, proxy(a.port, b.port, slow_start_s=2) as gate:
        a.process.kill()
        a.process.wait()
        turned(gate, "broker_down", a.port)
        with Mosquitto(port=a.port):
            equal(turned(gate, "broker_up", a.port)["condition"], "starting")
            wait_until(lambda: name_of(a.port) in homes(gate, 20, "again"), "clients on a")


@behaviour("a broker that wants a password is up, and with the right one the check gets in")
def password():
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        file = pathlib.Path(folder, "passwords")
        subprocess.run(["mosquitto_passwd", "-c", "-b", str(file), "probe", "secret"], check=True)
        file.chmod(0o644)  # mosquitto reads it as its own user
        pathlib.Path(folder).chmod(0o755)
        with Mosquitto("allow_anonymous false", f"password_file {file}") as broker:
            with proxy(broker.port) as gate:
                up = turned(gate, "broker_up", broker.port)
                assert "CONNACK 5" in up["why"] and "checks.active.username" in up["why"], up
            what = "type: mqtt\n        username: probe\n        password: secret"
            with proxy(broker.port, what=what) as gate:
                broker.wait_log("u'probe'")
                equal(gate.events("broker_up") + gate.events("broker_down"), [])


main()
