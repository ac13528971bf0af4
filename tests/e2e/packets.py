"""MQTT packets as bytes: just what the end-to-end tests put on the wire, right or wrong on purpose.

Written from the standards (MQTT 3.1.1 and 5.0), not from our codec: a shared mistake would hide.
"""

import struct

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"
CONNACK_OK = {3: b"\x20\x02\x00\x00", 4: b"\x20\x02\x00\x00", 5: b"\x20\x03\x00\x00\x00"}


def varint(value):
    """Remaining length (3.1.1: 2.2.3)."""
    out = bytearray()
    while True:
        value, low = divmod(value, 128)
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def binary(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">H", len(data)) + data


def packet(first_byte, body):
    return bytes([first_byte]) + varint(len(body)) + body


def connect(client_id="c", level=4, clean=True, username=None, password=None, keep_alive=60,
            will=None, properties=b"", name=None, flags_or=0, level_byte=None):
    """`will` is (topic, payload). `flags_or`, `name` and `level_byte` are for making it wrong."""
    flags = (2 if clean else 0) | flags_or
    payload = binary(client_id)
    if will is not None:
        flags |= 4
        payload += (b"\x00" if level == 5 else b"") + binary(will[0]) + binary(will[1])
    if username is not None:
        flags |= 0x80
        payload += binary(username)
    if password is not None:
        flags |= 0x40
        payload += binary(password)
    if name is None:
        name = "MQIsdp" if level == 3 else "MQTT"
    head = binary(name) + bytes([level if level_byte is None else level_byte, flags])
    head += struct.pack(">H", keep_alive)
    if level == 5:
        head += varint(len(properties)) + properties
    return packet(0x10, head + payload)


def subscribe(topic, packet_id=1, qos=0, level=4):
    properties = b"\x00" if level == 5 else b""
    return packet(0x82, struct.pack(">H", packet_id) + properties + binary(topic) + bytes([qos]))


def publish(topic, payload, level=4):
    return packet(0x30, binary(topic) + (b"\x00" if level == 5 else b"") + payload)


def whole_packet(data):
    """The length of the packet that `data` begins with, or None while it is not all there."""
    length = shift = 0
    for i, byte in enumerate(data[1:5]):
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            total = 2 + i + length
            return total if len(data) >= total else None
    return None


def connect_fields(data):
    """(level, client id) of the CONNECT that `data` begins with."""
    at = 1
    while data[at] & 0x80:
        at += 1
    at += 1
    at += 2 + struct.unpack_from(">H", data, at)[0]
    level = data[at] & 0x7F
    at += 4
    if level == 5:
        at += 1 + data[at]  # tests keep properties below 128 bytes
    length = struct.unpack_from(">H", data, at)[0]
    return level, data[at + 2:at + 2 + length].decode()
