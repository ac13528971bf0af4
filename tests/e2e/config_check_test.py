"""--check, --print-config, --json-schema, and which of flag, environment, file and default wins.

Law: the real program is run as a user runs it; every line that it prints for a bad file is
compared, so that a message which loses its place or its advice fails here.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile

from harness import DEADLINE_S, PROGRAM, behaviour, equal, main

ARTICLE = {file.name: file.read_text(encoding="utf-8")
           for file in pathlib.Path(__file__).with_name("article").iterdir()}
OBSOLETE = ("config.yaml:4:5: apisix.stream_proxy.only: is obsolete and has no meaning here: "
            "jumpgate always serves streams")


@contextlib.contextmanager
def folder(files):
    with tempfile.TemporaryDirectory() as path:
        for name, text in files.items():
            pathlib.Path(path, name).write_text(text, encoding="utf-8")
        yield path


def run(path, *arguments, **variables):
    """-> (exit code, stdout, stderr) in that folder, in an environment of `variables` alone."""
    done = subprocess.run([os.path.abspath(PROGRAM), *arguments], cwd=path, env=variables,
                          capture_output=True, text=True, timeout=DEADLINE_S, check=False,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def settings(text):
    """name -> (value, origin) of what --print-config prints; a list is joined by blanks."""
    found = {}
    name = None
    for line in text.splitlines():
        if line.startswith("    - "):
            value, origin = found[name]
            found[name] = ((value + " " + json.loads(line[6:])).strip(), origin)
        elif line.startswith("  ") and not line.startswith(("  #", "  - ")):
            (name, value), origin = line.strip().split(":", 1), ""
            value, _, origin = value.partition("  # ")
            value = value.strip()
            found[name] = (json.loads(value) if value.startswith('"') else value, origin)
    return found


@behaviour("the article's two files are valid as they stand, and listen on 9000")
def article():
    with folder(ARTICLE) as path:
        files = ("--config", "config.yaml", "--config", "apisix.yaml")
        code, out, err = run(path, *files, "--check")
        equal(code, 0, err)
        equal(out, f"warning: {OBSOLETE}\n"
                   "configuration is valid: 1 stream route, 1 upstream, 0 ssls\n", "stdout")
        code, out, err = run(path, *files, "--print-config")
        equal(code, 0, err)
        equal(settings(out)["listen"], ("9000", "file config.yaml:6:15"), "listen")
        assert '"host.docker.internal:1884":1' in out, out


BAD = """\
jumpgate:
  threads: 0
  dial_timeot_ms: 3000
  log_level: loud
listeners:
  - lo:1
  - {listen: 2, tsl: true, tls: 1}
apisix: {enable_admn: true}
upstraems: []
"""


@behaviour("a bad file prints all that is wrong, each with its place, and exits with 2")
def bad_file():
    with folder({"bad.yaml": BAD, "worse.yaml": "a: [1\n"}) as path:
        expected = [
            "bad.yaml:9:1: upstraems: is unknown; did you mean upstreams?; allowed: ",
            "bad.yaml:2:12: jumpgate.threads: 0 is out of range; allowed: 1 to 256",
            "bad.yaml:3:3: jumpgate.dial_timeot_ms: is unknown; did you mean dial_timeout_ms?",
            'bad.yaml:4:14: jumpgate.log_level: "loud" is unknown; allowed: one of error, ',
            'bad.yaml:6:5: listeners[0]: "lo:1" has a host name; an IP address is needed; ',
            "bad.yaml:7:17: listeners[1].tsl: is unknown; ",
            "bad.yaml:7:33: listeners[1].tls: is a whole number; allowed: true or false",
            "bad.yaml:8:10: apisix.enable_admn: is unknown; did you mean enable_admin?"]
        for mode in (["--check"], ["--print-config"], []):
            code, out, err = run(path, "--config", "worse.yaml", "--config", "bad.yaml",
                                 "--config", "none.yaml", *mode)
            equal((code, out), (2, ""), "exit code and stdout")
            lines = err.splitlines()
            assert lines[0].startswith("worse.yaml:"), lines[0]
            equal(lines[1], "none.yaml: No such file or directory", "a file that is missing")
            equal(len(lines), 2 + len(expected), err)
            for line, start in zip(lines[2:], expected):
                assert line.startswith(start), f"{line}\nshould start with\n{start}"


ALL = """\
{"listeners": [{"listen": 8883, "tls": true}],
 "stream_routes": [
  {"id": 1, "upstream_id": "none"},
  {"id": 1, "upstream_id": 2, "server_port": 0}],
 "upstreams": [
  {"id": 2, "nodes": {"b1": 1}, "scheme": "tls", "tls": {"ca": "none.ca"}}],
 "ssls": [
  {"id": "a", "cert": "a.crt", "key": "a.key"},
  {"id": "b", "cert": "b.crt", "key": "b.key"}]}
"""


@behaviour("ids, references and every certificate are reported beside bad fields, of JSON too")
def all_at_once():
    with folder({"all.json": ALL}) as path:
        code, out, err = run(path, "--config", "all.json", "--check")
        equal((code, out), (2, ""), "exit code and stdout")
        missing = "No such file or directory"
        expected = [
            "4:46: stream_routes[1].server_port: 0 is out of range; allowed: 1 to 65535",
            "4:3: stream_routes[1]: the id 1 is taken by all.json:3; allowed: each id once among "
            "stream_routes",
            '3:3: stream_routes[1]: upstream_id: there is no upstream "none"; allowed: the id of '
            "one of upstreams",
            f"8:3: ssls a: cert a.crt: {missing}", f"8:3: ssls a: key a.key: {missing}",
            f"9:3: ssls b: cert b.crt: {missing}", f"9:3: ssls b: key b.key: {missing}",
            f"6:3: upstreams 2: tls.ca none.ca: {missing}"]
        equal(err.splitlines(), [f"all.json:{line}" for line in expected], "stderr")


@behaviour("a bad environment and a bad command line exit with 2 as well")
def bad_sources():
    with folder(ARTICLE) as path:
        files = ("--config", "config.yaml", "--config", "apisix.yaml", "--check")
        code, _, err = run(path, *files, JUMPGATE_THREADS="0", JUMPGATE_PIN_CPUS="maybe")
        equal(code, 2, "exit code")
        equal(sorted(line for line in err.splitlines() if not line.startswith("warning: ")),
              ['environment: JUMPGATE_PIN_CPUS: "maybe" is not true or false; allowed: true, false',
               "environment: JUMPGATE_THREADS: 0 is out of range; allowed: 1 to 256"], "stderr")
        equal(run(path, *files, "--threads=0"),
              (2, "", "jumpgate: --threads: 0 is out of range; allowed: 1 to 256\n"), "flag")


@behaviour("an unknown JUMPGATE_ variable is a warning with a suggestion")
def unknown_variable():
    code, out, err = run("/", "--check", "--listen=1", "--broker=b:1", JUMPGATE_THREDS="4")
    equal((code, err), (0, ""), "exit code and stderr")
    equal(out.splitlines()[0], "warning: environment: JUMPGATE_THREDS: is no setting; did you mean "
                               "JUMPGATE_THREADS?", "stdout")


# name, flag, variable's text, file's text; the values that each source gives, and the default.
PAIRS = [
    ("dial_timeout_ms", "--dial-timeout-ms=11", "12", "13", ("11", "12", "13", "3000")),
    ("pin_cpus", "--no-pin-cpus", "true", "true", ("false", "true", "true", "false")),
    ("log_level", "--log-level=error", "warn", "debug", ("error", "warn", "debug", "info")),
    ("state_dir", "--state-dir=f", "e", "y", ("f", "e", "y", None)),
    ("source_address", "--source-address=::1", "::2 ::3", '["::4", "::5"]',
     ("::1", "::2 ::3", "::4 ::5", None)),
]


@behaviour("a flag wins over the environment, which wins over a file, which wins over the default")
def precedence():
    base = {"base.yaml": ARTICLE["apisix.yaml"] + "listeners: [1]\n"}
    for name, flag, variable, text, values in PAIRS:
        with folder({**base, "set.yaml": f"jumpgate:\n  {name}: {text}\n"}) as path:
            for sources in range(8):
                arguments = ["--config", "base.yaml", "--print-config"]
                variables = {}
                if sources & 1:
                    arguments += ["--config", "set.yaml"]
                if sources & 2:
                    variables[f"JUMPGATE_{name.upper()}"] = variable
                if sources & 4:
                    arguments.append(flag)
                code, out, err = run(path, *arguments, **variables)
                equal(code, 0, err)
                winner = 0 if sources & 4 else 1 if sources & 2 else 2 if sources & 1 else 3
                value, origin = settings(out).get(name, (None, "default"))
                equal(value, values[winner], f"{name} from sources {sources:03b}")
                begin = ("flag --", "environment JUMPGATE_", "file set.yaml:2:", "default")
                assert origin.startswith(begin[winner]), f"{name} {sources:03b}: {origin}"


@behaviour("what --print-config prints is a file that gives the same configuration")
def round_trip():
    with folder(ARTICLE) as path:
        code, first, err = run(path, "--config", "config.yaml", "--config", "apisix.yaml",
                               "--print-config", "--hash-key-prefix-until=#", "--threads=3",
                               "--source-address=::1", "--hash-key=username", "--pin-cpus",
                               JUMPGATE_FAIL_MAX="9")
        equal(code, 0, err)
        pathlib.Path(path, "printed.yaml").write_text(first, encoding="utf-8")
        code, second, err = run(path, "--config", "printed.yaml", "--print-config")
        equal(code, 0, err)
        before, after = settings(first), settings(second)
        equal({k: v for k, (v, _) in after.items()}, {k: v for k, (v, _) in before.items()},
              "settings")
        assert after["threads"][1].startswith("file printed.yaml:"), after["threads"]
        objects = [[line.split("  # ")[0] for line in text.splitlines() if line.startswith("  - ")]
                   for text in (first, second)]
        equal(objects[1], objects[0], "objects")
        equal(len(objects[0]), 2, "objects")
        equal(run(path, "--config", "printed.yaml", "--check")[0], 0, "--check of it")


@behaviour("--check finds a key that does not fit its certificate file")
def credentials():
    with folder({"c.pem": "no certificate\n", "k.pem": "no key\n"}) as path:
        code, out, err = run(path, "--check", "--tls-listen=1", "--broker=b:1",
                             "--tls-cert=c.pem", "--tls-key=k.pem")
        equal((code, out), (2, ""), "exit code and stdout")
        assert "c.pem" in err, err


@behaviour("a FIFO where a file is meant is an error at once, wherever it is named")
def fifos():
    with folder({}) as path:
        pipe = os.path.join(path, "pipe")
        os.mkfifo(pipe)
        pathlib.Path(path, "ssl.yaml").write_text(
            f"listeners: [1]\nssls: [{{id: 1, snis: [a], cert: {pipe}, key: {pipe}}}]\n")
        base = ["--check", "--listen=1", "--broker=b:1"]
        for arguments in (base + ["--tls-listen=2", "--tls-cert=pipe", "--tls-key=pipe"],
                          ["--check", "--listen=1", "--broker=b:1,tls", "--upstream-ca=pipe"],
                          ["--check", "--config=pipe"],
                          ["--check", "--config=ssl.yaml", "--broker=b:1"]):
            code, out, err = run(path, *arguments)
            equal((code, out), (2, ""), f"{arguments}: {err}")
            assert "pipe: is no regular file" in err, err


def refusals(path, arguments):
    """The lines of --check, which the start must say too; both exit with 2, and nothing is made."""
    before = sorted(os.listdir(path))
    checked = run(path, *arguments, "--check")
    equal(run(path, *arguments), checked, f"the start and --check {arguments}")
    equal(checked[:2], (2, ""), checked)
    equal(sorted(os.listdir(path)), before, "files")
    return checked[2].splitlines()


@behaviour("keys, state or log that keep it from starting are found by --check; both exit with 2")
def start_is_checked():
    base = ["--listen=127.0.0.1:0", "--broker=127.0.0.1:1"]
    admin = base + ["--admin=127.0.0.1:0"]
    with folder({"known": "edd1c9f034335f136f87ad84b625c8f1\n", "short": "short\n", "empty": "",
                 "good": "0123456789abcdef\n", "twice": "0123456789abcdef\n" * 2}) as path:
        for name in os.listdir(path):
            os.chmod(os.path.join(path, name), 0o600)  # else there are warnings, too
        for arguments, words in (
                (admin, "--admin: there is no place for its key"),
                (admin + ["--admin-key-file=known"], "CVE-2020-13945"),
                (admin + ["--admin-key-file=short"], "allowed: 16 to 256"),
                (admin + ["--admin-key-file=empty"], "empty: is empty"),
                (admin + ["--admin-key-file=twice"], "the key is there twice"),
                (admin + ["--admin-key-file=no/key"], "no/key: No such file or directory"),
                (admin + ["--admin-key-file=good", "--admin-viewer-key-file=none"],
                 "--admin-viewer-key-file: none: No such file or directory"),
                (base + ["--state-dir=no/state"], "--state-dir: no/state: No such file"),
                (base + ["--state-dir=good"], "--state-dir: good: Not a directory"),
                (base + ["--access-log=no/log"], "--access-log: open no/log: No such file"),
                (base + ["--access-log=."], "Is a directory"),
                (base + ["--admin=unix:no/socket", "--admin-key-file=good"],
                 "--admin: unix:no/socket: No such file")):
            lines = refusals(path, arguments)
            equal(len(lines), 1, lines)
            assert words in lines[0], lines
        for arguments in (admin + ["--admin-key-file=good"], admin + ["--state-dir=state"],
                          admin + ["--admin-key-file=new", "--access-log=log"]):
            code, _, err = run(path, *arguments, "--check")
            equal((code, err), (0, ""), arguments)
        equal(sorted(os.listdir(path)), ["empty", "good", "known", "short", "twice"], "files")


@behaviour("an APISIX config.yaml with an Admin API, but no place for its key, is told so")
def apisix_admin_key():
    admin = ("apisix: {enable_admin: true}\n"
             "deployment: {admin: {admin_key: [{name: a, key: b, role: admin}]}}\n")
    with folder({**ARTICLE, "admin.yaml": admin}) as path:
        files = ["--config", "config.yaml", "--config", "apisix.yaml", "--config", "admin.yaml"]
        last = refusals(path, files)[-1]
        assert last.startswith("admin.yaml:1:") and "there is no place for its key" in last, last
        code, _, err = run(path, *files, "--state-dir=state", "--check")
        equal((code, err), (0, ""), "with a state directory")


@behaviour("--json-schema prints JSON with every setting that --print-config prints")
def schema():
    code, out, err = run("/", "--json-schema")
    equal(code, 0, err)
    known = json.loads(out)["properties"]
    code, printed, err = run("/", "--print-config", "--listen=1", "--broker=b:1")
    equal(code, 0, err)
    for name in settings(printed):
        assert name in known["jumpgate"]["properties"], name
    assert {"listeners", "stream_routes", "upstreams", "ssls"} <= set(known), sorted(known)


main()
