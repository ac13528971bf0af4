"""Certificates, keys, CAs and ticket keys from files: at start, at SIGHUP, and what never leaks.

A reload is all or nothing: live connections go on, and a file that is wrong changes nothing. The
secrets of the files, and the clients' passwords, are in no line of the log.
"""
import base64
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import threading

import packets
from harness import DEADLINE_S, ENVIRONMENT, PROGRAM, Jumpgate, behaviour, equal, main, wait_until
from peers import Peer, Stub, receive, reset
from tls_peers import (FOLDER, VERSIONS, admit, causes, context, dial, handshake, pki, refusal,
                       settled)


class Files:
    """Copies of the files of a proxy, to be exchanged under it."""

    NAMES = {"cert": "server.crt", "key": "server.key", "ca": "ca.crt", "crl": "empty-crl.pem",
             "tickets": "tickets.key"}

    def __init__(self, name):
        self.folder = pathlib.Path(FOLDER.name, name)
        self.folder.mkdir()
        for role in self.NAMES:
            self.put(role)

    def path(self, role):
        return self.folder / f"the-{role}.pem"

    def put(self, role, source=None):
        """Replaces a file as an administrator does: all at once, with its mode."""
        new = self.folder / "new"
        shutil.copy(pki(source or self.NAMES[role]), new)
        new.replace(self.path(role))

    def flags(self):
        return ["--tls-cert", self.path("cert"), "--tls-key", self.path("key"),
                "--tls-client-auth", "optional", "--tls-client-ca", self.path("ca"),
                "--tls-client-crl", self.path("crl"), "--tls-ticket-keys", self.path("tickets")]

    def gate(self, brokers, *flags, **options):
        # Signals alone: what a file's change does is watched elsewhere (reload_storm_test.py).
        return Jumpgate(brokers, *self.flags(), "--config-watch", "false", *flags, tls=True,
                        stats=True, **options)


def reload(gate, event="reloaded"):
    """SIGHUP, and what the proxy says of it."""
    before = len(gate.lines.all)
    gate.kill(signal.SIGHUP)
    return gate.event(event, begin=before)


def shown(gate, version=None, name="localhost"):
    """The certificate that a new client sees, as DER."""
    trusting = context(version)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with handshake(gate, trusting, name) as tls:
        return tls.getpeercert(binary_form=True)


def der(name):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(pki(name)).read_text())


def pings(client):
    client.sendall(packets.PINGREQ)
    equal(receive(client, 2), packets.PINGRESP, "PINGRESP")


# ---- Reload -------------------------------------------------------------------------------------

@behaviour("SIGHUP: new clients see the new certificate, CA and CRL; who is there goes on")
def new_files():
    files = Files("new")
    with Stub() as broker, files.gate([broker], threads=2) as gate:
        old = [admit(handshake(gate, context(version, name)), f"old-{version}-{name}")
               for version in VERSIONS for name in (None, "client", "revoked-client")]
        unfinished = dial(gate)
        unfinished.sendall(b"\x16\x03\x01")
        equal(shown(gate), der("server.crt"))
        assert "alert" in refusal(gate, context(certificate="other-client"))
        for role, source in (("cert", "server-b.crt"), ("key", "server-b.key"),
                             ("ca", "other-ca.crt"), ("crl", "other-crl.pem")):
            files.put(role, source)
        equal(reload(gate)["routing"], "unchanged")
        for version in VERSIONS:
            equal(shown(gate, version), der("server-b.crt"))
            named = context(version, "other-client")
            admit(handshake(gate, named, "b.example.test"), "of-the-other-ca").close()
            assert "alert" in refusal(gate, context(version, "client"), "b.example.test")
        for client in old:
            pings(client)
        for role in files.NAMES:
            files.put(role)
        files.put("crl", "crl.pem")
        reload(gate)
        equal(shown(gate), der("server.crt"))
        for version in VERSIONS:
            assert "alert" in refusal(gate, context(version, "revoked-client"))
        for client in old:  # also who is revoked now: it was let in under the old list
            pings(client)
            client.close()
        unfinished.close()
        equal(causes(settled(gate)), {"unknown_ca": 3, "revoked": 2})


@behaviour("a handshake that is on its way at a reload ends under the certificate it began with")
def reload_in_a_handshake():
    files = Files("way")
    with Stub() as broker, files.gate([broker]) as gate:
        for version in VERSIONS:
            inbox, outbox = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context(version).wrap_bio(inbox, outbox, server_hostname="localhost")
            with dial(gate) as wire:
                def step(action):
                    while True:
                        try:
                            return action()
                        except ssl.SSLWantReadError:
                            wire.sendall(outbox.read())
                            inbox.write(wire.recv(65536))

                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    wire.sendall(outbox.read())
                inbox.write(wire.recv(65536))
                files.put("cert", "server-b.crt"), files.put("key", "server-b.key")
                reload(gate)
                step(tls.do_handshake)
                tls.write(packets.connect("on-its-way"))
                wire.sendall(outbox.read())
                equal(step(lambda: tls.read(4)), packets.CONNACK_OK[4])
                equal(tls.getpeercert(binary_form=True), der("server.crt"))
                files.put("cert"), files.put("key")
                reload(gate)


# Role, what is put there (a PKI name, or text), a word of the reason.
WRONG = [("cert", None, "No such file"), ("cert", "no certificate\n", "certificate"),
         ("cert", "server-b.crt", "is not the key of"), ("cert", "", "empty"),
         ("key", None, "No such file"), ("key", "mismatch.key", "is not the key of"),
         ("key", "ca.crt", "private key"), ("ca", None, "No such file"),
         ("ca", "client.crt", "no CA"), ("ca", "server.key", "certificate"),
         ("crl", "stale-crl.pem", "out of date"), ("crl", "other-crl.pem", "none of the CAs"),
         ("crl", "ca.crt", "CRL"), ("tickets", None, "No such file"),
         ("tickets", "c2hvcnQ=\n", "line 1"), ("tickets", "not base64 at all!\n", "line 1"),
         ("tickets", "# nothing\n", "key")]


def spoil(files, role, what):
    if what is None:
        files.path(role).unlink()
    elif os.path.exists(pki(what)) and what:
        files.put(role, what)
    else:
        files.path(role).write_text(what)


@behaviour("a reload with a wrong file names it, changes nothing, and the next good one works")
def nothing_changes():
    files = Files("wrong")
    with Stub() as broker, files.gate([broker]) as gate:
        live = admit(handshake(gate, context(certificate="client")), "live")
        for role, what, word in WRONG:
            spoil(files, role, what)
            others = {"cert": ("crl", "crl.pem")}.get(role, ("cert", "server-b.crt"))
            if role != "cert" and role != "key":  # what is good stays out as well
                files.put(*others), files.put("key", "server-b.key")
            before = len(gate.lines.all)
            equal(reload(gate, "reload_failed")["problems"], 1)
            why = gate.event("reload_problem", begin=before)["problem"]
            flag = {"cert": "--tls-cert", "key": "--tls-key", "ca": "--tls-client-ca",
                    "crl": "--tls-client-crl", "tickets": "--tls-ticket-keys"}[role]
            # A pair that does not match is told of with both files.
            assert str(files.path(role)) in why and word in why, f"{role} {what}: {why}"
            assert flag in why, why
            equal(shown(gate), der("server.crt"), f"{role} {what}")
            admit(handshake(gate, context(certificate="client")), "new").close()
            assert "alert" in refusal(gate, context(certificate="other-client"))
            pings(live)
            for each in files.NAMES:
                files.put(each)
        reload(gate)
        pings(live)
        live.close()


@behaviour("50 reloads under load, good and bad: no client is lost, no handshake fails")
def reloads_under_load():
    files = Files("load")
    with Stub() as broker, files.gate([broker], threads=2, level="info") as gate:
        live = [admit(handshake(gate, context(VERSIONS[i % 2])), f"live-{i}") for i in range(20)]
        stop, failures, counts = threading.Event(), [], {"pings": 0, "handshakes": 0}

        def work(action, name):
            try:
                while not stop.is_set():
                    action()
                    counts[name] += 1
            except BaseException as error:
                failures.append(repr(error))

        fresh = context(certificate="client")
        threads = [threading.Thread(target=work, args=job) for job in (
            (lambda: [pings(client) for client in live], "pings"),
            (lambda: admit(handshake(gate, fresh)).close(), "handshakes"))]
        for thread in threads:
            thread.start()
        for number in range(50):
            if number % 5 == 4:
                files.path("key").unlink()
                reload(gate, "reload_failed")
                files.put("key")
            else:
                reload(gate)
            before = dict(counts)
            wait_until(lambda b=before: failures or all(counts[n] > b[n] for n in counts), "work")
        stop.set()
        for thread in threads:
            thread.join()
        equal(failures, [])
        for client in live:
            pings(client)
        stats = settled(gate, lambda stats: stats["relays"] == 20)
        equal((causes(stats), stats["tls_errors"]), ({}, 0))
        for client in live:
            client.close()


@behaviour("SIGHUP to a proxy without TLS harms nobody")
def plain_reload():
    with Stub() as broker, Jumpgate([broker]) as gate, gate.connect() as client:
        client.sendall(packets.connect("c"))
        receive(client, 4)
        gate.kill(signal.SIGHUP)
        gate.event("reloaded")
        pings(client)


# ---- Secrets ------------------------------------------------------------------------------------

@behaviour("a key file that every user may read is warned of, at start and at reload")
def readable_keys():
    files = Files("mode")
    with Stub() as broker:
        for role in ("key", "tickets"):
            files.path(role).chmod(0o644)
            with files.gate([broker]) as gate:
                why = gate.event("tls_warning")["why"]
                assert str(files.path(role)) in why and "0644" in why and "600" in why, why
                files.path(role).chmod(0o640)  # a group is the administrator's choice
                reload(gate)
                equal(len(gate.events("tls_warning")), 1)
                files.path(role).chmod(0o604)
                reload(gate)
                equal(len(gate.events("tls_warning")), 2)
            files.put(role)


def secrets(*files):
    """What must be nowhere: each line of a key file, its bytes in hex, and its middle alone."""
    found = []
    for name in files:
        body = [line for line in pathlib.Path(name).read_text().splitlines() if "---" not in line]
        found += body
        raw = base64.b64decode("".join(body)) if "---" in pathlib.Path(name).read_text() else \
            b"".join(base64.b64decode(line) for line in body)
        found += [raw[i:i + 8].hex() for i in range(30, len(raw) - 8, 8)]
    return [secret for secret in found if len(secret) >= 16]


@behaviour("no line of the log holds a password or a key, private or of tickets, whatever fails")
def secrets_stay_secret():
    files = Files("secrets")
    password = "correct-horse-battery"
    with Peer() as peer, files.gate([peer], "--require-client-id-matches", "cert_cn",
                                    "--connect-size-max", 3000) as gate:
        hello = packets.connect("client", username="u", password=password)
        with handshake(gate, context(certificate="client")) as tls:
            tls.sendall(hello)
            broker = peer.accept()
            equal(receive(broker, len(hello)), hello)
            tls.sendall(packets.publish("t", password.encode()))
            reset(broker)
        for level in (4, 5):  # refused by rule, by size, by form, on the wrong port
            for bad in (packets.connect("x", level, username="u", password=password),
                        packets.connect("x", level, username="u", password=password * 200),
                        packets.connect("x", level, username="u", password=password, flags_or=1),
                        packets.connect(password, level, will=("a/#", password))[:-3]):
                with handshake(gate) as tls:
                    tls.sendall(bad)
                    tls.settimeout(0.2)
                    try:
                        tls.recv(100)
                    except OSError:
                        pass
            with dial(gate) as wire:
                wire.sendall(packets.connect("x", level, username="u", password=password))
                wire.recv(100)
        refusal(gate, context(certificate="expired-client"), hello=hello)
        for role, what, _ in WRONG:
            spoil(files, role, what)
            reload(gate, "reload_failed")
            files.put(role)
        settled(gate)
        text = "\n".join(line for line in gate.lines.all if line)
    keys = [pki(n) for n in ("server.key", "tickets.key", "mismatch.key", "server-b.key")]
    assert len(secrets(*keys)) > 30, "nothing to look for"
    for secret in secrets(*keys) + [password, base64.b64encode(password.encode()).decode(),
                                    password.encode().hex(), "PRIVATE KEY"]:
        assert secret not in text, f"{secret!r} is in the log"
    assert "plain_on_tls" in text and "client_id_mismatch" in text, "the lines are missing"


@behaviour("with keys in memory the process is not dumpable: /proc/PID is root's (proc(5))")
def not_dumpable():
    files = Files("dump")
    nobody = 65534

    def become_nobody():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(nobody)
            os.setuid(nobody)

    if os.getuid() == 0:
        os.chmod(FOLDER.name, 0o755)
        for path in (files.folder, *files.folder.iterdir()):
            os.chown(path, nobody, nobody)
    mine = os.getuid() or nobody

    def owner(gate):
        return os.stat(f"/proc/{gate.pid}/environ").st_uid

    with Stub() as broker:
        with Jumpgate([broker], preexec=become_nobody) as gate:
            equal(owner(gate), mine, "without keys")
        with files.gate([broker], preexec=become_nobody) as gate:
            equal(owner(gate), 0, "with keys")
            admit(handshake(gate)).close()


# ---- Start --------------------------------------------------------------------------------------

def start_error(*flags):
    """A start that must fail: (exit code, its sentence)."""
    command = [PROGRAM, "--tls-listen", "127.0.0.1:0", "--broker", "127.0.0.1:1", "--threads", "1",
               "--log-level", "error", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
                          env=ENVIRONMENT)
    equal((done.stdout, done.stderr.count("\n")), ("", 1), f"output of {flags}\n{done.stderr}")
    return done.returncode, done.stderr


@behaviour("a bad file or list: one sentence with flag and file, and the start exits with 2")
def start_errors():
    files = Files("start")
    flag = {"cert": "--tls-cert", "key": "--tls-key", "ca": "--tls-client-ca",
            "crl": "--tls-client-crl", "tickets": "--tls-ticket-keys"}
    for role, what, word in WRONG:
        spoil(files, role, what)
        code, said = start_error(*files.flags())
        equal(code, 2, said)
        assert said.startswith("jumpgate: ") and flag[role] in said and word in said, said
        assert str(files.path(role)) in said, said
        for secret in secrets(pki("server.key"), pki("tickets.key"), pki("mismatch.key")):
            assert secret not in said, said
        files.put(role)
    folder = pathlib.Path(FOLDER.name)
    for flags, words in (
            (["--tls-cert", folder, "--tls-key", pki("server.key")], ("--tls-cert", "directory")),
            (["--tls-ciphers", "NO-SUCH-CIPHER"], ("--tls-ciphers", "NO-SUCH-CIPHER")),
            (["--tls-ciphers", "ECDHE-ECDSA-AES256-SHA"], ("--tls-ciphers", "AES256-SHA")),
            (["--tls-ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256", "--tls-min-version", "1.3"],
             ("--tls-ciphers", "--tls-min-version 1.3")),
            (["--tls-curves", "P-192"], ("--tls-curves", "P-192"))):
        pair = [] if "--tls-cert" in flags else files.flags()
        code, said = start_error(*pair, *flags)
        equal(code, 2, said)
        for word in words:
            assert word in said, said


@behaviour("flags that do not belong together are refused with 2 before a file is read")
def flag_errors():
    pair = ["--tls-cert", "/no/such.crt", "--tls-key", "/no/such.key"]
    for flags, word in (
            ([], "--tls-cert"), (pair[:2], "--tls-key"), (pair[2:], "--tls-cert"),
            ([*pair, "--tls-client-auth", "required"], "--tls-client-ca"),
            ([*pair, "--tls-client-ca", "/no/ca"], "--tls-client-auth"),
            ([*pair, "--require-client-id-matches", "san"], "--tls-client-auth"),
            ([*pair, "--hash-key", "cert_cn"], "--tls-client-auth"),
            ([*pair, "--tls-min-version", "1.1"], "--tls-min-version")):
        code, said = start_error(*flags)
        equal(code, 2, said)
        assert word in said, said


main()
