"""The proxies that `./dev bench` sets beside each other: how each is configured and started.

Law: all do the same job. They read the CONNECT, hash its client id over the same brokers, and then
move bytes, with the settings that somebody would run in production (no access log, no checks, room
for as many clients as the descriptor limit leaves) and else with their defaults. One thread is one
core: who calls says which. Debian's packages; nothing is tuned for one proxy alone.
"""
import contextlib
import os
import re
import subprocess
import tempfile

import programs
from broker_scenarios import pinned_to
from scenarios import DESCRIPTORS, ScenarioError

JUMPGATE, HAPROXY, HAPROXY_SPLICE, NGINX = "jumpgate", "haproxy", "haproxy splice", "nginx"
# The same two, looking for work instead of sleeping: latency for a core that is never idle.
AWAKE = {JUMPGATE: "jumpgate awake", HAPROXY: "haproxy awake"}
BUSY_POLL_US = 1_000
NGINX_MODULES = "/usr/lib/nginx/modules"

# HAProxy 2.6 takes `balance hash req.payload(0,0),...` and then hashes nothing (round robin); by
# way of a variable the same clients find the same brokers. A CONNECT is waited for until it is
# whole, as its documentation of mqtt_is_valid shows.
HAPROXY_RULES = """  tcp-request inspect-delay 10s
  tcp-request content reject unless { req.payload(0,0),mqtt_is_valid }
  tcp-request content set-var(sess.id) req.payload(0,0),mqtt_field_value(connect,client_identifier)
  balance hash var(sess.id)
  hash-type consistent
"""

# Not `option splice-auto`: HAProxy 2.6.12 then never calls splice(2) for eight streams of 64 KiB
# messages (strace), and costs what it costs without. Told to, it is the harder peer.
HAPROXY_SPLICES = "  option splice-request\n  option splice-response\n"

# njs: reads on until the CONNECT is whole. Its fields: protocol name, level, flags, keep alive, the
# properties of MQTT 5, client id (MQTT-3.1.2, MQTT-3.1.3-1).
NGINX_SCRIPT = """
function number(bytes, at) {  // variable byte integer, MQTT 1.5.5: [value, where it ends], or null
    for (let value = 0, shift = 0; at < bytes.length && shift < 28; shift += 7) {
        const byte = bytes[at++];
        value += (byte & 127) << shift;
        if (byte < 128) return [value, at];
    }
    return null;
}

function route(s) {
    s.on('upstream', function (seen) {  // while it prereads: all that has come so far
        if (seen.length && seen[0] != 0x10) return s.deny();
        const header = number(seen, 1);
        if (!header || seen.length < header[0] + header[1]) return;
        let at = header[1] + 2 + seen.readUInt16BE(header[1]) + 4;
        if (seen[at - 4] == 5) {
            const properties = number(seen, at);
            at = properties[0] + properties[1];
        }
        s.variables.client_id = seen.toString('utf8', at + 2, at + 2 + seen.readUInt16BE(at));
        s.done();
    });
}

export default {route};
"""


def haproxy_config(port, broker_ports, threads, splice=False, awake=False):
    servers = "".join(f"  server broker{number} 127.0.0.1:{broker}\n"
                      for number, broker in enumerate(broker_ports, 1))
    return (f"global\n  nbthread {threads}\n" +  # maxconn: what the descriptor limit leaves
            ("  busy-polling\n" if awake else "") +
            "defaults\n  mode tcp\n" + (HAPROXY_SPLICES if splice else "") +
            "  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
            f"listen mqtt\n  bind 127.0.0.1:{port} backlog 4096\n" + HAPROXY_RULES + servers)


def nginx_config(port, broker_ports, workers, folder):
    servers = " ".join(f"server 127.0.0.1:{broker};" for broker in broker_ports)
    modules = "".join(f"load_module {NGINX_MODULES}/ngx_stream_{name}module.so;\n"
                      for name in ("", "js_"))
    return (f"{modules}daemon off;\npid {folder}/pid;\nerror_log stderr error;\n"
            f"worker_processes {workers};\nworker_rlimit_nofile {DESCRIPTORS};\n"
            f"events {{ worker_connections {DESCRIPTORS}; }}\n"
            "stream {\n  access_log off;\n"
            f"  js_import mqtt from {folder}/mqtt.js;\n  js_var $client_id;\n"
            f"  upstream brokers {{ hash $client_id consistent; {servers} }}\n"
            f"  server {{\n    listen 127.0.0.1:{port} backlog=4096"
            f"{' reuseport' if workers > 1 else ''};\n"  # else one worker takes nearly all
            "    tcp_nodelay on;\n    js_preread mqtt.route;\n    proxy_pass brokers;\n"
            "    proxy_connect_timeout 5s;\n    proxy_timeout 1h;\n  }\n}\n")


def start_jumpgate(broker_ports, threads, _):
    return programs.start_gate(broker_ports, ["--threads", str(threads)], descriptors=DESCRIPTORS)


def start_jumpgate_awake(broker_ports, threads, _):
    return programs.start_gate(
        broker_ports, ["--threads", str(threads), "--busy-poll-us", str(BUSY_POLL_US)],
        descriptors=DESCRIPTORS)


def start_haproxy(broker_ports, threads, folder, **options):
    port, path = programs.free_port(), os.path.join(folder, "haproxy.cfg")
    with open(path, "w") as config:
        config.write(haproxy_config(port, broker_ports, threads, **options))
    return started(HAPROXY, [find(HAPROXY), "-db", "-f", path], port)


def start_haproxy_splice(broker_ports, threads, folder):
    return start_haproxy(broker_ports, threads, folder, splice=True)


def start_haproxy_awake(broker_ports, threads, folder):
    return start_haproxy(broker_ports, threads, folder, awake=True)


def start_nginx(broker_ports, threads, folder):
    port, path = programs.free_port(), os.path.join(folder, "nginx.conf")
    with open(os.path.join(folder, "mqtt.js"), "w") as script:
        script.write(NGINX_SCRIPT)
    with open(path, "w") as config:
        config.write(nginx_config(port, broker_ports, threads, folder))
    return started(NGINX, [find(NGINX), "-p", folder, "-e", "stderr", "-c", path], port)


def started(name, argv, port):
    program = programs.Program(name, argv, descriptors=DESCRIPTORS)
    program.port = port
    programs.wait_for_port(program)
    return program


PROXIES = {JUMPGATE: start_jumpgate, HAPROXY: start_haproxy, HAPROXY_SPLICE: start_haproxy_splice,
           NGINX: start_nginx, AWAKE[JUMPGATE]: start_jumpgate_awake,
           AWAKE[HAPROXY]: start_haproxy_awake}
PLAIN = (JUMPGATE, HAPROXY, NGINX)  # where there is nothing to splice, the fourth is the second


def find(name):
    path = programs.find(name)
    if path is None:
        raise ScenarioError(f"{name} is not installed: ./dev setup does that")
    return path


@contextlib.contextmanager
def proxy(name, broker_ports, threads=1, core=None):
    """A fresh process (nginx: two) on `core`, or on all of them; it must end as it should."""
    with tempfile.TemporaryDirectory(prefix="jumpgate-bench-") as folder:
        with pinned_to(core) if core is not None else contextlib.nullcontext():
            program = PROXIES[name](broker_ports, threads, folder)
        try:
            yield program
        finally:
            code = program.stop()
    if name in (JUMPGATE, AWAKE[JUMPGATE]) and code != 0:
        raise ScenarioError(f"jumpgate ended with exit code {code}, {program.tail()}")


def versions():
    """{program: what it says of its version}"""
    said = {}
    for name, flag in ((programs.JUMPGATE, "--version"), (HAPROXY, "-v"), (NGINX, "-v")):
        path = programs.find(name)
        if path:
            done = subprocess.run([path, flag], capture_output=True, text=True, timeout=10)
            found = re.search(r"\d+\.\d+[\w.+~-]*", done.stdout + done.stderr)
            said[os.path.basename(name)] = found.group() if found else "unknown"
    return said
