"""Every header compiles alone.

A header whose .cc includes it first has proven that already (see layers.check_own_header_first);
the compiler is asked about the others only, with the flags that the build uses.
"""
import json
import os
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from source import Complaint

KEPT = ("-D", "-std=", "-isystem")


def build_flags(build):
    """-> (compiler, flags) of the build, without the folders that meson adds for one target."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = [shlex.split(entry["command"]) for entry in json.load(file)]
    flags = {}
    for command in commands:
        for index, word in enumerate(command):
            if word == "-isystem":
                flags[("-isystem", command[index + 1])] = None
            elif word.startswith(KEPT) or word == "-I.." or word.startswith("-I/"):
                flags[(word,)] = None
    compiler = next((word for word in commands[0] if "ccache" not in word), "c++")
    return compiler, [word for flag in flags for word in flag]


def unproven(tree):
    return [source.path for source in tree.values()
            if source.path.endswith(".h") and source.path[:-2] + ".cc" not in tree]


def compile_alone(compiler, flags, root, build, path):
    header = os.path.abspath(os.path.join(root, path))
    command = [compiler, *flags, "-fsyntax-only", "-x", "c++", header]
    done = subprocess.run(command, cwd=build, capture_output=True, text=True, timeout=120,
                          check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return Complaint(path, 1, "does not compile alone: " + "; ".join(errors[:2]))


def check_headers(tree, root, build):
    compiler, flags = build_flags(build)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = pool.map(lambda path: compile_alone(compiler, flags, root, build, path),
                              unproven(tree))
        return [complaint for complaint in complaints if complaint]


def check_sample(tree):
    """For the self-test: the same check on a tree that is nowhere on disk."""
    with tempfile.TemporaryDirectory() as root:
        for path, source in tree.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(source.text)
        complaints = [compile_alone("c++", ["-std=c++20", "-I" + root], root, root, path)
                      for path in unproven(tree)]
        return [complaint for complaint in complaints if complaint]
