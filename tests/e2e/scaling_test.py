"""One load by several processes: shards, launchers, and that results add up (docs/scaling.md)."""

import base64
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

import slurm
from fleet import JUMPLOAD, Brokers
from harness import behaviour, equal, main

PATIENCE_S = 60
# 60 pairs, 600 messages a second: every shard has its part of each second.
LOAD = ("p2p", "-c", "120", "--rate", "600", "-q", "1", "--duration", "2", "--quiet",
        "--lateness-limit-ms", "60000")
SHARDS = 4


def run(command, exit_code=0, **environment):
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True,
                          timeout=PATIENCE_S, env={**os.environ, **environment}, check=False)
    equal(done.returncode, exit_code, done.stdout + done.stderr)
    return done.stdout + done.stderr


def result(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def merged(folder):
    parts = sorted(pathlib.Path(folder).glob("part-*.json"))
    equal(len(parts), SHARDS, "results")
    path = pathlib.Path(folder, "all.json")
    run([JUMPLOAD, "merge", *parts, "-o", path])
    return result(path), [result(x) for x in parts]


def start_at():
    return f"{time.time() + 2:.3f}"


def bucket_counts(encoded):
    """{index: count} of a histogram: a reader of our own of HdrHistogram's V2 encoding."""
    if not encoded:
        return {}
    outer = base64.b64decode(encoded)
    length, = struct.unpack(">I", outer[4:8])
    inner = zlib.decompress(outer[8:8 + length])
    payload = inner[40:]
    counts, index, at = {}, 0, 0
    while at < len(payload):
        value, shift = 0, 0
        while True:
            byte = payload[at]
            at += 1
            # The ninth byte of a ZigZag LEB128 number has 8 bits of it.
            value |= (byte if shift == 56 else byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 63:
                break
        value = (value >> 1) ^ -(value & 1)
        if value < 0:
            index -= value  # so many empty ones
        else:
            if value:
                counts[index] = value
            index += 1
    return counts


def check_union(whole, parts):
    for group in ("messages", "clients", "bytes", "placement"):
        for name, number in whole[group].items():
            if isinstance(number, int):
                equal(number, sum(x[group][name] for x in parts), f"{group}.{name}")
    for name, encoded in whole["histograms"].items():
        union = {}
        for part in parts:
            for index, count in bucket_counts(part["histograms"][name]).items():
                union[index] = union.get(index, 0) + count
        equal(bucket_counts(encoded), union, f"histogram {name}")
    for name in ("latency_us", "connect_us"):
        equal(whole[name]["count"], sum(x[name]["count"] for x in parts), name)
        equal(whole[name]["max"], max(x[name]["max"] for x in parts), name)
        low, high = min(x[name]["p99"] for x in parts), max(x[name]["p99"] for x in parts)
        assert low <= whole[name]["p99"] <= high, (name, low, whole[name]["p99"], high)
    # The plan is one: what four processes sent is what one would have sent.
    equal(whole["clients"]["requested"], 120)
    equal((whole["messages"]["planned"], whole["messages"]["received"]), (1200, 1200))
    equal(whole["messages"]["lost"], 0)


@behaviour("four shards by hand are one run, cut, and merge to it exactly")
def by_hand():
    with Brokers(1) as broker, tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        begin = start_at()
        flags = ["-p", broker.ports[0], "--start-at", begin, "--json", f"{folder}/part-%I.json"]
        shards = [subprocess.Popen([JUMPLOAD, *LOAD, *map(str, flags), "--shard", f"{i}/{SHARDS}"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                  for i in range(SHARDS)]
        for shard in shards:
            _, said = shard.communicate(timeout=PATIENCE_S)
            equal(shard.returncode, 0, said)
            assert "by --shard: 30 of 120 clients" in said, said
        check_union(*merged(folder))


def unless(why_not, words):
    """The behaviour, or a line that says why it is left out."""
    if not why_not:
        return behaviour(words)
    print(f"# left out, for {why_not}: {words}")
    return lambda function: function


@unless("" if shutil.which("mpirun") else "mpirun is not installed",
        "mpirun -np 4: each rank takes its shard, and the figures are those of the union")
def by_mpi():
    with Brokers(1) as broker, tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder:
        said = run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", SHARDS, JUMPLOAD,
                    *LOAD, "-p", broker.ports[0], "--start-at", start_at(),
                    "--json", f"{folder}/part-%I.json"])
        assert "by OMPI_COMM_WORLD_RANK" in said, said
        check_union(*merged(folder))


@unless(slurm.why_not(),
        "srun -N2 -n4: the tasks of two nodes take their shards, and the figures are the union's")
def by_slurm():
    with (Brokers(1) as broker, slurm.Cluster() as cluster,
          tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder):
        said = run(["srun", "-N2", "-n4", "--label", "sh", "-c",
                    'echo "on $SLURMD_NODENAME" >&2; exec "$@"', "sh", JUMPLOAD, *LOAD, "-p",
                    broker.ports[0], "--start-at", start_at(), "--json", f"{folder}/part-%I.json"],
                   **cluster.environment)
        equal([said.count(f"on n{n}\n") for n in (1, 2)], [2, 2], said)
        assert "by SLURM_PROCID" in said, said
        check_union(*merged(folder))


@behaviour("launchers that say too little are told what is missing; --shard has the last word")
def by_environment():
    with Brokers(1) as broker:
        load = [JUMPLOAD, *LOAD, "-p", broker.ports[0]]
        said = run(load, exit_code=2, JOB_COMPLETION_INDEX="1")
        assert "JUMPLOAD_SHARDS is missing" in said, said
        said = run([JUMPLOAD, "fanout", "--publishers", "1", "--subscribers", "4", "-p",
                    broker.ports[0]], exit_code=2, SLURM_PROCID="1", SLURM_NTASKS="2")
        assert "subscribers that hear publishers of other shards" in said, said
        said = run([*load, "--shard", "0/1"], JOB_COMPLETION_INDEX="1")
        assert "shard" not in said, said


if __name__ == "__main__":
    main()
