"""A network and an /etc/hosts of one's own, for tests whose ports and names are given.

Law: nothing outside sees the ports, and nothing inside reaches another network: there is only the
loopback, on which each of `names` is 127.0.0.1. Needs unshare(1) and either root or user
namespaces; without them the tests are skipped, and the TAP says why.
"""

import os
import subprocess
import sys
import tempfile

MARK = "E2E_OWN_HOSTS"  # the file that became /etc/hosts
INSIDE = 'ip link set lo up && mount --bind "$0" /etc/hosts && exec "$@"'


def enter(*names):
    """Returns inside; outside, the program is replaced by itself inside."""
    if MARK in os.environ:
        os.unlink(os.environ.pop(MARK))  # the mount keeps what it needs
        return
    unshare = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    probe = subprocess.run(unshare + ["ip", "link", "set", "lo", "up"], capture_output=True,
                           text=True, check=False)
    if probe.returncode != 0:
        print("1..0 # SKIP no network namespace:", probe.stderr.strip())
        sys.exit(0)
    with tempfile.NamedTemporaryFile("w", prefix="jumpgate-e2e-hosts-", delete=False) as file:
        file.write("".join(f"127.0.0.1 {name}\n" for name in ("localhost",) + names))
    os.environ[MARK] = file.name
    os.execvp("unshare", unshare + ["sh", "-c", INSIDE, file.name, sys.executable, *sys.argv])
