"""Session tickets: devices resume at any proxy with the same keys, and nowhere else.

Peers: openssl s_client, which keeps its session in a file, and Python's ssl, which verifies.
"""
import base64
import os
import pathlib
import re
import shutil
import signal

import packets
from harness import behaviour, equal, main
from peers import Stub
from tls_peers import (FOLDER, VERSIONS, admit, asks, context, dial, pair, pki, s_client,
                       settled, tls_gate)

TICKET = os.path.join(FOLDER.name, "ticket")
RENEWED = os.path.join(FOLDER.name, "renewed")
FLAGS = ("-tls1_2", "-tls1_3")
MINE = ["-cert", pki("client.crt"), "-key", pki("client.key")]


def visit(gate, version, *flags, client_id="c"):
    """A whole visit of s_client, which the broker ends: by then it has read its tickets."""
    hello = packets.connect(client_id) + packets.DISCONNECT
    said = s_client(gate, hello, version, "-ign_eof", *flags)
    assert "Verify return code: 0 (ok)" in said, said
    return said


def begin(gate, version, *flags, **fields):
    """A full handshake; the session is in TICKET."""
    said = visit(gate, version, "-sess_out", TICKET, *flags, **fields)
    assert "New, TLSv1." in said, said
    return said


def is_resumed(gate, version, *flags, ticket=TICKET, **fields):
    """Whether the session in `ticket` is taken up; the visit succeeds either way. RENEWED is the
    session behind it: in TLS 1.2 s_client keeps the old one where it resumed."""
    if ticket != RENEWED:
        shutil.copy(ticket, RENEWED)
    said = visit(gate, version, "-sess_in", ticket, "-sess_out", RENEWED, *flags, **fields)
    assert ("New, TLSv1." in said) != ("Reused, TLSv1." in said), said
    return "Reused, TLSv1." in said


def new_key():
    return base64.b64encode(os.urandom(48)).decode()


def key_file(name, *keys):
    path = pathlib.Path(FOLDER.name, name)
    path.touch(0o600)
    path.write_text("".join(key + "\n" for key in keys))
    return str(path)


def ticket_key_name(said):
    """The name of the key that sealed the last ticket s_client tells of: its first 16 bytes."""
    first = re.findall(r"TLS session ticket:\n\s+0000 - ((?:[0-9a-f]{2}[ -]){16})", said)[-1]
    return bytes.fromhex(first.replace("-", " "))


def python_visit(gate, same_context, session=None):
    """-> (whether `session` was taken up, the session of this visit)."""
    with same_context.wrap_socket(dial(gate), server_hostname="localhost", session=session) as tls:
        admit(tls)  # its tickets come before the CONNACK
        return tls.session_reused, tls.session


def reload(gate, event="reloaded"):
    """SIGHUP, and what the proxy says of it."""
    before = len(gate.lines.all)
    gate.kill(signal.SIGHUP)
    return gate.event(event, begin=before)


@behaviour("s_client and Python resume their sessions over TLS 1.2 and 1.3, again and again")
def resumed():
    for flags, mine in (([], []), (asks(), MINE)):
        with Stub() as broker, tls_gate([broker], *flags, threads=2) as gate:
            for version in FLAGS:
                begin(gate, version, *mine)
                for _ in range(8):  # on either worker
                    assert is_resumed(gate, version, *mine), version
                    shutil.copy(RENEWED, TICKET)
            for version in VERSIONS:
                same = context(version, "client" if mine else None)
                _, session = python_visit(gate, same)
                for _ in range(3):
                    reused, session = python_visit(gate, same, session)
                    assert reused, version
            stats = settled(gate)
            equal((stats["handshakes"], stats["handshakes_resumed"]), (26, 22))


@behaviour("who the client is survives: log, routing and rules see the certificate of the session")
def identity_survives():
    rules = ["--hash-key", "cert_cn", "--require-client-id-matches", "cert_cn"]
    for auth in ("optional", "required"):
        with Stub() as a, Stub() as b, tls_gate([a, b], *asks(auth), *rules) as gate:
            for version in FLAGS:
                for name in ("client", "clients/0", "clients/1"):
                    mine = ["-cert", pki(name + ".crt"), "-key", pki(name + ".key")]
                    common_name = name.replace("clients/", "client-")
                    begin(gate, version, *mine, client_id=common_name)
                    assert is_resumed(gate, version, *mine, client_id=common_name)
                    # The ticket speaks, not what s_client would show in a full handshake.
                    assert is_resumed(gate, version, client_id=common_name)
                    assert is_resumed(gate, version, client_id="somebody-else")
            lines = gate.count("connected", 18)
            equal({line["cert_cn"] for line in lines}, {"client", "client-0", "client-1"})
            for line in lines:
                equal(line["cert_cn"], line["client"])
            equal(len(gate.count("refused", 6)), 6)
            for line in gate.events("refused"):
                equal((line["reason"], line["client"]), ("client_id_mismatch", "somebody-else"))
            for broker in (a, b):
                assert "somebody-else" not in broker.client_ids
                assert all(broker.client_ids.count(i) in (0, 6) for i in broker.client_ids)


@behaviour("a fleet with the same --tls-ticket-keys resumes each other's sessions, others do not")
def fleet():
    keys = key_file("fleet.keys", new_key(), new_key())
    copy = key_file("copy.keys", *pathlib.Path(keys).read_text().split())
    other = key_file("other.keys", new_key())
    with Stub() as broker, tls_gate([broker], "--tls-ticket-keys", keys) as first, \
            tls_gate([broker], "--tls-ticket-keys", copy) as second, \
            tls_gate([broker], "--tls-ticket-keys", other) as stranger, \
            tls_gate([broker]) as alone:
        for version in FLAGS:
            begin(first, version)
            assert is_resumed(second, version), version
            assert is_resumed(first, version, ticket=RENEWED), "the other one's ticket"
            assert not is_resumed(stranger, version), "with another key"
            assert not is_resumed(alone, version), "without a key file"
            begin(alone, version)
            assert is_resumed(alone, version)
            assert not is_resumed(first, version)
        reload(alone)  # its own key outlives a reload
        assert is_resumed(alone, FLAGS[1])


@behaviour("rotation by SIGHUP: the old key opens, the new one seals; without the old one, no more")
def rotation():
    old, new = new_key(), new_key()
    keys = key_file("rotated.keys", old)
    with Stub() as broker, tls_gate([broker], "--tls-ticket-keys", keys) as gate:
        for flag, version in zip(FLAGS, VERSIONS):
            key_file("rotated.keys", old)
            reload(gate)
            said = begin(gate, flag)
            equal(ticket_key_name(said), base64.b64decode(old)[:16], "sealed by the old key")
            same = context(version)
            _, session = python_visit(gate, same)
            key_file("rotated.keys", new, old)
            reload(gate)
            said = visit(gate, flag, "-sess_in", TICKET)
            assert "Reused, TLSv1." in said, "the old key opens"
            equal(ticket_key_name(said), base64.b64decode(new)[:16], "sealed by the new key")
            reused, renewed = python_visit(gate, same, session)
            assert reused, "the old key opens"
            key_file("rotated.keys", new)
            reload(gate)
            assert python_visit(gate, same, renewed)[0], "renewed in time"
            assert not python_visit(gate, same, session)[0], "the old key is gone"
            assert not is_resumed(gate, flag), "the old key is gone"


@behaviour("a session is not resumed under another name (SNI), in both versions")
def bound_to_name():
    with Stub() as broker, tls_gate([broker], *pair("server-b"), *pair("server-wildcard")) as gate:
        for version in FLAGS:
            for name, others in (("localhost", ["b.example.test", "a.wild.example.test"]),
                                 ("a.wild.example.test", ["b.wild.example.test", "localhost"])):
                begin(gate, version, "-servername", name)
                assert is_resumed(gate, version, "-servername", name), name
                for other in others:
                    assert not is_resumed(gate, version, "-servername", other), (name, other)
                assert not is_resumed(gate, version, "-noservername"), "no name"


@behaviour("a session is not resumed under another client-CA policy: files or flags, by reload too")
def bound_to_policy():
    keys = ["--tls-ticket-keys", key_file("policy.keys", new_key())]
    ca, crl = (os.path.join(FOLDER.name, name) for name in ("ca.pem", "crl.pem"))
    shutil.copy(pki("ca.crt"), ca)
    shutil.copy(pki("empty-crl.pem"), crl)
    policy = ["--tls-client-auth", "required", "--tls-client-ca", ca, "--tls-client-crl", crl]
    with Stub() as broker, tls_gate([broker], *keys, *policy) as gate, \
            tls_gate([broker], *keys) as asks_nobody, \
            tls_gate([broker], *keys, *asks("optional")) as asks_politely:
        for version in FLAGS:
            begin(gate, version, *MINE)
            assert is_resumed(gate, version, *MINE)
            for other in (asks_nobody, asks_politely):
                assert not is_resumed(other, version, *MINE)
            begin(asks_nobody, version)
            assert not is_resumed(gate, version, *MINE), "a session without an identity"
            for path, source in ((crl, "crl.pem"), (ca, "both.pem")):
                begin(gate, version, *MINE)
                assert is_resumed(gate, version, *MINE)
                before = pathlib.Path(path).read_text()
                after = pathlib.Path(pki("ca.crt")).read_text() + \
                    pathlib.Path(pki("other-ca.crt")).read_text() if source == "both.pem" else \
                    pathlib.Path(pki(source)).read_text()
                pathlib.Path(path).write_text(after)
                reload(gate)
                assert not is_resumed(gate, version, *MINE), f"after a new {path}"
                begin(gate, version, *MINE)
                assert is_resumed(gate, version, *MINE), "under the new policy"
                pathlib.Path(path).write_text(before)
                reload(gate)


@behaviour("who was revoked by a reload does not come back with its ticket")
def revoked():
    crl = os.path.join(FOLDER.name, "grows.pem")
    shutil.copy(pki("empty-crl.pem"), crl)
    mine = ["-cert", pki("revoked-client.crt"), "-key", pki("revoked-client.key")]
    for version in FLAGS:
        shutil.copy(pki("empty-crl.pem"), crl)
        with Stub() as broker, tls_gate([broker], *asks(), "--tls-client-crl", crl) as gate:
            begin(gate, version, *mine)
            assert is_resumed(gate, version, *mine)
            shutil.copy(pki("crl.pem"), crl)
            reload(gate)
            hello = packets.connect("late") + packets.DISCONNECT
            said = s_client(gate, hello, version, "-ign_eof", "-sess_in", RENEWED, *mine)
            assert "alert" in said and "late" not in broker.client_ids, said
            stats = settled(gate)
            equal(stats["handshake_failures"]["revoked"], 1)


@behaviour("a ticket that was tampered with costs a full handshake, no more")
def tampered():
    with Stub() as broker, tls_gate([broker]) as gate:
        for version in FLAGS:
            said = begin(gate, version)
            text = pathlib.Path(TICKET).read_text()
            der = bytearray(base64.b64decode("".join(text.split("\n")[1:-2])))
            at = bytes(der).index(ticket_key_name(said))
            for offset in (0, 15, 16, 40, 100):
                changed = bytearray(der)
                changed[at + offset] ^= 1
                body = base64.encodebytes(bytes(changed)).decode()
                pathlib.Path(TICKET).write_text(
                    f"-----BEGIN SSL SESSION PARAMETERS-----\n{body}"
                    "-----END SSL SESSION PARAMETERS-----\n")
                assert not is_resumed(gate, version), offset
        equal(settled(gate)["handshakes_resumed"], 0)


main()
