"""What documents must keep: one title, links that lead somewhere, nothing of one machine."""
import os
import re

from source import Complaint

FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[^\n]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FLAG_LITERAL = re.compile(r'"(?:-\w,)?(--[a-z][a-z0-9-]*)')
# Split so that neither this file nor a grep of the tree finds itself.
REGISTRIES = re.compile(r"(?:deb|security|ftp|snapshot)[.]debian[.]org|registry[.]npmjs|pypi[.]org")
MACHINE_PATH = re.compile(r"(?<![\w.$}>])/(?:work|root|home/\w+|tmp/[a-z]\w*)/")


def is_tidy(source):
    return source.path.startswith("tests/tidy/")


def prose(source):
    """Markdown without its code blocks; lines keep their numbers."""
    return FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), source.text)


def markdown(tree):
    return [source for source in tree.values() if source.path.endswith(".md")]


def check_titles(tree):
    for source in markdown(tree):
        titles = re.findall(r"^# .+$", prose(source), re.MULTILINE)
        if len(titles) != 1 or not source.text.startswith("# "):
            yield source.complain(0, f"{len(titles)} titles; a document starts with its one title")


def anchors(text):
    """The anchors that a forge makes of the headings."""
    for heading in re.findall(r"^#+ +(.+)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check_links(tree):
    folders = {os.path.dirname(path) for path in tree}
    folders |= {parent for path in folders for parent in (os.path.dirname(path),)}
    for source in markdown(tree):
        for match in LINK.finditer(prose(source)):
            target, _, anchor = match.group(1).partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(source.path), target))
            path = path if target else source.path
            if path not in tree and path not in folders:
                yield source.complain(match.start(), f"the link leads nowhere: {match.group(1)}")
            elif anchor and path in tree and anchor not in anchors(prose(tree[path])):
                yield source.complain(match.start(), f"no such heading: {match.group(1)}")


def check_machine(tree):
    for source in tree.values():
        if is_tidy(source):
            continue
        for match in REGISTRIES.finditer(source.text):
            yield source.complain(match.start(), f"names a package registry: {match.group()}")
        for match in MACHINE_PATH.finditer(source.text):
            yield source.complain(match.start(), f"a path of one machine: {match.group()}")


def check_flags(tree):
    """docs/flags.md is generated; this says which flag was added without generating it again."""
    if "docs/flags.md" not in tree:
        return
    documented = set(re.findall(r"--[a-z][a-z0-9-]*", tree["docs/flags.md"].text))
    for source in tree.values():
        if not source.path.startswith("core/config/") or not source.path.endswith(".cc"):
            continue
        for number, line in enumerate(source.lines, 1):
            for flag in FLAG_LITERAL.findall(line):
                if flag not in documented:
                    yield Complaint(source.path, number, f"{flag} is missing in docs/flags.md: run "
                                    "build/jumpgate --help-markdown > docs/flags.md")


CHECKS = [
    ("a document has one title", check_titles),
    ("links lead somewhere", check_links),
    ("nothing of one machine", check_machine),
    ("every flag is documented", check_flags),
]
