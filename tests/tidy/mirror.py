"""Tests mirror the tree: mqtt/connect.cc has tests/mqtt/connect_test.cc, and meson builds both."""
import os
import re

# A source file without a mirrored test, and why. The list may only shrink.
WAIVERS = {
    "core/main.cc": "starts and stops the process: tests/e2e runs it",
    "loadgen/main.cc": "starts and stops the process: tests/e2e runs it",
}


def header_stem(path, tree):
    """relay_splice.cc without a header of its own is a part of relay.h: -> core/proxy/relay."""
    stem = path[:-3]
    while stem + ".h" not in tree and "_" in os.path.basename(stem):
        stem = stem.rpartition("_")[0]
    return stem if stem + ".h" in tree else path[:-3]


def test_of(path, tree):
    """core/io/ring.cc -> tests/io/ring_test.cc; None for what needs no mirror."""
    top = path.split("/")[0]
    if not path.endswith(".cc") or top not in ("mqtt", "tls", "core", "loadgen"):
        return None
    stem = header_stem(path, tree)
    return os.path.join("tests", stem.removeprefix("core/") + "_test.cc")


def check_mirror(tree, waivers=None):
    waivers = WAIVERS if waivers is None else waivers
    for source in tree.values():
        test = test_of(source.path, tree)
        if test is None:
            continue
        if source.path in waivers:
            if test in tree:
                yield source.complain(0, f"{test} exists: take its waiver out of mirror.py")
        elif test not in tree:
            yield source.complain(0, f"has no test: write {test}")


def builds(tree, source):
    """Does the meson.build of the file's folder, or one above it, name the file?"""
    folder, name = os.path.split(source.path)
    while True:
        build = tree.get(os.path.join(folder, "meson.build"))
        relative = os.path.relpath(source.path, folder) if folder else source.path
        if build and re.search(rf"['/]{re.escape(name)}'", build.text):
            return True
        stem = os.path.splitext(relative)[0]  # as in foreach name : ['connect_test']
        if build and re.search(rf"'{re.escape(stem)}'", build.text):
            return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def check_built(tree):
    """A file that meson does not know is compiled by nobody and tests nothing."""
    for source in tree.values():
        folder = source.path.split("/")[0]
        is_test = folder == "tests" and source.path.endswith(("_test.cc", "_test.py"))
        if (is_test or test_of(source.path, tree)) and not builds(tree, source):
            yield source.complain(0, "no meson.build names this file")


CHECKS = [
    ("every .cc has a mirrored test", check_mirror),
    ("meson knows every file", check_built),
]
