"""Which broker does a client reach? A few MQTT 3.1.1 packets over a plain socket.

Each broker holds its own name as a retained message, published to it directly. A probe connects as
a client would, through the proxy, subscribes, and is told the name: routing as seen from outside,
by the same means for every broker. No library: this runs where only Python is installed.
"""
import socket

TOPIC = "demo/broker-name"
TIMEOUT_S = 10
CONNACK, PUBLISH, SUBACK = 0x20, 0x30, 0x90


class ProbeError(Exception):
    """A broker answered something else than it should, or not at all."""


def text(value):
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def packet(first_byte, body):
    assert len(body) < 128  # one byte of remaining length
    return bytes([first_byte, len(body)]) + body


def connect_packet(client_id):
    clean_session, keep_alive_s = 0x02, 60
    return packet(0x10, text("MQTT") + bytes([4, clean_session, 0, keep_alive_s]) + text(client_id))


def read_exactly(sock, count):
    received = b""
    while len(received) < count:
        part = sock.recv(count - len(received))
        if not part:
            raise ProbeError("the connection was closed")
        received += part
    return received


def read_packet(sock):
    first_byte, length = read_exactly(sock, 2)
    if length > 127:
        raise ProbeError(f"a packet longer than any expected: {length}")
    return first_byte, read_exactly(sock, length)


def open_session(port, client_id):
    sock = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
    sock.settimeout(TIMEOUT_S)
    sock.sendall(connect_packet(client_id))
    first_byte, body = read_packet(sock)
    if first_byte != CONNACK or body[1] != 0:
        sock.close()
        raise ProbeError(f"{client_id}: CONNACK expected, got {first_byte:#x} {body.hex()}")
    return sock


def name_broker(port, name):
    """Retains `name` in the broker; a SUBACK behind it proves that it has been read."""
    retain = 0x01
    with open_session(port, f"namer-{name}") as sock:
        sock.sendall(packet(PUBLISH | retain, text(TOPIC) + name.encode()))
        if ask_name(sock) != name:
            raise ProbeError(f"{name}: did not keep its retained message")


def ask_name(sock):
    subscribe, packet_id, qos = 0x82, b"\0\1", b"\0"
    sock.sendall(packet(subscribe, packet_id + text(TOPIC) + qos))
    name = None
    acknowledged = False
    while name is None or not acknowledged:  # in either order (MQTT 3.1.1, 3.8.4)
        first_byte, body = read_packet(sock)
        if first_byte == SUBACK:
            acknowledged = True
        elif first_byte & 0xF0 == PUBLISH:
            name = body[len(text(TOPIC)):].decode()
    return name


def home_of(port, client_id):
    """The name of the broker that a new connection of `client_id` reaches through `port`."""
    with open_session(port, client_id) as sock:
        name = ask_name(sock)
        sock.sendall(b"\xe0\x00")  # DISCONNECT
        return name
