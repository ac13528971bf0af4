"""Certificates by `ssls` objects of a file: which one a device gets, and what it must show, hangs
on the name (SNI) that it asks for; towards brokers each upstream is who it says.

Peers: openssl s_client, Python's ssl, mosquitto.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import packets
from admin_peer import Place
from harness import DEADLINE_S, PROGRAM, Jumpgate, behaviour, equal, main, wait_until
from peers import Stub
from tls_brokers import MUTUAL, TlsMosquitto, accepted_by_broker
from tls_peers import FOLDER, TLS12, TLS13, context, handshake, pki, refusal, s_client

FLAGS = ("-tls1_2", "-tls1_3")


def names(name):
    return {"cert": pki(name + ".crt"), "key": pki(name + ".key")}


def inline(name):
    return {field: pathlib.Path(path).read_text() for field, path in names(name).items()}


def ssl_object(number, name, snis, **fields):
    return {"id": str(number), "snis": snis, **names(name), **fields}


def upstream(broker, **fields):
    return {"id": "brokers", "type": "chash", "key": "mqtt_client_id",
            "nodes": {f"127.0.0.1:{broker.port}": 1}, **fields}


def write(name, ssls, upstreams):
    """A configuration file: JSON is YAML, too."""
    path = os.path.join(FOLDER.name, name)
    document = {"stream_routes": [{"id": "all", "upstream_id": upstreams[0]["id"]}],
                "upstreams": upstreams, "ssls": ssls}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(document, file, indent=1)
    return path


def gate_of(path, *flags):
    return Jumpgate([], "--config", path, *flags, tls=True, plain=False)


def shown(name):
    return ["-cert_chain", pki(name + ".crt"), "-cert", pki(name + ".crt"),
            "-key", pki(name + ".key")] if name else []


def outcome(gate, sni, version, identity="", *flags):
    """"in", or the alert that s_client tells of."""
    name = ["-servername", sni] if sni else ["-noservername"]
    hello = packets.connect("c") + packets.DISCONNECT
    said = s_client(gate, hello, version, "-ign_eof", *name, *shown(identity), *flags)
    for line in said.splitlines():
        if " alert " in line:
            return line.split(" alert ", 1)[1].split(":")[0]
    assert "Verify return code: 0 (ok)" in said, said
    return "in"


def fleet():
    return [ssl_object(1, "server", ["open.test"]),
            ssl_object(2, "server-b", ["ours.test"], client={"ca": pki("ca.crt")}),
            ssl_object(3, "server", ["*.theirs.test"], client={"ca": pki("other-ca.crt")}),
            ssl_object(4, "server", ["deep.test"], client={"ca": pki("ca.crt"), "depth": 2}),
            ssl_object(5, "server", ["flat.test"], client={"ca": pki("ca.crt"), "depth": 0}),
            ssl_object(6, "server", ["new.test"], ssl_protocols=["TLSv1.3"]),
            ssl_object(7, "server", ["open.test"], status=0)]


@behaviour("each name asks for certificates of its own CA, over TLS 1.2 and 1.3")
def own_terms():
    rows = [("open.test", "", True), (None, "", True), ("other.test", "", True),
            ("ours.test", "client", True), ("ours.test", "client-chain", True),
            ("ours.test", "deep-client", False), ("ours.test", "other-client", False),
            ("ours.test", "", False), ("a.theirs.test", "other-client", True),
            ("a.b.theirs.test", "other-client", True), ("a.theirs.test", "client", False),
            ("deep.test", "deep-client", True), ("flat.test", "client", True),
            ("flat.test", "client-chain", False)]
    with Stub() as broker, gate_of(write("terms.yaml", fleet(), [upstream(broker)])) as gate:
        # At first: no more than ten refusals a second are logged.
        equal(outcome(gate, "new.test", "-tls1_2"), "protocol version")
        for version in FLAGS:
            for sni, identity, is_in in rows:
                result = outcome(gate, sni, version, identity)
                equal(result == "in", is_in, f"{sni} {identity} {version}: {result}")
        equal(outcome(gate, "new.test", "-tls1_3"), "in")
        causes = {"chain_too_long", "unknown_ca", "no_certificate", "unsupported_version"}
        wait_until(lambda: {line["cause"] for line in gate.events("refused")} == causes,
                   "a line for each cause")


@behaviour("a session of one name opens no other, whatever the client says")
def sessions_stay():
    ticket = os.path.join(FOLDER.name, "ssls.ticket")
    copy = os.path.join(FOLDER.name, "ssls.copy")
    with Stub() as broker, gate_of(write("sessions.yaml", fleet(), [upstream(broker)])) as gate:
        hello = packets.connect("c") + packets.DISCONNECT

        def visit(sni, version, *flags):
            return s_client(gate, hello, version, "-ign_eof", "-servername", sni, *flags)

        for version in FLAGS:
            mine = shown("client")
            assert "New, TLSv1." in visit("open.test", version, "-sess_out", ticket)
            shutil.copy(ticket, copy)
            assert "Reused, TLSv1." in visit("open.test", version, "-sess_in", copy)
            shutil.copy(ticket, copy)
            said = visit("ours.test", version, "-sess_in", copy)
            assert "alert" in said and "Reused" not in said, said
            shutil.copy(ticket, copy)
            assert "New, TLSv1." in visit("ours.test", version, "-sess_in", copy, *mine)
            assert "New, TLSv1." in visit("ours.test", version, "-sess_out", ticket, *mine)
            shutil.copy(ticket, copy)
            assert "Reused, TLSv1." in visit("ours.test", version, "-sess_in", copy)
            shutil.copy(ticket, copy)
            said = visit("a.theirs.test", version, "-sess_in", copy, *mine)
            assert "alert" in said and "Reused" not in said, said


@behaviour("of several certificates a device gets the one that it can check")
def kinds_of_keys():
    both = ssl_object(1, "server", ["x.test"], certs=[inline("server-rsa")["cert"]],
                      keys=[inline("server-rsa")["key"]])
    with Stub() as broker, gate_of(write("kinds.yaml", [both], [upstream(broker)])) as gate:
        rows = [("ECDSA", ["-tls1_2"]), ("ECDSA", ["-tls1_3"]),
                ("ECDSA", ["-tls1_3", "-sigalgs", "RSA-PSS+SHA256:ECDSA+SHA256"]),
                ("ECDSA", ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]),
                ("RSA-PSS", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]),
                ("RSA", ["-tls1_2", "-sigalgs", "RSA+SHA256"]),
                ("RSA-PSS", ["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"])]
        for kind, flags in rows:
            said = s_client(gate, b"", "-servername", "x.test", *flags)
            assert f"Peer signature type: {kind}\n" in said, (kind, flags, said)


@behaviour("towards brokers an upstream has its own CA and shows the certificate of an ssl")
def upstreams():
    proxy = {"id": "me", "type": "client", **inline("proxy")}
    server = ssl_object(1, "server", ["localhost"])
    with TlsMosquitto("allow_anonymous true", *MUTUAL) as broker:
        # TLS 1.3: a broker says behind the handshake that it wants a certificate
        # (RFC 8446 4.4.2.4).
        for tls, event in (({"ca": pki("ca.crt"), "client_cert_id": "me"}, ""),
                           ({"ca": pki("ca.crt")}, "closed"),
                           ({"ca": pki("other-ca.crt"), "client_cert_id": "me"}, "refused")):
            path = write("upstreams.yaml", [server, proxy],
                         [upstream(broker, scheme="tls", tls=tls)])
            with gate_of(path) as gate, handshake(gate, context(TLS13)) as tls_client:
                if not event:
                    accepted_by_broker(tls_client, "device-1", 4)
                    broker.wait_log("u'proxy'")
                    continue
                tls_client.sendall(packets.connect("device-2"))
                line = gate.event(event)
                assert "broker_tls" in (line.get("end", "") + line.get("reason", "")), line


@behaviour("what is wrong with a certificate is said with its file, line, object and field")
def problems():
    with Stub() as broker:
        rows = [({**ssl_object(1, "server", ["x.test"]), "key": pki("mismatch.key")},
                 f"ssls 1: key {pki('mismatch.key')}: is not the key of cert"),
                ({**ssl_object(1, "server", ["x.test"]), "cert": "missing.crt"},
                 "ssls 1: cert missing.crt: No such file or directory"),
                ({**ssl_object(1, "server", ["x.test"]), "client": {"ca": pki("client.crt")}},
                 "ssls 1: client.ca")]
        for wrong, words in rows:
            path = write("wrong.yaml", [wrong], [upstream(broker)])
            done = subprocess.run([PROGRAM, "--tls-listen", "127.0.0.1:0", "--config", path,
                                   "--check"], capture_output=True, text=True, check=False,
                                  timeout=DEADLINE_S)
            equal(done.returncode, 2, done.stderr)
            assert words in done.stderr and f"{path}:" in done.stderr, done.stderr
        twice = [ssl_object(1, "server", ["x.test"]), ssl_object(2, "server-b", ["X.test"])]
        path = write("twice.yaml", twice, [upstream(broker)])
        done = subprocess.run([PROGRAM, "--tls-listen", "127.0.0.1:0", "--config", path,
                               "--check"], capture_output=True, text=True, check=False,
                              timeout=DEADLINE_S)
        equal(done.returncode, 2, done.stderr)
        assert "ssls 2: the name x.test is also one of" in done.stderr, done.stderr


@behaviour("without a certificate the TLS port says so; the API brings one, and takes it away")
def by_api():
    hello = packets.connect("c") + packets.DISCONNECT
    with Stub() as broker, Place() as place:
        with place.gate(tls=True) as (gate, client):
            gate.event("tls_warning", lambda line: "every TLS client is refused" in line["why"])
            client.put("upstreams/u", {"type": "chash", "key": "mqtt_client_id",
                                       "nodes": {f"127.0.0.1:{broker.port}": 1}})
            client.put("stream_routes/all", {"upstream_id": "u"})
            for round_trip in range(2):
                assert "unrecognized name" in refusal(gate)
                line = gate.count("refused", round_trip + 1)[-1]
                equal((line["reason"], line["cause"]), ("handshake_failed", "unknown_server_name"))
                assert "no certificate to show yet" in line["why"], line
                client.put("ssls/1", {"snis": ["localhost"], **inline("server")})
                for version in FLAGS:
                    said = s_client(gate, hello, version, "-servername", "localhost", "-ign_eof")
                    assert "Verify return code: 0 (ok)" in said, said
                client.want(200, "DELETE", "/apisix/admin/ssls/1")
            client.put("ssls/1", {"snis": ["localhost"], **inline("server")})
            client.want(200, "DELETE", "/apisix/admin/ssls/1")
        with place.gate(tls=True) as (gate, client):  # and what was kept starts again
            assert "unrecognized name" in refusal(gate)


@behaviour("files are found beside the file that names them, and a reload takes new ones")
def relative_paths():
    folder = pathlib.Path(FOLDER.name, "beside")
    folder.mkdir()
    for kind in ("crt", "key"):
        shutil.copy(pki(f"server.{kind}"), folder / f"mine.{kind}")
    with Stub() as broker:
        ssls = [{"id": "1", "snis": ["localhost"], "cert": "mine.crt", "key": "mine.key"}]
        path = write("beside/fleet.yaml", ssls, [upstream(broker)])
        with gate_of(path) as gate:
            with handshake(gate, context(TLS12)) as tls:
                equal(dict(x[0] for x in tls.getpeercert()["subject"])["commonName"], "server")
            for kind in ("crt", "key"):
                shutil.copy(pki(f"broker.{kind}"), folder / f"mine.{kind}")
            gate.kill(signal.SIGHUP)
            gate.event("reloaded")
            with handshake(gate, context(TLS12)) as tls:
                equal(dict(x[0] for x in tls.getpeercert()["subject"])["commonName"], "broker")


main()
