#!/usr/bin/python3
"""jumpload's clients over TLS, against a real mosquitto and `openssl s_server`.

Usage: jumpload_tls_test.py JUMPLOAD. Prints TAP. Every run is bounded; every wait is for a
condition with a deadline; all is on loopback and free ports.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import beside
import certs
from jumpload_test import (JUMPLOAD, PATIENCE_S, Mosquitto, Run, answers, expect, free_port,
                           wait_until)

CLIENTS = 40


class Pki:
    def __init__(self, folder):
        self.folder = os.path.join(folder, "pki")
        certs.make_pki(self.folder, clients=CLIENTS)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ca(self):
        return ("-S", "-h", "localhost", "--cacertfile", self.path("ca.crt"))

    def identity(self, name):
        return ("--certfile", self.path(name + ".crt"), "--keyfile", self.path(name + ".key"))


def tls_broker(folder, pki, certificate="broker", extra=""):
    # `user root`: it keeps the right to read the keys. Without TCP_NODELAY its CONNACK waits for
    # the client's delayed ACK of the session tickets.
    return Mosquitto(folder, f"cafile {pki.path('ca.crt')}\n"
                             f"certfile {pki.path(certificate + '.crt')}\n"
                             f"keyfile {pki.path(certificate + '.key')}\n"
                             f"set_tcp_nodelay true\nuser root\n{extra}")


class Broker:
    """A mosquitto with TLS for one scenario."""

    def __init__(self, *arguments, **more):
        self.broker = tls_broker(*arguments, **more)

    def __enter__(self):
        return self.broker

    def __exit__(self, *error):
        self.broker.kill()


MUTUAL = "require_certificate true\nuse_identity_as_username true\n"


# ---- Scenarios ----------------------------------------------------------------------------------

def each_client_shows_its_own_certificate(folder, pki, version):
    with Broker(folder, pki, extra=MUTUAL) as broker:
        result, _ = Run(folder, "p2p", broker.port, *pki.ca(), *pki.identity("clients/%i"),
                        "-c", 2 * CLIENTS, "-I", 100, "-q", 1, "-R", 400, "--duration", 1,
                        "--tls-version", version).finish()
        expect(result["clients"], connected=2 * CLIENTS, failed=0, connections_lost=0)
        expect(result["messages"], planned=400, sent=400, received=400, acknowledged=400,
               lost=0, duplicated=0)
        expect(result["tls"], handshakes_full=2 * CLIENTS, handshakes_resumed=0,
               sessions_offered=0, **{"TLSv" + version: 2 * CLIENTS})
        for times in ("tcp_us", "tls_us", "tls_full_us", "connack_us", "connect_us"):
            assert result[times]["count"] == 2 * CLIENTS, (times, result[times])
        assert result["tls_us"]["p50"] < result["connect_us"]["p50"]


def large_messages_pass(folder, pki):
    with Broker(folder, pki) as broker:
        result, _ = Run(folder, "p2p", broker.port, *pki.ca(), "-c", 8, "-I", 50, "-q", 2,
                        "-s", 100000, "--threads", 2, "--duration", 1, "--drain-ms", 10000).finish()
        expect(result["messages"], planned=80, sent=80, received=80, lost=0, acknowledged=80)
        assert result["bytes"]["received"] > 80 * 100000


def the_asked_share_resumes(folder, pki, version, percent):
    with Broker(folder, pki) as broker:
        result, _ = Run(folder, "conn", broker.port, *pki.ca(), "-c", 100, "-R", 50,
                        "--duration", 1, "--tls-version", version,
                        "--tls-resume", percent).finish()
        tls = result["tls"]
        # A connect before the first session is there is in full, and not made up for.
        too_early = min(100, 50 * result["connect_us"]["max"] / 1e6)
        assert 0.8 * percent * (1 - too_early / 100) <= tls["sessions_offered"] <= percent, (
            tls, result["connect_us"], result["connect_seconds"])
        expect(tls, handshakes_resumed=tls["sessions_offered"],
               handshakes_full=100 - tls["sessions_offered"])
        assert result["tls_resumed_us"]["count"] == tls["handshakes_resumed"]


def a_killed_broker_is_a_cut(folder, pki):
    with Broker(folder, pki) as broker:
        run = Run(folder, "p2p", broker.port, *pki.ca(), "-c", 40, "-I", 50, "-q", 1,
                  "--reconnect", "--reconnect-max-ms", 200, "--tls-resume", 100, "--duration", 5)
        run.wait_for("received", 100)
        broker.kill()
        run.wait_for("connections_lost", 1)
        broker.start()
        result, _ = run.finish()
        expect(result["clients"], connected=40, failed=0, connections_lost=40, reconnects=40)
        # The kernel's FIN, or a reset where something was unread: never a close_notify.
        assert set(result["connections_lost"]) <= {"truncated", "reset"}, result
        expect(result["messages"], lost_on_live_connections=0, duplicated=0)


def a_broker_that_is_not_the_right_one_is_named(folder, pki, certificate, cause):
    with Broker(folder, pki, certificate) as broker:
        for version in ("1.2", "1.3"):
            result, err = Run(folder, "conn", broker.port, *pki.ca(), "-c", 3, "-P", "secret",
                              "-u", "me", "--tls-version", version,
                              "--duration", 1).finish(exit_code=1)
            expect(result["setup_failures"], **{cause: 3})
            assert f"{cause}: 3 attempts failed" in err, err


def names_are_verified_and_can_be_given(folder, pki):
    with Broker(folder, pki, "wrong-host") as broker:
        result, _ = Run(folder, "conn", broker.port, *pki.ca(), "-c", 3, "--duration", 1,
                        "--sni", "elsewhere.example.test").finish()
        expect(result["clients"], connected=3)
        result, err = Run(folder, "conn", broker.port, "-S", "--no-verify", "-c", 3,
                          "-P", "secret", "--duration", 1).finish()
        expect(result["clients"], connected=3)
        assert "--no-verify" in err and "passwords" in err and "secret" not in err, err
    with Broker(folder, pki) as broker:  # an IP literal: the certificate has it as a name
        result, _ = Run(folder, "conn", broker.port, "-S", "-h", "127.0.0.1", "-c", 3,
                        "--cacertfile", pki.path("ca.crt"), "--duration", 1).finish()
        expect(result["clients"], connected=3)
        result, _ = Run(folder, "conn", broker.port, "-S", "-h", "localhost", "-c", 3,
                        "--duration", 1).finish(exit_code=1)
        expect(result["setup_failures"], unknown_ca=3)  # by the system's CAs


def a_refused_client_is_counted_by_alert(folder, pki, version, who, alert):
    identity = pki.identity(who) if who else ()
    with Broker(folder, pki, extra=MUTUAL) as broker:
        result, err = Run(folder, "conn", broker.port, *pki.ca(), *identity, "-c", 3,
                          "--tls-version", version, "--duration", 1).finish(exit_code=1)
        expect(result["setup_failures"], tls_alert=3)
        expect(result["tls_alerts"], **{alert: 3})
        assert f"alert {alert}" in err, err


def a_version_is_exactly_that_version(folder, pki, offered, wanted, agreed):
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", offered, "-quiet", "-accept", f"127.0.0.1:{port}",
         "-cert", pki.path("broker.crt"), "-key", pki.path("broker.key")],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), "openssl s_server")
        # It takes the CONNECT and says nothing: the handshake is all there is to see.
        result, _ = Run(folder, "conn", port, *pki.ca(), "-c", 1, "--tls-version", wanted,
                        "--connect-timeout-ms", 700, "--duration", 1).finish(exit_code=1)
    finally:
        server.kill()
        server.wait()
    if agreed:
        expect(result["tls"], handshakes_full=1, **{agreed: 1})
        expect(result["setup_failures"], timeout=1)
    else:
        expect(result["tls"], handshakes_full=0)
        expect(result["tls_alerts"], protocol_version=1)


def a_broker_without_tls_is_recognised(folder, pki):
    plain = Mosquitto(folder)
    try:
        result, err = Run(folder, "conn", plain.port, *pki.ca(), "-c", 3,
                          "--duration", 1).finish(exit_code=1)
        expect(result["setup_failures"], handshake_cut=3)
        assert "does this port speak TLS?" in err, err
    finally:
        plain.kill()


def a_wrong_file_is_one_line_before_the_start(folder, pki):
    garbage = os.path.join(folder, "garbage.pem")
    with open(garbage, "w") as file:
        file.write("no certificate\n")
    client, key = pki.path("client.crt"), pki.path("client.key")
    for arguments, names in (
            (["--cacertfile", "nowhere.pem"], "nowhere.pem"),
            (["--cacertfile", garbage], garbage),
            (["--certfile", client, "--keyfile", pki.path("mismatch.key")], "mismatch.key"),
            (["--certfile", garbage, "--keyfile", key], garbage),
            (["-c", str(CLIENTS + 1), "--certfile", pki.path("clients/%i.crt"),
              "--keyfile", pki.path("clients/%i.key")], f"clients/{CLIENTS}.crt")):
        done = subprocess.run([JUMPLOAD, "conn", "-S", *arguments], capture_output=True, text=True,
                              timeout=PATIENCE_S)
        assert done.returncode == 1 and done.stdout == "", (arguments, done)
        assert done.stderr.count("\n") == 1 and names in done.stderr, (arguments, done.stderr)


REFUSED = (("1.3", None, "certificate_required"), ("1.2", None, "handshake_failure"),
           ("1.3", "expired-client", "certificate_expired"),
           ("1.2", "expired-client", "certificate_expired"),
           ("1.3", "other-client", "unknown_ca"), ("1.2", "other-client", "unknown_ca"))
WRONG = (("expired-server", "expired"), ("other-server", "unknown_ca"),
         ("future-server", "not_yet_valid"), ("wrong-host", "wrong_name"))
OFFERED = (("-tls1_2", "1.2", "TLSv1.2"), ("-tls1_3", "1.3", "TLSv1.3"), ("-tls1_2", "1.3", None),
           ("-tls1_3", "1.2", None))
SCENARIOS = [
    a_killed_broker_is_a_cut,
    *((each_client_shows_its_own_certificate, version) for version in ("1.2", "1.3")),
    large_messages_pass,
    *((the_asked_share_resumes, version, percent)
      for version in ("1.2", "1.3") for percent in (0, 50, 100)),
    *((a_broker_that_is_not_the_right_one_is_named, *wrong) for wrong in WRONG),
    names_are_verified_and_can_be_given,
    *((a_refused_client_is_counted_by_alert, *refused) for refused in REFUSED),
    *((a_version_is_exactly_that_version, *offered) for offered in OFFERED),
    a_broker_without_tls_is_recognised, a_wrong_file_is_one_line_before_the_start,
]


def main():
    with tempfile.TemporaryDirectory() as shared:
        pki = Pki(shared)

        def run(scenario, *arguments):
            with tempfile.TemporaryDirectory() as folder:
                scenario(folder, pki, *arguments)
        return beside.play(SCENARIOS, run)


if __name__ == "__main__":
    sys.exit(main())
