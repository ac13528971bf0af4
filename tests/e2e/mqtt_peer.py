"""Peers for the tests of brokers: a paho client that notes what happens, raw bytes, processes.

Everything waits for a condition with a deadline; nothing sleeps to synchronise.
"""
import os
import queue
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
from ports import free_port

DEADLINE_S = 10
VERSIONS = {"3.1": paho.MQTTv31, "3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


def properties(kind, **values):
    result = Properties(kind)
    for name, value in values.items():
        setattr(result, name, value)
    return result


class Peer:
    """A client that notes what happens to it, and waits for it with a deadline."""

    tls_context = None  # of all that are made from now on; None: plain
    host = "127.0.0.1"  # and the name that they ask for over TLS

    def __init__(self, port, client_id, version="3.1.1", clean=True, expiry_s=None, **connect):
        self.version = VERSIONS[version]
        self.events = []
        self.noted = threading.Condition()
        five = self.version == paho.MQTTv5
        self.client = paho.Client(client_id, clean_session=None if five else clean,
                                  protocol=self.version, reconnect_on_failure=False)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = lambda c, u, m: self.note(("message", m))
        self.client.on_subscribe = lambda c, u, mid, *a: self.note(("suback", a[0]))
        self.client.on_unsubscribe = lambda c, u, mid, *a: self.note(("unsuback",))
        self.client.on_publish = lambda c, u, mid: self.note(("published", mid))
        will = connect.pop("will", None)
        if will:
            self.client.will_set(*will)
        if five:
            connect["clean_start"] = clean
            if expiry_s is not None:
                connect["properties"] = properties(PacketTypes.CONNECT,
                                                   SessionExpiryInterval=expiry_s)
        if self.tls_context is not None:
            self.client.tls_set_context(self.tls_context)
        self.client.connect(self.host, port, keepalive=60, **connect)
        self.client.loop_start()
        kind, self.flags, self.code, self.properties = self.next("connect")

    def _on_connect(self, client, userdata, flags, code, props=None):
        self.note(("connect", flags, int(getattr(code, "value", code)), props))

    def _on_disconnect(self, client, userdata, code, props=None):
        self.note(("disconnect", int(getattr(code, "value", code))))

    def note(self, event):
        with self.noted:
            self.events.append(event)
            self.noted.notify()

    def next(self, kind):
        """Takes the oldest event of this kind."""
        with self.noted:
            if not self.noted.wait_for(lambda: any(e[0] == kind for e in self.events), DEADLINE_S):
                raise TimeoutError(f"no {kind} within {DEADLINE_S} s")
            event = next(e for e in self.events if e[0] == kind)
            self.events.remove(event)
            return event

    def subscribe(self, *args, **kwargs):
        self.client.subscribe(*args, **kwargs)
        codes = self.next("suback")[1]
        return [int(getattr(code, "value", code)) for code in codes]

    def publish(self, *args, **kwargs):
        self.client.publish(*args, **kwargs)
        self.next("published")

    def messages(self, flush):
        """All messages up to the one that `flush` publishes, which is left out; by QoS, because
        paho tells of QoS 2 one round trip later."""
        flush.publish("flush/" + self.client._client_id.decode(), "end", qos=2)
        found = []
        while True:
            message = self.next("message")[1]
            if message.payload.decode() == "end":
                return sorted(found, key=lambda m: m.qos)
            found.append(message)

    def leave(self):
        self.client.disconnect()
        self.next("disconnect")
        self.client.loop_stop()

    def vanish(self):
        """Ends the connection without a DISCONNECT."""
        self.client.socket().shutdown(socket.SHUT_RDWR)
        self.next("disconnect")
        self.client.loop_stop()


def seen(messages):
    return [(m.topic, m.payload.decode(), m.qos, bool(m.retain)) for m in messages]


def listener(port, client_id, version, filters, **kwargs):
    peer = Peer(port, client_id, version, **kwargs)
    peer.subscribe([(f, q) for f, q in filters] + [("flush/" + client_id, 2)])
    return peer


class Process:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        self.output = []
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            self.lines.put(line)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


def start_mosquitto(folder):
    port = free_port()
    config = os.path.join(folder, "mosquitto.conf")
    with open(config, "w", encoding="ascii") as out:
        out.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n")
    process = Process([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", config])
    while "running" not in process.lines.get(timeout=DEADLINE_S):
        pass
    return process, port


# ---- Below paho: bytes -------------------------------------------------------------------------

def raw(port, packets, until_end=True):
    """Sends, and returns what comes back until the broker closes (or, else, for a moment)."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as wire:
        wire.sendall(packets)
        if not until_end:
            wire.settimeout(0.3)
        try:
            while chunk := wire.recv(4096):
                got += chunk
        except ConnectionResetError:
            pass
        except socket.timeout:
            if until_end:
                raise
    return got


def connect_packet(client_id=b"c", name=b"MQTT", level=4, flags=2, keep_alive_s=60):
    body = struct.pack(">H", len(name)) + name + bytes([level, flags])
    body += struct.pack(">H", keep_alive_s) + (b"\0" if level == 5 else b"")
    body += struct.pack(">H", len(client_id)) + client_id
    return bytes([0x10, len(body)]) + body
