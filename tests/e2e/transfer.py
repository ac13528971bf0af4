"""Streams of known bytes through a pair of sockets, with sizes and pauses from a seed."""

import hashlib
import random
import select
import socket
import threading

from harness import equal


def all_at_once(jobs):
    """Runs each (function, argument, ...) on a thread of its own; fails if one does."""
    failures = []

    def run(work, *arguments):
        try:
            work(*arguments)
        except BaseException as error:  # shown by the caller: a thread has nobody to tell
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def both_ways(client, broker, size, seed):
    """`size` bytes each way at once, then a half-close each; compares checksums and lengths."""
    sums = {}

    def send(peer, name, rng):
        digest = hashlib.sha256()
        block = rng.randbytes(1 << 20)
        left = size
        while left:
            wanted = min(left, rng.choice((1, 7, 500, 4096, 65536, 300_000, 1 << 20)))
            begin = rng.randrange(len(block))
            piece = block[begin:begin + wanted]
            peer.sendall(piece)
            digest.update(piece)
            left -= len(piece)
            if rng.random() < 0.02:
                select.select([], [], [], rng.random() * 0.01)  # a pause is part of the traffic
        peer.shutdown(socket.SHUT_WR)
        sums["sent " + name] = (size, digest.hexdigest())

    def receive(peer, name, rng):
        digest = hashlib.sha256()
        total = 0
        while data := peer.recv(rng.choice((100, 5000, 1 << 18, 1 << 20))):
            digest.update(data)
            total += len(data)
            if rng.random() < 0.01:
                select.select([], [], [], rng.random() * 0.01)
        sums["received " + name] = (total, digest.hexdigest())

    jobs = [(send, client, "up"), (receive, broker, "up"),
            (send, broker, "down"), (receive, client, "down")]
    all_at_once([(*job, random.Random(seed * 10 + i)) for i, job in enumerate(jobs)])
    client.close()
    broker.close()
    for way in ("up", "down"):
        equal(sums["received " + way], sums["sent " + way], f"seed {seed}, {way}")


def fill(senders):
    """Sends on each socket until none takes more for a while; returns the bytes taken."""
    taken = 0
    block = bytes(1 << 16)
    for sender in senders:
        sender.setblocking(False)
    while True:
        _, ready, _ = select.select([], senders, [], 0.3)
        if not ready:
            return taken
        for sender in ready:
            try:
                taken += sender.send(block)
            except BlockingIOError:
                pass


def ended(peer):
    """Whether a non-blocking socket has seen the end or a reset; drops what comes before."""
    try:
        while data := peer.recv(1 << 20):
            del data
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def readable(peers):
    """Those that have something to read now."""
    return select.select(peers, [], [], 0)[0]


class Senders:
    """Threads that each send one socket its own `size` bytes, for receive_streams to check."""

    def __init__(self, peers, size, seed):
        self.bodies = [random.Random(seed * 1000 + i).randbytes(size) for i in range(len(peers))]
        self.peers = peers
        self.threads = [threading.Thread(target=peer.sendall, args=(body,), daemon=True)
                        for peer, body in zip(peers, self.bodies)]
        for peer in peers:
            peer.settimeout(None)
        for thread in self.threads:
            thread.start()

    def stuck(self):
        """Waits until no socket takes any more; fails where all bytes found a place."""
        def sending():
            return [p for p, thread in zip(self.peers, self.threads) if thread.is_alive()]
        while (left := sending()) and select.select([], left, [], 0.3)[1]:
            pass
        assert left, "the kernel's buffers held everything: send more"


def receive_streams(peers, senders):
    """Reads each socket's bytes, all sockets at once, and compares them."""
    got = {peer: bytearray() for peer in peers}
    size = len(senders.bodies[0])
    while open_peers := [peer for peer in peers if len(got[peer]) < size]:
        ready = select.select(open_peers, [], [], 20)[0]
        assert ready, f"bytes are missing: {[len(data) for data in got.values()]}"
        for peer in ready:
            data = peer.recv(1 << 20)
            assert data, f"ended after {len(got[peer])} of {size} bytes"
            got[peer] += data
    for peer, body, thread in zip(peers, senders.bodies, senders.threads):
        assert got[peer] == body, "bytes differ"
        thread.join()
