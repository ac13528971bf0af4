"""Clients cannot tell the proxy from the broker: each script runs directly and through jumpgate,
on real mosquitto, and both transcripts must be equal."""

import hashlib
import pathlib
import queue
import subprocess
import tempfile

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness import DEADLINE_S, Jumpgate, behaviour, equal, main, start, wait_until
from peers import Mosquitto

VERSIONS = ("mqttv31", "mqttv311", "mqttv5")


def same(script, *settings):
    """Runs script(port, broker) both ways, each on a fresh broker; returns the transcript."""
    with Mosquitto(*settings) as broker:
        direct = script(broker.port, broker)
    with Mosquitto(*settings) as broker, Jumpgate([broker]) as gate:
        proxied = script(gate.port, broker)
    assert direct, "an empty transcript compares nothing"
    equal(proxied, direct, "through jumpgate, compared with directly")
    return direct


def command(program, port, *arguments):
    return [program, "-h", "127.0.0.1", "-p", str(port)] + [str(a) for a in arguments]


def published(port, *arguments):
    done = subprocess.run(command("mosquitto_pub", port, *arguments), capture_output=True,
                          timeout=DEADLINE_S, text=True)
    return done.returncode, done.stdout, done.stderr


def subscriber(port, broker, client_id, *arguments):
    """A mosquitto_sub that has its subscription."""
    child = start(command("mosquitto_sub", port, "-i", client_id, "-W", int(DEADLINE_S),
                          "-F", "%t %q %r %l %p", *arguments),
                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    broker.wait_log(f"Sending SUBACK to {client_id}")
    return child


def ended(child):
    out, errors = child.communicate(timeout=DEADLINE_S)
    return child.returncode, out, errors


def add_versions():
    for version in VERSIONS:
        def publish_and_subscribe(version=version):
            def script(port, broker):
                child = subscriber(port, broker, "sub", "-V", version, "-q", 2, "-t", "t/#",
                                   "-C", 3)
                seen = [published(port, "-V", version, "-i", "pub", "-q", qos, "-t", f"t/{qos}",
                                  "-m", f"message {qos}") for qos in (0, 1, 2)]
                return seen + [ended(child)]
            transcript = same(script)
            equal(transcript[-1][1].count("message"), 3, "messages")
        behaviour(f"mosquitto_pub and mosquitto_sub, {version}, QoS 0, 1 and 2")(
            publish_and_subscribe)

        def retained(version=version):
            def script(port, broker):
                seen = [published(port, "-V", version, "-r", "-q", 1, "-t", "kept", "-m", "old"),
                        published(port, "-V", version, "-r", "-q", 1, "-t", "kept", "-m", "new")]
                child = subscriber(port, broker, "late", "-V", version, "-t", "kept", "-C", 1)
                return seen + [ended(child)]
            equal(same(script)[-1][1], "kept 0 1 3 new\n")
        behaviour(f"a retained message, {version}")(retained)

        def will(version=version):
            def script(port, broker):
                watcher = subscriber(port, broker, "watcher", "-V", version, "-t", "gone/#",
                                     "-C", 1)
                mortal = subscriber(port, broker, "mortal", "-V", version, "-t", "x",
                                    "--will-topic", "gone/mortal", "--will-payload", "dead",
                                    "--will-qos", 0)
                mortal.kill()
                mortal.communicate()
                return [ended(watcher)]
            equal(same(script)[-1][1], "gone/mortal 0 0 4 dead\n")
        behaviour(f"a will, when its client is killed, {version}")(will)


add_versions()


@behaviour("a refused login is the broker's own answer")
def refused_login():
    def script(port, _broker):
        return [published(port, "-V", version, "-i", "stranger", "-t", "t", "-m", "m")
                for version in VERSIONS]
    for code, _, errors in same(script, "allow_anonymous false"):
        assert code != 0 and "not authori" in errors.lower(), (code, errors)


@behaviour("a 5 MB message and one of 0 bytes, QoS 1")
def sizes():
    with tempfile.TemporaryDirectory() as folder:
        large = pathlib.Path(folder, "large")
        large.write_bytes(hashlib.shake_128(b"seed").digest(5 << 20))

        def script(port, broker):
            child = start(command("mosquitto_sub", port, "-i", "sub", "-q", 1, "-t", "big", "-N",
                                  "-C", 2, "-W", int(DEADLINE_S)), stdout=subprocess.PIPE)
            broker.wait_log("Sending SUBACK to sub")
            seen = [published(port, "-q", 1, "-t", "big", "-f", large),
                    published(port, "-q", 1, "-t", "big", "-n")]
            out, _ = child.communicate(timeout=DEADLINE_S)
            equal(len(out), 5 << 20)
            return seen + [child.returncode, hashlib.sha256(out).hexdigest()]
        same(script)


class Paho:
    """A paho client whose callbacks become lines of a transcript."""

    def __init__(self, port, client_id, protocol, clean=True, **connect):
        only_old = {} if protocol == mqtt.MQTTv5 else {"clean_session": clean}
        self.client = mqtt.Client(client_id, protocol=protocol, **only_old)
        self.events = queue.Queue()
        self.client.on_connect = lambda c, u, flags, code, *p: self.events.put(
            ("connected", flags["session present"], int(getattr(code, "value", code))))
        self.client.on_message = lambda c, u, m: self.events.put(
            ("message", m.topic, m.qos, m.retain, bytes(m.payload), properties_of(m)))
        self.client.on_subscribe = lambda c, u, mid, codes, *p: self.events.put(
            ("subscribed", [int(getattr(code, "value", code)) for code in codes]))
        self.client.on_unsubscribe = lambda *a: self.events.put(("unsubscribed",))
        self.client.on_publish = lambda *a: self.events.put(("published",))
        self.client.on_disconnect = lambda c, u, code, *p: self.events.put(("disconnected",))
        self.client.connect("127.0.0.1", port, 30, **connect)
        self.client.loop_start()

    def next(self):
        return self.events.get(timeout=DEADLINE_S)

    def leave(self):
        self.client.disconnect()
        event = self.next()
        self.client.loop_stop()
        return event


def properties_of(message):
    properties = getattr(message, "properties", None)
    return None if properties is None else str(properties)


def paho_session(protocol):
    def script(port, _broker):
        first = {"clean_start": False} if protocol == mqtt.MQTTv5 else {}
        keep = dict(first)
        if protocol == mqtt.MQTTv5:
            keep["properties"] = Properties(PacketTypes.CONNECT)
            keep["properties"].SessionExpiryInterval = 600
        seen = []
        client = Paho(port, "stays", protocol, clean=False, **keep)
        seen.append(client.next())
        client.client.subscribe("t/+", 2)
        seen += [client.next(), client.leave()]

        other = Paho(port, "other", protocol)
        seen.append(other.next())
        for qos in (1, 2):
            extra = {}
            if protocol == mqtt.MQTTv5:
                extra["properties"] = Properties(PacketTypes.PUBLISH)
                extra["properties"].UserProperty = ("key", "value")
                extra["properties"].ResponseTopic = "answers"
                extra["properties"].CorrelationData = b"\x00\x01"
            other.client.publish(f"t/{qos}", f"while away {qos}", qos, **extra)
            seen.append(other.next())
        seen.append(other.leave())

        client = Paho(port, "stays", protocol, clean=False, **keep)
        seen += sorted((client.next() for _ in range(3)), key=repr)
        client.client.unsubscribe("t/+")
        seen += [client.next(), client.leave()]
        return seen
    transcript = same(script)
    assert ("connected", 1, 0) in transcript, transcript  # the session was there
    equal(sum(event[0] == "message" for event in transcript), 2, "queued messages")


@behaviour("paho-mqtt, 3.1.1: a session that stays, queued messages, unsubscribe")
def paho_311():
    paho_session(mqtt.MQTTv311)


@behaviour("paho-mqtt, 5: the same with properties both ways")
def paho_5():
    paho_session(mqtt.MQTTv5)


@behaviour("a second client of the same id takes the session over")
def takeover():
    def script(port, broker):
        child = subscriber(port, broker, "twin", "-V", "mqttv5", "-t", "t")
        begin = len(broker.log.all)
        other = subprocess.Popen(command("mosquitto_sub", port, "-i", "twin", "-V", "mqttv5", "-t",
                                         "t", "-C", 1, "-W", int(DEADLINE_S)),
                                 stdout=subprocess.PIPE)
        broker.log.wait(lambda line: "already connected" in line, "the takeover", begin)
        broker.wait_log("Sending SUBACK to twin", begin)
        child.kill()  # it would take the session back
        child.communicate()
        wait_until(lambda: published(port, "-t", "t", "-m", "for the second")[0] == 0, "a publish")
        out, _ = other.communicate(timeout=DEADLINE_S)
        return [other.returncode, out]
    same(script)


main()
