"""The seed article's own words, end to end: its files, its curl command, its TLS, on its ports.

Law: what a reader copies from the article is run as it is printed: the files below article/ are the
article's with their line breaks, which the page has lost; of the curl command only the key is
another. Everything runs in a network of its own, where host.docker.internal is 127.0.0.1: ports
9000, 9180, 1883 and 1884 are the article's. Clients are paho and mosquitto's, brokers mosquitto.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile

import mqtt_peer
import packets
from harness import (DEADLINE_S, ENVIRONMENT, PROGRAM, Jumpgate, Lines, behaviour, equal, main,
                     start, wait_until)
from own_network import enter
from peers import Mosquitto, receive, receive_all
from pki import context, pki

ARTICLE = pathlib.Path(__file__).with_name("article")
PORT, BROKER_PORTS = 9000, (1883, 1884)
SNI = "mqtt.navendu.me"
PUBLISHED_KEY = "edd1c9f034335f136f87ad84b625c8f1"
# As the page has them: without line breaks, and without the word "apisix", which it has lost.
PRINTED = {
    "config.yaml": ":  enable_admin: false  stream_proxy:    only: false # allow HTTP as well    "
    "tcp:      - addr: 9000        tls: falsedeployment:  role: data_plane # deploy  in standalone "
    "mode as a data plane  role_data_plane:    config_provider: yamlstream_plugins:  - mqtt-proxy "
    "# enable the mqtt-proxy plugin#END",
    "apisix.yaml": "stream_routes:  - id: 1    upstream_id: 1    plugins:      mqtt-proxy:        "
    "protocol_name: \"MQTT\"        protocol_level: 5 # use MQTT 5.0upstreams:  # configure "
    "multiple brokers  - nodes:      \"host.docker.internal:1883\": 1      "
    "\"host.docker.internal:1884\": 1    type: chash    key: mqtt_client_id    id: 1#END",
    "tls-config.yaml": ":  enable_admin: false  stream_proxy:    only: false # allow HTTP as well  "
    "  tcp:      - addr: 9000        tls: true # enable TLS authenticationdeployment:  role: "
    "data_plane # deploy  in standalone mode as a data plane  role_data_plane:    config_provider: "
    "yamlstream_plugins:  - mqtt-proxy # enable the mqtt-proxy plugin#END"}
CURL = """\
curl http://127.0.0.1:9180//admin/stream_routes/1 -H 'X-API-KEY: \
edd1c9f034335f136f87ad84b625c8f1' -X PUT -d '{    "plugins": {        "mqtt-proxy": {            \
"protocol_name": "MQTT",            "protocol_level": 5        }    },    "upstream": {        \
"type": "chash",        "key": "mqtt_client_id",        "nodes": [        {            \
"host": "host.docker.internal",            "port": 1883,            "weight": 1        },        \
{            "host": "host.docker.internal",            "port": 1884,            \
"weight": 1        }        ]    }}'"""
IDS = [f"{kind}-{i}" for kind in ("flow-meter", "light-sensor") for i in range(16)]


@contextlib.contextmanager
def brokers(*settings):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Mosquitto(*settings, port=port)) for port in BROKER_PORTS]


class AsPrinted:
    """The article's own command, with no flag of ours; its log is text for people."""

    def __init__(self, folder, *arguments):
        self.process = start([os.path.abspath(PROGRAM), *arguments], cwd=folder, env=ENVIRONMENT,
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log = Lines(self.process.stderr)

    def __enter__(self):
        self.log.wait(lambda line: " ready " in line, "ready")
        return self

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        code = self.process.wait(DEADLINE_S)
        if error is None:
            equal(code, 0, "exit code\n" + self.log.text())
        else:
            print("".join(f"# {line}\n" for line in self.log.all[-40:] if line))


def visits(broker, begin=0):
    """[(client id, "p5")] of the clients that a mosquitto tells of."""
    lines = list(broker.log.all)[begin:]
    found = (re.search(r"New client connected from \S+ as (\S+) \((p\d),", x) for x in lines if x)
    return [match.groups() for match in found if match]


def own_message(client_id):
    """A real client's life: it hears what it says."""
    peer = mqtt_peer.listener(PORT, client_id, "5", [(client_id + "/#", 1)])
    equal(peer.code, 0, "CONNACK")
    peer.publish(client_id + "/flow", "17.5 l/min", qos=1)
    equal(peer.next("message")[1].payload, b"17.5 l/min")
    peer.leave()


def homes(pair, ids=IDS):
    """{client id: which of the brokers served it}, after a life of each."""
    begin = [len(broker.log.all) for broker in pair]
    for client_id in ids:
        own_message(client_id)
    # The brokers have written it by now; whether our thread has read it is another question.
    wait_until(lambda: sum(len(visits(broker, at)) for broker, at in zip(pair, begin)) >= len(ids),
               "a line for each client in the brokers' logs")
    found = {}
    for index, broker in enumerate(pair):
        for client_id, version in visits(broker, begin[index]):
            assert client_id not in found, f"{client_id} is at both brokers"
            equal(version, "p5", client_id)
            found[client_id] = index
    equal(sorted(found), sorted(ids), "clients at the brokers")
    return found


def refused_as_old(level):
    with socket.create_connection(("127.0.0.1", PORT), DEADLINE_S) as client:
        client.sendall(packets.connect("old", level))
        # 0x01: "The Server does not support the level of the MQTT protocol" (MQTT-3.1.2-2)
        equal(receive(client, 4), b"\x20\x02\x00\x01", f"CONNACK of level {level}")
        equal(receive_all(client), b"", "and the end")


@behaviour("the files are the article's, letter for letter")
def files():
    for name, printed in PRINTED.items():
        text = (ARTICLE / name).read_text(encoding="utf-8")
        equal(text.replace("\n", "").removeprefix("apisix"), printed, name)


@behaviour("config.yaml and apisix.yaml start a proxy of MQTT 5; a client keeps its broker")
def files_run():
    with brokers() as pair, AsPrinted(ARTICLE, "--config", "config.yaml", "--config",
                                      "apisix.yaml") as gate:
        warnings = [line for line in gate.log.all if "config_warning" in line]
        equal(len(warnings), 1, "warnings: " + gate.log.text())
        assert "config.yaml:4:5: apisix.stream_proxy.only: is obsolete" in warnings[0], warnings
        first = homes(pair)
        equal(set(first.values()), {0, 1}, "both brokers serve")
        equal(homes(pair), first, "the same broker at the next visit")
        for level in (3, 4):
            refused_as_old(level)
        told = gate.log.wait(lambda x: x if " refused " in x else None, "the refusal in the log")
        assert 'reason="unsupported_version"' in told and 'client="old"' in told, told
        equal([x for broker in pair for x in visits(broker) if x[0] == "old"], [], "old clients")
    with brokers() as pair, AsPrinted(ARTICLE, "--config", "config.yaml", "--config",
                                      "apisix.yaml"):
        equal(homes(pair), first, "the same broker through another process")


@behaviour("mosquitto_sub and mosquitto_pub get through with -V 5, and are told why with 3.1.1")
def mosquitto_clients():
    here = ["-h", "127.0.0.1", "-p", str(PORT)]
    with brokers() as pair, AsPrinted(ARTICLE, "--config", "config.yaml", "--config",
                                      "apisix.yaml"):
        found = homes(pair)
        subscriber = IDS[0]
        publisher = next(x for x in IDS[1:] if found[x] == found[subscriber])
        begin = len(pair[found[subscriber]].log.all)
        hearing = start(["mosquitto_sub", *here, "-V", "mqttv5", "-i", subscriber, "-t", "water",
                         "-C", "1", "-W", str(int(DEADLINE_S))], stdout=subprocess.PIPE)
        pair[found[subscriber]].wait_log(f"Sending SUBACK to {subscriber}", begin)
        told = subprocess.run(["mosquitto_pub", *here, "-V", "mqttv5", "-i", publisher, "-t",
                               "water", "-m", "on", "-q", "1"], timeout=DEADLINE_S, check=False)
        equal(told.returncode, 0, "mosquitto_pub")
        equal(hearing.communicate(timeout=DEADLINE_S)[0], b"on\n", "what mosquitto_sub heard")
        old = subprocess.run(["mosquitto_pub", *here, "-V", "mqttv311", "-i", "old", "-t", "water",
                              "-m", "on"], timeout=DEADLINE_S, check=False, capture_output=True)
        assert old.returncode != 0 and b"protocol version" in old.stderr, old


# ---- The curl command ---------------------------------------------------------------------------

def curl(command, key):
    """The article's command with another key -> (status, body)."""
    text = command.replace(PUBLISHED_KEY, key) + " -sS -w '\\n%{http_code}'"
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)
    equal(done.returncode, 0, done.stderr)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def got(key):
    return curl("curl http://127.0.0.1:9180/apisix/admin/stream_routes/1 "
                f"-H 'X-API-KEY: {PUBLISHED_KEY}'", key)


def administered(folder):
    return Jumpgate([], "--admin", "127.0.0.1:9180", "--state-dir", folder, "--listen",
                    f":{PORT}", plain=False)


def own_key(folder):
    path = pathlib.Path(folder, "admin.key")
    equal(path.stat().st_mode & 0o777, 0o600, "mode of the key file")
    return path.read_text().strip()


@contextlib.contextmanager
def state_folder():
    folder = tempfile.mkdtemp(prefix="jumpgate-e2e-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@behaviour("its curl command makes the route: 201, then 200; clients flow; it survives a restart")
def curl_command():
    asked = json.loads(CURL.split(" -d '", 1)[1].removesuffix("'"))
    with brokers() as pair, state_folder() as folder:
        with administered(folder) as gate:
            key = own_key(folder)
            begin = len(gate.lines.all)
            with socket.create_connection(("127.0.0.1", PORT), DEADLINE_S) as client:
                client.sendall(packets.connect("early", 5))
                equal(receive(client, 5), b"\x20\x03\x00\x88\x00", "before there is a route")
            gate.event("refused", lambda x: x["reason"] == "no_route", begin)
            status, made = curl(CURL, key)
            equal(status, 201, str(made))
            equal(made["key"], "/apisix/stream_routes/1")
            value = dict(made["value"])
            equal((value.pop("create_time") > 0, value.pop("update_time") > 0, value.pop("id")),
                  (True, True, "1"))
            equal(value, asked, "the object as it was asked for")
            first = homes(pair)
            equal(set(first.values()), {0, 1}, "both brokers serve")
            refused_as_old(4)
            equal(curl(CURL, key)[0], 200, "a second PUT")
            long_path = CURL.replace("9180//admin", "9180/apisix/admin")
            equal(curl(long_path, key)[0], 200, "a PUT below /apisix")
            status, before = got(key)
            equal((status, before["key"], before["value"]["upstream"]["nodes"]),
                  (200, "/apisix/stream_routes/1", asked["upstream"]["nodes"]))
            equal(homes(pair), first, "homes after a PUT of the same")
        with administered(folder) as gate:
            equal(own_key(folder), key, "the key")
            equal(got(key), (200, before), "the object after a restart")
            equal(homes(pair), first, "homes after a restart")


@behaviour("the key that the article prints opens nothing, and no proxy starts with it")
def published_key():
    with state_folder() as folder:
        with administered(folder) as gate:
            for command in (CURL, CURL.replace("9180//admin", "9180/apisix/admin")):
                equal(curl(command, PUBLISHED_KEY),
                      (401, {"error_msg": "failed to check token", "description": "wrong apikey"}))
            told = gate.event("admin_refused")
            equal((told["reason"], told["peer"], told["path"]),
                  ("wrong_key", "127.0.0.1", "//admin/stream_routes/1"))
            equal(got(own_key(folder))[0], 404, "nothing was made")
        file = pathlib.Path(folder, "key")
        file.write_text(PUBLISHED_KEY + "\n")
        gate = Jumpgate([], "--admin", "127.0.0.1:9180", "--admin-key-file", file, "--listen",
                        f":{PORT}", plain=False, wait=False)
        equal(gate.exit_code(), 2, "exit code")
        said = gate.lines.text()
        assert f"--admin-key-file: {file}: line 1: the key is a key that Apache APISIX shipped" \
            in said and "CVE-2020-13945" in said, said


# ---- TLS all the way ----------------------------------------------------------------------------

def certificate(folder, name):
    """A certificate for that name, by the CA of the test PKI -> (certificate, key)."""
    paths = [os.path.join(folder, f"{name}.{end}") for end in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-CA", pki("ca.crt"), "-CAkey", pki("ca.key"),
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-addext",
                    "basicConstraints=critical,CA:false", "-out", paths[0], "-keyout", paths[1]],
                   capture_output=True, check=True, timeout=DEADLINE_S)
    return paths


def text_of(path):
    return pathlib.Path(path).read_text(encoding="ascii")


def tls_documents(folder):
    """The article's second pair: where its page breaks off, `upstreams`, the text goes on as the
    first one does, over TLS; and the certificates, which APISIX has in `ssls`."""
    begin = (ARTICLE / "apisix.yaml").read_text(encoding="utf-8").removesuffix("#END\n")
    begin = begin.replace("    upstream_id: 1\n", f"    upstream_id: 1\n    sni: {SNI}\n")
    own = certificate(folder, SNI)
    more = {"scheme": "tls", "tls": {"client_cert": text_of(pki("proxy.crt")),
                                     "client_key": text_of(pki("proxy.key")),
                                     "ca": text_of(pki("ca.crt")), "verify": True}}
    fields = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in more.items())
    ssls = [{"id": 1, "cert": text_of(own[0]), "key": text_of(own[1]), "snis": [SNI],
             "client": {"ca": text_of(pki("ca.crt")), "depth": 1}}]
    file = pathlib.Path(folder, "apisix.yaml")
    file.write_text(begin + fields + f"ssls: {json.dumps(ssls)}\n#END\n")
    file.chmod(0o600)
    shutil.copy(ARTICLE / "tls-config.yaml", os.path.join(folder, "config.yaml"))


def tls_refusal(with_context, name):
    """The reason that OpenSSL gives a device."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), DEADLINE_S) as wire:
            with with_context.wrap_socket(wire, server_hostname=name) as tls:
                tls.sendall(packets.connect("stranger", 5))
                raise AssertionError(f"not refused: {tls.recv(100)!r}")
    except ssl.SSLError as error:
        return (error.reason or str(error)).lower().replace("_", " ")


@behaviour("its TLS: devices with a certificate reach brokers that want one, others are refused")
def tls_all_the_way():
    with state_folder() as folder:
        tls_documents(folder)
        broker = certificate(folder, "host.docker.internal")
        secure = ("allow_anonymous true", "user root", f"certfile {broker[0]}",
                  f"keyfile {broker[1]}", f"cafile {pki('ca.crt')}", "require_certificate true")
        mqtt_peer.Peer.host = SNI
        mqtt_peer.Peer.tls_context = context(certificate="client")
        with brokers(*secure) as pair, AsPrinted(folder, "--config", "config.yaml", "--config",
                                                 "apisix.yaml") as gate:
            first = homes(pair)
            equal(set(first.values()), {0, 1}, "both brokers serve")
            equal(homes(pair), first, "the same broker at the next visit")
            equal(tls_refusal(context(), SNI), "tlsv13 alert certificate required")
            equal(tls_refusal(context(certificate="other-client"), SNI),
                  "tlsv1 alert unknown ca")
            for cause in ("no_certificate", "unknown_ca"):
                told = gate.log.wait(
                    lambda x, c=cause: x if f'cause="{c}"' in x else None, f"cause {cause}")
                assert 'reason="handshake_failed"' in told, told
            stranger = context(certificate="client")
            stranger.check_hostname = False
            with socket.create_connection(("127.0.0.1", PORT), DEADLINE_S) as wire:
                with stranger.wrap_socket(wire, server_hostname="other.navendu.me") as tls:
                    tls.sendall(packets.connect("elsewhere", 5))
                    equal(receive(tls, 5), b"\x20\x03\x00\x88\x00", "a name without route")
            gate.log.wait(lambda x: 'reason="no_route"' in x and 'client="elsewhere"' in x,
                          "no_route")
        mqtt_peer.Peer.host, mqtt_peer.Peer.tls_context = "127.0.0.1", None


if __name__ == "__main__":
    enter("host.docker.internal", SNI)
    main()
