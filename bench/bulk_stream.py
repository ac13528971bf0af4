"""A stream of large MQTT messages that costs its sender and its sink as little as may be.

Law: so that on two cores it is the proxy that is full, and not the generator: messages are made
once and sent again and again, and the sinks drop what arrives inside the kernel (MSG_TRUNC,
tcp(7)), so one core copies each byte once. What is counted has arrived. Contents are not compared
here: transfer.py does that.
"""
import contextlib
import socket
import struct
import threading
import time

PATIENCE_S = 20
CONNACK = b"\x20\x02\x00\x00"
TAKEN_AT_ONCE = 1 << 20


def connect_packet(client_id):
    """MQTT 3.1.1, clean session, keep alive off."""
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(name)) + name
    return bytes([0x10, len(body)]) + body


def publish_packet(size, topic=b"bench/bulk"):
    """QoS 0, with a payload of `size` bytes, 16,384 to 2,000,000."""
    length = 2 + len(topic) + size
    header = bytes([0x30, length & 127 | 128, length >> 7 & 127 | 128, length >> 14])
    return header + struct.pack(">H", len(topic)) + topic + bytes(size)


class Sinks:
    """Brokers that say CONNACK to whatever comes first, and forget all that follows."""

    def __init__(self, count):
        self.received = []  # one number per connection; each is written by its own thread alone
        self.sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        self.ports = [listener.getsockname()[1] for listener in self.sockets]
        for listener in list(self.sockets):
            threading.Thread(target=self.serve, args=(listener,), daemon=True).start()

    def serve(self, listener):
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                broker, _ = listener.accept()
                self.received.append(0)
                threading.Thread(target=self.drop, args=(broker, len(self.received) - 1),
                                 daemon=True).start()

    def drop(self, broker, at):
        nowhere = bytearray(TAKEN_AT_ONCE)
        with broker, contextlib.suppress(OSError):
            if broker.recv(4096):
                broker.sendall(CONNACK)
            while count := broker.recv_into(nowhere, 0, socket.MSG_TRUNC):
                self.received[at] += count

    def bytes(self):
        return sum(self.received)

    def wait_for(self, connections, size):
        """Until so many have brought `size` bytes each."""
        deadline = time.monotonic() + PATIENCE_S
        while sum(count >= size for count in self.received) < connections:
            if time.monotonic() > deadline:
                raise OSError(f"of {connections} streams came {self.received} bytes")
            time.sleep(0.01)

    def close(self):
        for listener in self.sockets:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends accept(2)
            listener.close()


class Senders:
    """Clients that publish the same message for as long as they are let."""

    def __init__(self, port, count, size):
        self.message = publish_packet(size)
        self.clients = [self.joined(port, f"bulk-{number}") for number in range(count)]
        self.threads = [threading.Thread(target=self.send, args=(client,), daemon=True)
                        for client in self.clients]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def joined(port, client_id):
        client = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        client.sendall(connect_packet(client_id))
        if client.recv(4) != CONNACK:
            raise OSError(f"{client_id} got no CONNACK")
        return client

    def send(self, client):
        with contextlib.suppress(OSError):  # closed at the end
            while True:
                client.sendall(self.message)

    def close(self):
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(PATIENCE_S)
        for client in self.clients:
            client.close()
