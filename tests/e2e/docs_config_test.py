"""docs/config.md: its files and commands run as they stand, and its words are the program's.

Law: a block that nobody runs is a failure, and so is a field that only the page or only the schema
knows. In a network of its own, for the ports of the page.
"""

import functools
import json
import pathlib
import re
import subprocess
import tempfile

from document_script import FILE_NAME, run_document
from harness import DEADLINE_S, ENVIRONMENT, PROGRAM, behaviour, equal, main
from own_network import enter
from pki import pki

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/config.md").read_text(encoding="utf-8")
FLAGS = (ROOT / "docs/flags.md").read_text(encoding="utf-8")
OBJECTS = ("stream_routes", "upstreams", "ssls")
NOT_IN_FILES = {"check", "config", "json-schema", "print-config"}
# What the tables of other proxies name beside objects and settings.
SNIPPET = re.compile(r"`((?:stream_routes|upstreams|ssls|jumpgate|listeners)[^`:]*)(?:: ([^`]+))?`")
BASE = """\
listeners: [1883, {listen: 8883, tls: true}]
stream_routes: [{upstream_id: u}]
upstreams: [{id: u, type: %(type)s, nodes: [{host: 10.0.0.1, port: 1883%(node)s}]%(upstream)s}]
ssls: [{cert: %(cert)s, key: %(key)s}]
jumpgate: {%(jumpgate)s}
"""


def program(*arguments):
    return subprocess.run([PROGRAM, *arguments], env=ENVIRONMENT, capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)


@functools.cache
def whole_schema():
    return json.loads(program("--json-schema").stdout)


def schema():
    return whole_schema()["properties"]


def fields(node, path):
    """Every field below a node of the schema, as upstreams[].nodes[].host."""
    for name, inner in node.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from fields(inner, f"{path}.{name}")
    if "items" in node:
        yield from fields(node["items"], path + "[]")
    for alternative in node.get("oneOf", []) + node.get("anyOf", []):
        yield from fields(alternative, path)


def fields_of_schema():
    """Those of an upstream inside of a stream route are those of upstreams."""
    found = {field for name in OBJECTS for field in fields(schema()[name], name)}
    return {field for field in found if not field.startswith("stream_routes[].upstream.")}


def section(title):
    level = title.split(" ")[0]
    return re.search(rf"(?ms)^{re.escape(title)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)", DOCUMENT)[1]


@behaviour("the files are valid, the commands run, and both print what the document says")
def examples():
    fences = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", DOCUMENT)
    for kind, text in fences:
        assert kind in ("sh", "text") or kind == "yaml" and FILE_NAME.match(text), (kind, text)
    assert len(fences) > 20, len(fences)
    run_document(DOCUMENT, {}, "jumpgate.log")


@behaviour("the page knows exactly the fields of objects that the schema knows")
def objects():
    documented = set()
    for name in OBJECTS:
        for field in re.findall(r"(?m)^\| `([^`]+)` \|", section(f"### `{name}`")):
            documented.add(f"{name}[].{field}")
    meaningless = section("### What is accepted and means nothing")
    ignored = set(re.findall(r"`((?:stream_routes|upstreams|ssls)\[\]\.[^`]+)`", meaningless))
    dates = {f"{name}[].{field}" for name in OBJECTS for field in ("create_time", "update_time")}
    equal(documented & ignored, set(), "documented twice")
    known = fields_of_schema()
    # Documented in words: the four ways to write a text match, and what surrounds other fields.
    words = {field for field in known
             if re.search(r"match\.\w+\.(exact|prefix|glob|regex)$|_meta(\.disable)?$", field)}
    equal(sorted(documented | ignored | dates), sorted(known - words))
    for word in ("exact", "prefix", "glob", "regex", "_meta.disable"):
        assert f"`{word}`" in DOCUMENT, word


@behaviour("the page names every other word that the schema allows in a file")
def other_words():
    words = {f"apisix.{name}" for name in schema()["apisix"]["properties"]}
    words |= set(fields(schema()["apisix"]["properties"]["stream_proxy"], "apisix.stream_proxy"))
    words -= {"apisix.stream_proxy"}
    listeners = section("### Listeners")
    for field in whole_schema()["$defs"]["listener"]["anyOf"][-1]["properties"]:
        assert f"`{field}`" in listeners, field
    for word in words | set(schema()):
        assert re.search(rf"`{re.escape(word)}[`.:]", DOCUMENT), word


@behaviour("a setting of files is a flag, and a flag a setting of files")
def settings():
    flags = set(re.findall(r"(?m)^\| `--([a-z-]+)", FLAGS)) - NOT_IN_FILES
    in_files = {name.replace("_", "-") for name in schema()["jumpgate"]["properties"]}
    equal(sorted(in_files), sorted(flags))


@behaviour("what the words of other proxies are here is in the schema, and valid")
def translations():
    text = section("## Coming from HAProxy or nginx")
    snippets = [match for row in re.findall(r"(?m)^\|.*\|(.*)\|$", text)
                for match in SNIPPET.findall(row)]
    assert len(snippets) > 30, snippets
    known = fields_of_schema() | {"listeners"}
    known |= {f"jumpgate.{name}" for name in schema()["jumpgate"]["properties"]}
    with tempfile.TemporaryDirectory(prefix="jumpgate-e2e-") as folder:
        for path, value in snippets:
            assert path in known, path
            file = pathlib.Path(folder, "one.yaml")
            file.write_text(with_value(path, value))
            checked = program("--config", str(file), "--check")
            equal(checked.returncode, 0, f"{path}: {value}\n{checked.stdout}{checked.stderr}")


def with_value(path, value):
    """A configuration that says this, where a value is given."""
    said = {"type": "chash", "node": "", "upstream": "", "jumpgate": "",
            "cert": pki("server.crt"), "key": pki("server.key")}
    text = BASE
    if value and path == "listeners":
        text = re.sub("(?m)^listeners: .*$", f"listeners: {value}", text)
    elif value and path.startswith("jumpgate."):
        said["jumpgate"] = f"{path.split('.')[1]}: {value}"
    elif value and path == "upstreams[].type":
        said["type"] = value
    elif value and path == "upstreams[].nodes[].host":
        text = text.replace("host: 10.0.0.1, port: 1883", f"host: {value}")
    elif value and path.startswith("upstreams[].nodes[]."):
        said["node"] = f", {path.rsplit('.', 1)[1]}: {value}"
    elif value:
        names = path.removeprefix("upstreams[].").split(".")
        inner = ": {".join(names) + f": {value}" + "}" * (len(names) - 1)
        said["upstream"] = f", {inner}"
    return text % said


enter()
main()
