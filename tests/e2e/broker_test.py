#!/usr/bin/python3
"""The embedded broker against real clients, and beside a real mosquitto.

Every scenario returns a transcript: what a client saw. It is played on `jumpload broker` and on
mosquitto; both transcripts must be equal, and equal to what the standard demands where the
scenario says so. Usage: broker_test.py JUMPLOAD. Prints TAP.
"""
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.subscribeoptions import SubscribeOptions

from mqtt_peer import (DEADLINE_S, VERSIONS, Peer, Process, connect_packet, listener, properties,
                       raw, seen, start_mosquitto)

# ---- Scenarios: port and version in, transcript out ---------------------------------------------

def qos_of_delivery(port, version):
    transcript = []
    publisher = Peer(port, "p", version)
    for granted in range(3):
        peer = listener(port, f"s{granted}", version, [("q/#", granted)])
        for qos in range(3):
            publisher.publish(f"q/{qos}", f"sent with {qos}", qos=qos)
        transcript.append(seen(peer.messages(publisher)))
        peer.leave()
    publisher.leave()
    return transcript


def retained(port, version):
    publisher = Peer(port, "p", version)
    before = listener(port, "before", version, [("r/+", 1)])
    publisher.publish("r/a", "1", qos=1, retain=True)
    publisher.publish("r/a", "2", qos=0, retain=True)
    publisher.publish("r/b", "3", qos=2, retain=True)
    publisher.publish("r/b", "", qos=1, retain=True)
    after = listener(port, "after", version, [("r/#", 2)])
    transcript = [seen(before.messages(publisher)), seen(after.messages(publisher))]
    publisher.publish("r/a", "", qos=1, retain=True)
    for peer in (publisher, before, after):
        peer.leave()
    return transcript


def will(port, version):
    watcher = listener(port, "w", version, [("will/#", 1)])
    flusher = Peer(port, "f", version)
    Peer(port, "gone", version, will=("will/gone", "gone", 1, False)).vanish()
    got = watcher.next("message")[1]
    Peer(port, "polite", version, will=("will/polite", "never", 1, False)).leave()
    transcript = [seen([got]), seen(watcher.messages(flusher))]
    Peer(port, "kept", version, will=("will/kept", "kept", 0, True)).vanish()
    transcript.append(seen([watcher.next("message")[1]]))
    late = listener(port, "late", version, [("will/kept", 1)])
    transcript.append(seen(late.messages(flusher)))
    flusher.publish("will/kept", "", retain=True)
    for peer in (watcher, flusher, late):
        peer.leave()
    return transcript


def wildcards(port, version):
    filters = ["a/b", "a/+", "a/#", "+/b", "#", "+", "/+", "+/+/c", "a//c", "$own/#", "+/x"]
    topics = ["a", "a/b", "a/b/c", "/b", "a//c", "a/", "$own/x", "x/x", "A/b"]
    publisher = Peer(port, "p", version)
    transcript = {}
    for index, name in enumerate(filters):
        peer = listener(port, f"s{index}", version, [(name, 0)])
        for topic in topics:
            publisher.publish(topic, "x", qos=1)
        own = [m for m in peer.messages(publisher) if not m.topic.startswith("flush/")]
        transcript[name] = [m.topic for m in own]
        peer.leave()
    publisher.leave()
    return transcript


def unsubscribe(port, version):
    publisher = Peer(port, "p", version)
    peer = listener(port, "s", version, [("u/a", 1), ("u/+", 1)])
    peer.client.unsubscribe("u/+")
    peer.next("unsuback")
    publisher.publish("u/a", "still", qos=1)
    publisher.publish("u/b", "not", qos=1)
    transcript = seen(peer.messages(publisher))
    peer.leave()
    publisher.leave()
    return transcript


def shared(port, version):
    members = [listener(port, f"m{i}", version, [("$share/g/s/#", 1)]) for i in range(3)]
    publisher = Peer(port, "p", version)
    for i in range(30):
        publisher.publish("s/x", str(i), qos=1)
    got = [[int(m.payload) for m in peer.messages(publisher)] for peer in members]
    for peer in members + [publisher]:
        peer.leave()
    return [sorted(len(one) for one in got), sorted(sum(got, [])) == list(range(30))]


def persistent(port, version):
    peer = listener(port, "keeps", version, [("k/#", 2)], clean=False, expiry_s=600)
    first = peer.flags["session present"]
    peer.leave()
    publisher = Peer(port, "p", version)
    for i in range(9):
        publisher.publish("k/x", str(i), qos=i % 3)
    peer = Peer(port, "keeps", version, clean=False, expiry_s=600)
    second = peer.flags["session present"]
    transcript = [first, second, seen(peer.messages(publisher))]
    peer.leave()
    peer = Peer(port, "keeps", version, clean=True)
    transcript.append(peer.flags["session present"])
    peer.leave()
    peer = Peer(port, "keeps", version, clean=False)
    transcript.append(peer.flags["session present"])
    peer.leave()
    Peer(port, "keeps", version, clean=True).leave()
    publisher.leave()
    return transcript


def takeover(port, version):
    old = Peer(port, "same", version, will=("will/old", "x", 0, False))
    watcher = listener(port, "w", version, [("will/#", 0)])
    young = Peer(port, "same", version)
    old.next("disconnect")
    old.client.loop_stop()
    young.subscribe("t")
    young.publish("t", "alive", qos=1)
    alive = young.next("message")[1].payload.decode()
    wills = seen(watcher.messages(young))
    young.leave()
    watcher.leave()
    return [alive, wills, len([e for e in old.events if e[0] == "disconnect"])]


def five_options(port, version):
    """MQTT 5: no local, retain as published, retain handling, subscription ids, properties."""
    peer = Peer(port, "s", version)
    other = Peer(port, "p", version)
    transcript = []
    peer.subscribe("flush/s", 2)
    peer.subscribe("n", options=SubscribeOptions(qos=1, noLocal=True))
    peer.subscribe("r", options=SubscribeOptions(qos=1, retainAsPublished=True))
    peer.subscribe("i/+", options=SubscribeOptions(qos=1),
                   properties=properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=300))
    peer.publish("n", "mine", qos=1)
    other.publish("n", "theirs", qos=1)
    other.publish("r", "kept", qos=1, retain=True)
    sent = properties(PacketTypes.PUBLISH, ContentType="text", ResponseTopic="back",
                      CorrelationData=b"\0\1", PayloadFormatIndicator=1)
    sent.UserProperty = [("a", "1"), ("a", "2")]
    other.publish("i/1", "with properties", qos=1, properties=sent)
    for m in peer.messages(other):
        p = m.properties
        transcript.append((m.topic, m.payload, bool(m.retain),
                           getattr(p, "SubscriptionIdentifier", None),
                           getattr(p, "ContentType", None), getattr(p, "ResponseTopic", None),
                           getattr(p, "CorrelationData", None), getattr(p, "UserProperty", None)))
    for handling in (1, 2, 0):
        peer.subscribe("r", options=SubscribeOptions(qos=1, retainHandling=handling))
        transcript.append((handling, seen(peer.messages(other))))
    other.publish("r", "", retain=True)
    peer.leave()
    other.leave()
    return transcript


def five_expiry(port, version):
    """MQTT 5: the session and its message outlive the connection, the will waits."""
    peer = listener(port, "e", version, [("e", 1)], expiry_s=600)
    peer.vanish()
    publisher = Peer(port, "p", version)
    publisher.publish("e", "limited", qos=1,
                      properties=properties(PacketTypes.PUBLISH, MessageExpiryInterval=500))
    back = Peer(port, "e", version, clean=False, expiry_s=0)
    message = back.next("message")[1]
    left = message.properties.MessageExpiryInterval
    transcript = [back.flags["session present"], message.payload, 490 <= left <= 500]
    back.leave()
    again = Peer(port, "e", version, clean=False)
    transcript.append(again.flags["session present"])
    again.leave()
    publisher.leave()
    return transcript


def assigned_id(port, version):
    peer = Peer(port, "", version)
    assigned = getattr(peer.properties, "AssignedClientIdentifier", "") if version == "5" else "?"
    code = peer.code
    peer.leave()
    return [code, bool(assigned)]


def refusals(port, version):
    return {
        "level 6": raw(port, connect_packet(level=6))[:4].hex(),
        "empty id that is to be kept": raw(port, connect_packet(b"", flags=0)).hex(),
        "empty id in 3.1": raw(port, connect_packet(b"", b"MQIsdp", 3)).hex(),
        "no CONNECT": raw(port, b"\xc0\x00").hex(),
        "HTTP": raw(port, b"GET / HTTP/1.0\r\n\r\n").hex(),
        "reserved flag": raw(port, connect_packet(flags=3)).hex(),
        "second CONNECT": raw(port, connect_packet() * 2).hex(),
        "wildcard in topic": raw(port, connect_packet() + b"\x30\x04\x00\x01#x").hex(),
        "keep alive": raw(port, connect_packet(keep_alive_s=1)).hex(),
        "ping": raw(port, connect_packet() + b"\xc0\x00\xe0\x00").hex(),
    }


def takeover_reason(port, version):
    """The last packet of the connection that is taken over: its type and its reason."""
    hello = connect_packet(level=5 if version == "5" else 4)
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as old:
        old.sendall(hello)
        connack = old.recv(1)
        connack += old.recv(1)
        for _ in range(connack[1]):
            old.recv(1)
        raw(port, hello + b"\xe0\x00")
        told = b""
        while chunk := old.recv(100):
            told += chunk
    return (told[:1] + told[2:3]).hex()


def redelivery(port, version):
    """QoS 1 and 2 that were not acknowledged come again with DUP; a PUBREC is not forgotten."""
    hello = connect_packet(b"again", flags=0)
    subscribe = b"\x82\x0a\x00\x01" + b"\x00\x01o\x01" + b"\x00\x01t\x02"
    messages = b"\x32\x06\x00\x01o\x00\x01A" + b"\x34\x06\x00\x01t\x00\x02B" + b"\x62\x02\x00\x02"
    first = raw(port, hello + subscribe + messages, until_end=False)
    second = raw(port, hello, until_end=False)
    # The PUBREC for the QoS 2 message, then the connection is lost.
    packet_id = re.search(rb"[\x34\x3c]\x06\x00\x01t(..)B", second, re.S).group(1)
    third = raw(port, hello + b"\x50\x02" + packet_id, until_end=False)
    fourth = raw(port, hello, until_end=False)
    raw(port, connect_packet(b"again") + b"\xe0\x00")

    def publishes(data):
        return sorted((m[0] >> 4, bool(m[0] & 8), m[-1:].decode())
                      for m in re.findall(rb"[\x32\x34\x3a\x3c]\x06\x00\x01[ot]..[AB]", data, re.S))

    return [publishes(first), publishes(second), publishes(third), publishes(fourth),
            b"\x62\x02" + packet_id in fourth]


# ---- Expectations that do not depend on mosquitto ----------------------------------------------

EXPECTED = {
    "shared": lambda v: [[10, 10, 10], True],
    "unsubscribe": lambda v: [("u/a", "still", 1, False)],
    "persistent": lambda v: [0, 0 if v == "3.1" else 1,
                             [("k/x", str(i), i % 3, False) for i in (1, 4, 7, 2, 5, 8)], 0, 0],
    "takeover": lambda v: ["alive", [("will/old", "x", 0, False)], 0],
    "takeover_reason": lambda v: {"3.1.1": "", "5": "e08e"}[v],
    "redelivery": lambda v: [[(3, False, "A"), (3, False, "B")], [(3, True, "A"), (3, True, "B")],
                             [(3, True, "A"), (3, True, "B")], [(3, True, "A")], True],
}

SCENARIOS = [(scenario, version)
             for scenario in (qos_of_delivery, retained, will, wildcards, unsubscribe, shared,
                              persistent, takeover)
             for version in VERSIONS]
SCENARIOS += [(five_options, "5"), (five_expiry, "5"), (assigned_id, "5"), (assigned_id, "3.1.1"),
              (takeover_reason, "3.1.1"), (takeover_reason, "5"),
              (refusals, "3.1.1"), (redelivery, "3.1.1")]

# mosquitto 2.0.11 closes without the DISCONNECT that MQTT 5 (3.1.4) asks for.
OURS_ALONE = {takeover_reason}


# ---- The two brokers ---------------------------------------------------------------------------

def start_jumpload(path, listeners=1):
    process = Process([path, "broker"] + ["--listen", "127.0.0.1:0"] * listeners)
    ports = [int(process.lines.get(timeout=DEADLINE_S).rsplit(":", 1)[1])
             for _ in range(listeners)]
    return process, ports


def play(scenario, *arguments):
    try:
        return scenario(*arguments)
    except Exception as problem:  # a transcript as well: of something that did not come
        return f"{type(problem).__name__}: {problem}"


def command_line_clients(port):
    """mosquitto_sub and mosquitto_pub against the embedded broker."""
    subscriber = Process(["mosquitto_sub", "-p", str(port), "-t", "cli/#", "-q", "2", "-C", "300",
                          "-W", str(DEADLINE_S), "-F", "%p"])
    probe = Peer(port, "probe")
    while True:  # until the subscription stands
        probe.publish("cli/probe", "probe", qos=1)
        try:
            if subscriber.lines.get(timeout=0.1).strip() == "probe":
                break
        except queue.Empty:
            pass
    probe.leave()
    subprocess.run(["mosquitto_pub", "-p", str(port), "-t", "cli/x", "-q", "2", "-l"], check=True,
                   input="".join(f"{i}\n" for i in range(300)), text=True, timeout=DEADLINE_S)
    subscriber.process.wait(DEADLINE_S)
    numbers = [int(line) for line in subscriber.output if line.strip().isdigit()]
    return numbers == list(range(len(numbers))) and len(numbers) >= 290


def names_of_brokers(ports):
    """Each listener is a broker of its own, and says which."""
    found = []
    for port in ports:
        peer = Peer(port, "n", "5")
        peer.subscribe("$SYS/broker/name")
        name = peer.next("message")[1].payload.decode()
        found.append(name == f"127.0.0.1:{port}" and
                     ("broker", name) in peer.properties.UserProperty)
        peer.leave()
    one, two = (listener(port, "x", "3.1.1", [("t", 1)]) for port in ports)
    one.publish("t", "for one", qos=1)
    found.append(seen(two.messages(two)) == [])
    one.leave()
    two.leave()
    return found


def survives_a_stop(process, port):
    """Nobody is thrown out for the time that the broker itself stood still (SIGSTOP)."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as wire:
        wire.sendall(connect_packet(b"patient", keep_alive_s=1))
        wire.recv(4, socket.MSG_WAITALL)
        process.process.send_signal(signal.SIGSTOP)
        wire.settimeout(3)  # it stands still for twice what the keep alive allows
        try:
            wire.recv(1)
            return False
        except socket.timeout:
            wire.settimeout(DEADLINE_S)
        process.process.send_signal(signal.SIGCONT)
        wire.sendall(b"\xc0\x00")
        try:
            return wire.recv(2, socket.MSG_WAITALL) == b"\xd0\x00"
        except ConnectionError:
            return False


def main(jumpload):
    results = []

    def report(ok, name, *details):
        results.append(ok)
        print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
        for detail in details if not ok else ():
            print(f"# {detail}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        theirs, their_port = start_mosquitto(folder)
        ours, ports = start_jumpload(jumpload, 2)
        print(f"1..{len(SCENARIOS) + 5}", flush=True)
        try:
            for scenario, version in SCENARIOS:
                mine = play(scenario, ports[0], version)
                alone = scenario in OURS_ALONE
                real = mine if alone else play(scenario, their_port, version)
                expected = EXPECTED.get(scenario.__name__, lambda v: real)(version)
                report(mine == real == expected, f"{scenario.__name__} {version}",
                       f"jumpload:  {mine}", f"mosquitto: {real}", f"expected:  {expected}")
            report(play(command_line_clients, ports[0]) is True,
                   "mosquitto_pub and mosquitto_sub")
            report(play(names_of_brokers, ports) == [True] * 3,
                   "each listener is a broker of its own")
            report(survives_a_stop(ours, ports[0]), "SIGSTOP costs no client its connection")
        finally:
            code = ours.stop()
            theirs.stop()
    report(code == 0, "SIGTERM ends it with 0", f"{code}", "".join(ours.output))
    wrong = subprocess.run([jumpload, "broker", "--listen", "nowhere"], capture_output=True,
                           text=True, timeout=DEADLINE_S)
    report(wrong.returncode == 2 and "--listen" in wrong.stderr,
           "a wrong address is refused with 2", wrong.stderr)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
