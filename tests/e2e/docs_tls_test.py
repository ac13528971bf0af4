"""docs/tls.md: its commands run as they stand, and its tables know the program's vocabulary.

All `sh` blocks are one script, in order, in a folder of their own; a `text` block behind one is
what it prints ("..." stands for anything). Only the assignments of ports and of the program are
changed.
"""

import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile

import packets
from harness import PROGRAM, Jumpgate, behaviour, equal, main, start
from peers import free_port, receive_all
from pki import context, pki
from tls_brokers import (MUTUAL_LISTEN, UPSTREAM_CA, Recorder, TlsStream, over_tls, server_context,
                         tls_port)

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/tls.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPT_S = 120


def blocks():
    """[shell text, expected output or None] in the order of the document."""
    found = []
    for kind, text in BLOCK.findall(DOCUMENT):
        if kind == "sh":
            found.append([text, None])
        else:
            found[-1][1] = text
    return found


def with_own_values(text):
    values = {"JUMPGATE": os.path.abspath(PROGRAM)}
    for name in ("PORT", "BROKER_PORT", "SECOND_PORT"):
        values[name] = str(free_port())
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^{name}=\S+", f"{name}={value}", text)
        equal(count, 1, f"assignments of {name}")
    return text


def as_pattern(line):
    return ".*".join(re.escape(part) for part in line.split("..."))


@behaviour("the commands run as they stand and print what the document says")
def commands_run():
    parts = blocks()
    assert len(parts) >= 8, len(parts)
    script = "set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"
    for number, (text, _) in enumerate(parts):
        script += f"echo '== {number}'\n{text}"
    script += "echo '== end'\n"
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        errors = pathlib.Path(folder, "errors")
        with errors.open("wb") as out:
            shell = start(["bash", "-c", with_own_values(script)], cwd=folder, stderr=out,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            try:
                printed = shell.communicate(timeout=SCRIPT_S)[0].decode()
            except subprocess.TimeoutExpired:
                shell.terminate()  # its trap ends what it has started
                printed = shell.communicate()[0].decode()
        said = printed + errors.read_text(encoding="utf-8", errors="replace")
        log = pathlib.Path(folder, "tls-example/jumpgate.log")
        said += log.read_text(encoding="utf-8") if log.exists() else ""
    equal(shell.returncode, 0, "exit code of the script\n" + said)
    outputs = dict(re.findall(r"^== (\d+)\n(.*?)(?=^== )", printed, re.MULTILINE | re.DOTALL))
    for number, (text, expected) in enumerate(parts):
        if expected is None:
            continue
        pattern = "\n".join(as_pattern(line) for line in expected.splitlines()) + "\n"
        assert re.fullmatch(pattern, outputs[str(number)]), \
            f"{text}\nprinted:\n{outputs[str(number)]}\nexpected:\n{expected}"


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
