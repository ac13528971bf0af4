"""The tree as the tidy checks see it: paths, texts, and C++ without what only looks like code.

Law: blanking keeps every line and column, so a complaint names the place a reader will find.
"""
import os
import re
from dataclasses import dataclass
from functools import cached_property

SKIPPED = {".git", ".deps", "node_modules", "__pycache__", ".cache"}

LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'",  # not the ' of 10'000
    re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<][^">\n]+[">])', re.MULTILINE)


@dataclass(frozen=True)
class Complaint:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def blank_comment(match):
    return blank(match.group()) if match.group().startswith("/") else match.group()


def blank_literal(match):
    text = match.group()
    if text.startswith("/"):
        return blank(text)
    return text[0] + blank(text[1:-1]) + text[-1]


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text

    @property
    def folder(self):
        """`core/io` for core/io/ring.h, `mqtt` for mqtt/connect.cc, `core` for core/main.cc."""
        parts = self.path.split("/")[:-1]
        return "/".join(parts[:2]) if parts[:1] == ["core"] else "/".join(parts[:1])

    @property
    def stem(self):
        return os.path.splitext(os.path.basename(self.path))[0]

    @property
    def is_cpp(self):
        return self.path.endswith((".cc", ".h"))

    @property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """C++ with comments and the inside of literals blanked."""
        return LITERAL_OR_COMMENT.sub(blank_literal, self.text)

    @cached_property
    def statements(self):
        """`code` with preprocessor lines blanked as well."""
        return DIRECTIVE.sub(lambda match: blank(match.group()), self.code)

    @cached_property
    def includes(self):
        """-> [(line, '<vector>' or '"core/io/ring.h"')]"""
        text = LITERAL_OR_COMMENT.sub(blank_comment, self.text)
        return [(line_of(text, match.start(1)), match.group(1)) for match in INCLUDE.finditer(text)]

    def complain(self, offset, text):
        return Complaint(self.path, line_of(self.text, offset), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def closing(text, opening):
    """The offset of the bracket that closes the one at `opening`, or the end of the text."""
    pairs = {"{": "}", "(": ")", "[": "]", "<": ">"}
    depth, left, right = 0, text[opening], pairs[text[opening]]
    for offset in range(opening, len(text)):
        if text[offset] == left:
            depth += 1
        elif text[offset] == right:
            depth -= 1
            if depth == 0:
                return offset
    return len(text)


def tree_of(texts):
    """{path: text} -> {path: Source}; the self-tests make their small trees with it."""
    return {path: Source(path, text) for path, text in texts.items()}


def read_tree(root):
    """Every text file of the working tree, built and downloaded things left out."""
    tree = {}
    for folder, folders, names in os.walk(root):
        at_root = os.path.samefile(folder, root)
        folders[:] = sorted(name for name in folders if name not in SKIPPED
                            and not (at_root and name.startswith("build")))
        for name in sorted(set(names) - SKIPPED):
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root)
            try:
                with open(full, encoding="utf-8") as file:
                    tree[path] = Source(path, file.read())
            except (UnicodeDecodeError, OSError):
                continue  # not text, or gone meanwhile
    return tree
