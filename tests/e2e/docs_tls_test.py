"""docs/tls.md: its commands run as they stand, and its tables know the program's vocabulary.
"""

import pathlib
import re
import socket
import ssl

import packets
from document_script import run_document
from harness import Jumpgate, behaviour, equal, main
from peers import free_port, receive_all
from pki import context, pki
from tls_brokers import (MUTUAL_LISTEN, UPSTREAM_CA, Recorder, TlsStream, over_tls, server_context,
                         tls_port)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/tls.md").read_text(encoding="utf-8")


@behaviour("the commands run as they stand and print what the document says")
def commands_run():
    ports = {name: free_port() for name in ("PORT", "BROKER_PORT", "SECOND_PORT")}
    run_document(DOCUMENT, ports, "tls-example/jumpgate.log")


def words_of(path, pattern):
    return set(re.findall(pattern, (ROOT / path).read_text(encoding="utf-8")))


def rows(heading):
    """First cells of the first table below that heading."""
    section = DOCUMENT.split(heading, 1)[1].split("\n#", 1)[0]
    cells = re.findall(r"(?m)^\| `([a-z_]+)`", section)
    equal(len(cells), len(set(cells)), f"words twice below {heading}")
    return set(cells)


@behaviour("the table of causes holds each word of tls/failure.cc, and no other")
def causes():
    equal(rows("### Causes"), words_of("tls/failure.cc", r'(?m)^    "([a-z_]+)",$') - {"none"})


@behaviour("each reason of core/proxy/refusal.cc is explained, in one of the two tables")
def reasons():
    program = words_of("core/proxy/refusal.cc", r'return "([a-z_]+)";') - {"unknown"}
    here = rows("## When somebody is refused")
    elsewhere = (ROOT / "docs/life-of-a-connection.md").read_text(encoding="utf-8")
    table = "".join(line for line in elsewhere.splitlines() if line.startswith("| `"))
    there = set(re.findall(r"`([a-z_]+)`", table))
    equal(here - program, set(), "reasons that do not exist")
    equal(program - here - there, set(), "reasons without an explanation")


@behaviour("the answers in the table are those of the program")
def answers():
    text = (ROOT / "core/proxy/refusal.cc").read_text(encoding="utf-8")
    reasons_of = text.split("reason_of(", 1)[1].split("\n}\n", 1)[0]
    codes = {"NotAuthorized": ("0x05", "0x87"), "ClientIdNotValid": ("0x02", "0x85"),
             "ServerUnavailable": ("0x03", "0x88")}
    words = dict(re.findall(r'case Refusal::(\w+):\s+return "([a-z_]+)";', text))
    pairs = {}
    waiting = []
    for name, reason in re.findall(r"case Refusal::(\w+):|return mqtt::ReasonCode::(\w+);",
                                   reasons_of):
        if name:
            waiting.append(words[name])
        else:
            pairs.update((word, reason) for word in waiting)
            waiting = []
    section = DOCUMENT.split("## When somebody is refused", 1)[1].split("### Causes", 1)[0]
    seen = re.findall(r"(?m)^\| `([a-z_]+)` \| CONNACK (0x..); MQTT 5: (0x..)", section)
    equal(len(seen), 4, "rows with a CONNACK")
    for word, three, five in seen:
        equal(codes[pairs[word]], (three, five), word)


def alert_of(words):
    """The alert in OpenSSL's words: "[SSL: TLSV1_ALERT_UNKNOWN_CA] ..." -> "unknown_ca"."""
    return re.search(r"SSL: \w+?_ALERT_(\w+)\]", words)[1].lower()


def alerts_row(cause):
    cell = re.search(rf"(?m)^\| `{cause}` \| ([^|]*) \|", DOCUMENT)[1]
    return re.findall(r"`([a-z_]+)`", cell)


@behaviour("the alerts in the table are those that devices get, TLS 1.3 first and 1.2 second")
def device_alerts():
    for cause, certificate, crl in (
            ("no_certificate", None, "crl"), ("unknown_ca", "other-client", "crl"),
            ("expired", "expired-client", "crl"), ("not_yet_valid", "future-client", "crl"),
            ("revoked", "revoked-client", "crl"), ("crl_missing", "client-chain", "crl"),
            ("bad_certificate", "wrong-usage", "crl")):
        flags = MUTUAL_LISTEN + ("--tls-client-crl", pki(crl + ".pem"))
        with Recorder() as broker, Jumpgate([broker], *flags) as gate:
            for place, version in enumerate((ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)):
                verifying = context(version, certificate)
                wire = socket.create_connection(("127.0.0.1", tls_port(gate)), 20)
                try:
                    with TlsStream(wire, verifying) as stream:
                        stream.recv(1)
                    raise AssertionError(f"{cause} was served")
                except ssl.SSLError as error:
                    told = alert_of(str(error))
                begin = len(gate.lines.all)
                gate.event("refused", lambda x, c=cause: x["cause"] == c, max(0, begin - 4))
                equal(told, (2 * alerts_row(cause))[place], f"{cause} {version.name}")


@behaviour("the alerts in the table are those that brokers get")
def broker_alerts():
    for cause, certificate in (("unknown_ca", "other-server"), ("expired", "expired-server"),
                               ("not_yet_valid", "future-server"), ("wrong_name", "wrong-host")):
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            with Recorder(server_context(certificate, version)) as broker, Jumpgate(
                    [over_tls(broker)], *UPSTREAM_CA) as gate:
                with gate.connect() as client:
                    client.sendall(packets.connect())
                    receive_all(client)
                gate.event("refused", lambda x, c=cause: x["cause"] == c)
                broker.wait_ended(1)
                equal(alert_of(broker.failures[0]), alerts_row(cause)[0], f"{cause} {version}")


if __name__ == "__main__":
    main()
