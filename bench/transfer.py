"""Bulk transfer through jumpgate: bytes must arrive unchanged; what they cost in CPU time.

Compares settings in one interleaved run (A B A B ...), since this measures a shared machine: quote
medians and ratios, not absolutes. CPU time is utime + stime of the jumpgate process.
"""
import hashlib
import os
import re
import socket
import statistics
import subprocess
import threading

BLOCK = os.urandom(8 << 20)
CHUNK = 256 << 10
# MQTT 3.1.1, clean session, keep alive 60 s, client id "bulk".
CONNECT = bytes([0x10, 16, 0, 4]) + b"MQTT" + bytes([4, 2, 0, 60, 0, 4]) + b"bulk"


class Jumpgate:
    def __init__(self, program, broker_port, flags):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--broker", f"127.0.0.1:{broker_port}",
             "--threads", "1", *flags], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            ready = re.search(r'ready listen="[^"]*:(\d+)"', line)
            if ready:
                self.port = int(ready.group(1))
                break
        else:
            raise RuntimeError("jumpgate did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def send_all(sock, total, end=True):
    """Sends `total` bytes and, with `end`, the end of the stream; their digest."""
    sent = 0
    digest = hashlib.sha256()
    view = memoryview(BLOCK)
    while sent < total:
        at = sent % len(BLOCK)
        part = view[at:at + min(CHUNK, len(BLOCK) - at, total - sent)]
        sock.sendall(part)
        digest.update(part)
        sent += len(part)
    if end:
        sock.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def receive_all(sock, skip=0, expected=None):
    """Drops `skip` bytes, then reads to the end or `expected` bytes: their digest and count."""
    digest = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    total = 0
    while total != expected:
        count = sock.recv_into(view)
        if count == 0:
            break
        part = view[:count]
        if skip:
            drop = min(skip, count)
            part = part[drop:]
            skip -= drop
        digest.update(part)
        total += len(part)
    return digest.hexdigest(), total


def transfer(program, flags, total, upwards):
    """One transfer; returns CPU seconds of the relay per GB. Raises where a byte differs."""
    listener = socket.create_server(("127.0.0.1", 0))
    gate = Jumpgate(program, listener.getsockname()[1], flags)
    client = socket.create_connection(("127.0.0.1", gate.port))
    client.sendall(CONNECT)
    broker, _ = listener.accept()
    before = gate.cpu_seconds()
    sender, receiver = (client, broker) if upwards else (broker, client)
    expected = []
    thread = threading.Thread(target=lambda: expected.append(send_all(sender, total)))
    thread.start()
    found, count = receive_all(receiver, len(CONNECT) if upwards else 0)
    thread.join()
    cpu = gate.cpu_seconds() - before
    for sock in (client, broker, listener):
        sock.close()
    code = gate.stop()
    if expected != [found] or count != total or code != 0:
        raise RuntimeError(f"transfer failed: {count} of {total} bytes, exit code {code}, {flags}")
    return cpu / (total / 1e9)


def compare(program, settings, total, rounds):
    """settings: name -> flags. Returns per name and direction the CPU seconds per GB."""
    results = {name: {"up": [], "down": []} for name in settings}
    for _ in range(rounds):
        for name, flags in settings.items():
            for direction in ("up", "down"):
                cost = transfer(program, flags, total, direction == "up")
                results[name][direction].append(round(cost, 4))
    return {name: {direction: {"median": statistics.median(costs), "all": costs}
                   for direction, costs in by_direction.items()}
            for name, by_direction in results.items()}


if __name__ == "__main__":
    import json
    import sys
    settings = {"auto": ["--splice", "auto"],
                "copy": ["--splice", "never", "--buffer-bytes", "16384"]}
    costs = compare(sys.argv[1], settings, int(sys.argv[2]) << 20, int(sys.argv[3]))
    print(json.dumps(costs, indent=1))
