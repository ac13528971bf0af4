"""TCP and UDP ports for programs that cannot be told to take any: nobody else gets the same.

Law: a port is this process's own until it ends: another that asks here, at the same time as well,
gets other ones. It lies below those that the kernel hands out, so that nobody has it by chance
while its owner is away for a restart. Does not listen: "nobody is there" is true of it as well.
"""
import fcntl
import os
import random
import socket
import tempfile
import threading

KERNELS_OWN = "/proc/sys/net/ipv4/ip_local_port_range"

_guard = threading.Lock()
_file = None  # descriptor; byte N is locked (fcntl(2), F_SETLK) by the process that has port N
_taken = set()  # by this process, whose own locks never conflict


class NoPort(Exception):
    """All are taken."""


def _limits():
    with open(KERNELS_OWN, encoding="ascii") as limits:
        lowest = int(limits.read().split()[0])
    return (max(1024, lowest - 15_000), lowest - 1) if lowest > 2048 else (20_000, 60_000)


def _reserve(port):
    global _file
    if _file is None:
        name = os.path.join(tempfile.gettempdir(), f"jumpgate-ports-{os.geteuid()}")
        _file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(_file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _listens(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
    return False


def free_port():
    first, last = _limits()
    with _guard:
        for _ in range(200):
            port = random.randint(first, last)
            if port not in _taken and _reserve(port) and not _listens(port):
                _taken.add(port)
                return port
    raise NoPort(f"no free port found between {first} and {last}")
