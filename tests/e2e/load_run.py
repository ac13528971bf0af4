"""One run of jumpload from start to end, and the peers it runs against.

Law: each run has a deadline; a peer does what its script says with each connection, on a thread of
its own, and closes it when the script returns.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading

from fleet import JUMPLOAD, PATIENCE_S
from harness import DEADLINE_S, equal

CONNACK = {4: b"\x20\x02\x00\x00", 5: b"\x20\x03\x00\x00\x00"}


class Outcome:
    """What a run left: `result` is its JSON (None where there is none), `text` all that it said."""

    def __init__(self, text, result):
        self.text, self.result = text, result


def play(mode, port, *flags, exit_code=0, before=(), json_path=None):
    """`before`: a command that starts it, such as prlimit. How late it sends is not judged."""
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        path = pathlib.Path(json_path or os.path.join(folder, "result.json"))
        done = subprocess.run(
            [*before, JUMPLOAD, mode, "-p", str(port), "--quiet", "--json", str(path),
             "--lateness-limit-ms", "60000", *map(str, flags)],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        text = done.stdout + done.stderr
        equal(done.returncode, exit_code, text)
        result = json.loads(path.read_text()) if path.is_file() else None
        return Outcome(text, result)


class Script:
    """A broker that plays script(wire, number) with connection 0, 1, ..."""

    def __init__(self, script, receive_bytes=None):
        self.script = script
        self.listener = socket.socket()
        if receive_bytes:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.over = threading.Event()  # set at the end: for scripts that wait
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):  # the listener was closed
            for number in range(1 << 30):
                wire, _ = self.listener.accept()
                threading.Thread(target=self._play, args=(wire, number), daemon=True).start()

    def _play(self, wire, number):
        with wire, contextlib.suppress(OSError):  # the client left in the middle
            wire.settimeout(DEADLINE_S)
            self.script(wire, number)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def reset(wire):
    """Ends the connection with an RST."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def side_by_side(cases, function):
    """function(name, value) of each item at once; raises what one of them raised."""
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        for done in [pool.submit(function, *case) for case in cases.items()]:
            done.result()
