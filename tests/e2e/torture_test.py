"""Many seeded conversations at once: random sizes, pauses, slow readers, half-closes and resets.

Oracles: what an orderly conversation sends arrives unchanged both ways; a reset ends the other
side; no relay is left over; nothing spins (io_uring_enter calls stay in proportion).
"""
import asyncio
import hashlib
import random
import socket
import struct

from harness import Jumpgate, behaviour, equal, main
import packets

CONVERSATIONS = 240
AT_ONCE = 40
LONGEST_S = 60


async def rest(seconds):
    """A pause in the traffic itself; nobody waits for anything by it."""
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=seconds)


class Conversation:
    """Both ends of one connection and what each said; `ended` is set by the broker's end."""

    def __init__(self, number, seed):
        self.random = random.Random(seed * 1_000_003 + number)
        self.client_id = f"torture{number}"
        self.ending = self.random.choice(["orderly", "orderly", "orderly", "client", "broker"])
        self.sizes = [self.random.choice([0, 1, 500, 5_000, 60_000, 400_000, 2_000_000])
                      for _ in range(2)]
        self.sent = [hashlib.sha256(), hashlib.sha256()]
        self.received = [None, None]
        self.ended = asyncio.Event()

    async def say(self, writer, side):
        left = self.sizes[side]
        while left:
            piece = self.random.randbytes(min(left, self.random.choice([1, 100, 5_000, 70_000])))
            self.sent[side].update(piece)
            writer.write(piece)
            await writer.drain()
            left -= len(piece)
            if self.random.random() < 0.05:
                await rest(self.random.random() * 0.02)
        writer.write_eof()

    async def hear(self, reader, side):
        heard = hashlib.sha256()
        slow = self.random.random() < 0.3
        while True:
            piece = await reader.read(self.random.choice([64, 4_096, 200_000]))
            if not piece:
                self.received[side] = heard.hexdigest()
                return
            heard.update(piece)
            if slow:
                await rest(self.random.random() * 0.005)

    async def play(self, reader, writer, side):
        """side 0: the client, 1: the broker. A side that is to reset does so in mid-speech."""
        parts = [asyncio.ensure_future(part)
                 for part in (self.say(writer, side), self.hear(reader, side))]
        if self.ending == ("client", "broker")[side]:
            await asyncio.wait(parts, timeout=self.random.random() * 0.1)
            for part in parts:
                part.cancel()
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        await asyncio.gather(*parts, return_exceptions=True)
        writer.close()

    def check(self):
        if self.ending == "orderly":
            equal(self.received, [self.sent[1].hexdigest(), self.sent[0].hexdigest()],
                  f"{self.client_id} {self.sizes}")


async def converse(talks, gate_port, server_ready):
    by_id = {talk.client_id: talk for talk in talks}
    places = asyncio.Semaphore(AT_ONCE)

    async def serve(reader, writer):
        talk = None
        try:
            head = await reader.readexactly(2)
            body = await reader.readexactly(head[1])
            talk = by_id[body[12:].decode()]
            await talk.play(reader, writer, 1)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            if talk is not None:
                talk.ended.set()

    async def call(talk):
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", gate_port())
            writer.write(packets.connect(talk.client_id))
            await talk.play(reader, writer, 0)
            if talk.ending != "client":  # a client that resets may never have reached the broker
                await talk.ended.wait()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    server_ready(server.sockets[0].getsockname()[1])
    await asyncio.wait_for(asyncio.gather(*(call(talk) for talk in talks)), LONGEST_S)
    server.close()


def torture(seed, *flags):
    talks = [Conversation(number, seed) for number in range(CONVERSATIONS)]
    gates = []
    asyncio.run(converse(
        talks, lambda: gates[0].port,
        lambda port: gates.append(Jumpgate([port], *flags, stats=True, level="info", threads=2))))
    with gates[0] as gate:
        stats = gate.stats(lambda s: s["relays"] == 0 and s["setups"] == 0)
        for talk in talks:
            talk.check()
        equal(stats["half_close_timeouts"], 0)
        assert stats["enters"] < CONVERSATIONS * 1_000, f"it spins: {stats['enters']} enters"


FEW = ("--buffers", 64, "--socket-send-bytes", 8192)
for name, flags in (("by default", ()),
                    ("copying, few buffers, small sockets",
                     ("--splice", "never", "--socket-receive-bytes", 8192, *FEW)),
                    ("eager to splice, two pipes, few buffers",
                     ("--splice-min-bytes", 4096, "--pipes-max", 2, *FEW)),
                    ("always splicing", ("--splice", "always", "--pipes-max", 100))):
    behaviour(f"{CONVERSATIONS} conversations survive, {name}")(
        lambda flags=flags: torture(7, *flags))

main()
