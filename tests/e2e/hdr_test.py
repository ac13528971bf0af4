#!/usr/bin/python3
"""Another library, npm's hdr-histogram-js, reads what jumpload writes, and jumpload what it writes.

`./dev setup` installs it in tests/loadgen/hdr; without it all is skipped.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from harness import behaviour, equal, main
from peers import Mosquitto

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUMPLOAD = os.environ.get("JUMPLOAD", "build/jumpload")
PEER = ROOT / "tests/loadgen/hdr/hdr_peer.js"
MODULES = ROOT / "tests/loadgen/hdr/node_modules"
NAMES = ("p50", "p90", "p99", "p99_9", "p99_99", "max")


def peer(what, text):
    """What the library says, without colour or a terminal."""
    done = subprocess.run(["node", str(PEER), what], input=text, capture_output=True, text=True,
                          timeout=60, env={**os.environ, "NODE_PATH": str(MODULES)}, check=False)
    equal(done.returncode, 0, done.stderr)
    return done.stdout


def peer_objects(what, text):
    return [json.loads(line) for line in peer(what, text).splitlines()]


class Run:
    """One run with all files; shared, as nothing here changes it."""

    def __init__(self, folder):
        self.paths = {name: os.path.join(folder, name) for name in ("json", "hgrm", "hdr-log")}
        with Mosquitto() as broker:
            command = [JUMPLOAD, "p2p", "-p", str(broker.port), "-c", "20", "-I", "10", "-q", "1",
                       "--duration", "3", "--quiet", "--lateness-limit-ms", "60000"]
            for name, path in self.paths.items():
                command += [f"--{name}", path]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            equal(done.returncode, 0, done.stderr)
        self.result = json.loads(self.text("json"))

    def text(self, name):
        return pathlib.Path(self.paths[name]).read_text(encoding="utf-8")


def agree(theirs, ours, what):
    """Percentiles are the same numbers; ours end at the exact maximum, theirs at its bucket's."""
    equal(theirs["count"], ours["count"], what)
    for name, value in zip(NAMES, theirs["percentiles"][1:], strict=True):
        assert ours[name] == value or ours[name] == ours["max"] <= value <= ours["max"] * 1.001, \
            (what, name, ours, theirs)


@behaviour("every histogram of a result is read with the same count and the same percentiles")
def results():
    histograms = RUN.result["histograms"]
    for name, theirs in zip(histograms, peer_objects("decode", "\n".join(histograms.values())),
                            strict=True):
        agree(theirs, RUN.result[f"{name}_us"], name)


@behaviour("the percentile distribution is what the library prints, line by line")
def distribution():
    ours = RUN.text("hgrm").splitlines()
    theirs = peer("distribution", RUN.result["histograms"]["latency"]).splitlines()
    equal(ours[:-3], theirs[:-3])
    assert len(ours) > 30, ours
    equal(ours[-1], theirs[-1])
    equal(ours[-2].split("Total")[1], theirs[-2].split("Total")[1])


@behaviour("the interval log is read whole: tags, times and all that was measured")
def interval_log():
    log = peer_objects("log", RUN.text("hdr-log"))
    begin_ms = RUN.result["environment"]["start_unix_ns"] / 1e6
    for tag in ("latency", "send_lateness"):
        mine = [each for each in log if each["tag"] == tag]
        equal(sum(each["count"] for each in mine), RUN.result[f"{tag}_us"]["count"], tag)
        seconds = [s for s in RUN.result["seconds_series"] if s[f"{tag}_count"] > 0]
        for each, second in zip(mine, seconds, strict=True):
            equal(each["count"], second[f"{tag}_count"])
            assert abs(each["end_ms"] - begin_ms - second["elapsed_s"] * 1000) < 2, (each, second)


@behaviour("histograms that the library wrote merge as our own do")
def written_by_the_library():
    rewritten = json.loads(json.dumps(RUN.result))
    histograms = rewritten["histograms"]
    texts = peer("encode", "\n".join(histograms.values())).splitlines()
    rewritten["histograms"] = dict(zip(histograms, texts, strict=True))
    assert rewritten["histograms"]["latency"] != histograms["latency"], "nothing was tested"
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        path, merged = os.path.join(folder, "peer.json"), os.path.join(folder, "merged.json")
        pathlib.Path(path).write_text(json.dumps(rewritten), encoding="utf-8")
        subprocess.run([JUMPLOAD, "merge", path, "-o", merged], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)
        result = json.loads(pathlib.Path(merged).read_text(encoding="utf-8"))
    equal(result["histograms"], RUN.result["histograms"])
    equal(result["latency_us"], RUN.result["latency_us"])


if __name__ == "__main__":
    if not (MODULES / "hdr-histogram-js").is_dir():
        print("1..0 # SKIP hdr-histogram-js is not installed; ./dev setup does that")
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as shared:
        RUN = Run(shared)
        main()
