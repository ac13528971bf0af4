"""The manual pages of both programs: what groff and mandoc say of them, and what is in them."""

import os
import pathlib
import re
import subprocess
import tempfile

import harness
from harness import ENVIRONMENT, behaviour, equal

PROGRAMS = {"jumpgate": harness.PROGRAM, "jumpload": os.environ.get("JUMPLOAD", "build/jumpload")}
SECTION = {"jumpgate": "8", "jumpload": "1"}


def output(*command, text=None):
    """Its stdout; it must end with 0 and say nothing on stderr."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60,
                          env={**ENVIRONMENT, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}, check=False)
    equal((done.returncode, done.stderr), (0, ""), f"{command}: {done.stdout[-300:]}")
    return done.stdout


def page(name):
    return output(PROGRAMS[name], "--help-man")


def shown(name):
    """The page as a reader sees it; hyphenation is off, as words are compared."""
    with tempfile.NamedTemporaryFile("w", suffix=".man") as file:
        file.write(page(name))
        file.flush()
        text = output("man", "--warnings", "--no-hyphenation", "--no-justification", "-E", "UTF-8",
                      "-l", file.name)
    return re.sub(r".\x08", "", text)


def modes():
    usage = output(PROGRAMS["jumpload"], "--help")
    return re.findall(r"^  ([a-z0-9-]+) +\S", usage, re.MULTILINE)


def flags_of_help(*words):
    """The rows of --help: the names of all flags, and their letters."""
    rows = re.findall(r"^  (?:(-\w), )?(--[a-z0-9_-]+)", output(*words, "--help"), re.MULTILINE)
    return {name for row in rows for name in row if name}


def flags_of_page(text):
    """The flags that stand as terms, at the indentation of an option."""
    terms = re.findall(r"^ {7}(?:(-\w), )?(--[a-z0-9_-]+)", text, re.MULTILINE)
    return {name for term in terms for name in term if name}


@behaviour("mandoc finds nothing to complain of, not even of style")
def _():
    for name in PROGRAMS:
        with tempfile.NamedTemporaryFile("w", suffix="." + SECTION[name]) as file:
            file.write(page(name))
            file.flush()
            equal(output("mandoc", "-T", "lint", file.name), "", name)


@behaviour("groff has no warning")
def _():
    for name in PROGRAMS:
        output("groff", "-man", "-ww", "-z", "-", text=page(name))
        assert shown(name).startswith(f"{name.upper()}({SECTION[name]})"), shown(name)[:100]


@behaviour("the page of jumpgate has the flags of --help, and no other")
def _():
    page_only = {"--help-man", "--help-completion"}
    equal(flags_of_page(shown("jumpgate")), flags_of_help(PROGRAMS["jumpgate"]) | page_only)


@behaviour("the page of jumpload has the flags of all modes, and no other")
def _():
    assert {"conn", "p2p", "broker"} <= set(modes()), modes()
    expected = {"--help-man", "--help-completion", "--scenario", "--list-scenarios"}
    for mode in modes():
        expected |= flags_of_help(PROGRAMS["jumpload"], mode)
    equal(flags_of_page(shown("jumpload")), expected)


@behaviour("every text of --help is in the page, word by word")
def _():
    def words(text):
        return " ".join(re.sub(r"[`\[\]]", " ", text).split())

    for name, commands in (("jumpgate", [[]]), ("jumpload", [[mode] for mode in modes()])):
        read = words(shown(name))
        for command in commands:
            text = output(PROGRAMS[name], *command, "--help")
            rows = re.findall(r"^  -.*(?:\n {34}.*)*", text, re.MULTILINE)
            equal(len(rows), len(re.findall(r"^  -", text, re.MULTILINE)))
            for row in rows:  # the text begins at column 34, of the first line or the next one
                explained = " ".join(line[34:] for line in row.split("\n"))
                sentence = words(explained.partition("[")[0])  # behind it: default, range
                assert sentence and sentence in read, sentence


@behaviour("a page is the same each time, whatever the environment")
def _():
    for name, program in PROGRAMS.items():
        there = {**ENVIRONMENT, "JUMPGATE_THREADS": "7", "LC_ALL": "de_DE.UTF-8", "TZ": "UTC+9"}
        again = subprocess.run([program, "--help-man"], env=there, check=True, text=True,
                               stdout=subprocess.PIPE, timeout=60).stdout
        equal(again, page(name), name)


@behaviour("the build has made each page and completion from the programs")
def _():
    folder = pathlib.Path(os.environ["JUMPGATE_PAGES"])
    for name, program in PROGRAMS.items():
        made = {f"{name}.{SECTION[name]}": ["--help-man"],
                name: ["--help-completion", "bash"], f"_{name}": ["--help-completion", "zsh"]}
        for file, words in made.items():
            equal((folder / file).read_text(encoding="utf-8"), output(program, *words), file)


@behaviour("an unknown shell is refused in one line, with exit code 2")
def _():
    for name, program in PROGRAMS.items():
        done = subprocess.run([program, "--help-completion", "fish"], capture_output=True,
                              text=True, timeout=60, check=False)
        equal((done.returncode, done.stdout, done.stderr),
              (2, "", f'{name}: --help-completion: "fish" is unknown; allowed: one of bash, zsh\n'))


if __name__ == "__main__":
    harness.main()
