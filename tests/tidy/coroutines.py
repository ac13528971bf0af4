"""The coroutine rules for g++ 12 (docs/style.md), as far as text can show them.

g++ 12.2 destroys braced and lambda temporaries of an awaited call twice, and crashes on a co_await
inside a statement expression; a by-value parameter that owns something is the next trap. Not seen
here: a loop that awaits no kernel op, and a suspended coroutine that is destroyed.
"""
import re

from source import closing
from style import functions

KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b")
AWAIT = re.compile(r"\bco_await\b")
LAMBDA = re.compile(r"(?<![\w\])])\[[^\[\]{};]*\]\s*(?:<[^{};]*>\s*)?"  # captures, template
                    r"(?:\([^{};]*?\))?[^(){};\[\],]*\{")  # parameters, specifiers
MACRO_CALL = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\s*\(")
TASK_SIGNATURE = re.compile(r"\b(?:Task(?:<[^;{}()]*>)?|Detached)\s+(?:\w+::)*\w+\s*\(")
OWNING = re.compile(r"\bstd::(?:string|vector|unique_ptr|shared_ptr|function|map|unordered_map|set"
                    r"|deque|list|optional<\s*std::string|any|variant)\b")


def statement_around(code, offset):
    start = max(code.rfind(mark, 0, offset) for mark in ";{}") + 1
    ends = [end for end in (code.find(mark, offset) for mark in ";{}") if end >= 0]
    return start, min(ends, default=len(code))


def awaited_end(code, offset):
    """The end of the expression that follows co_await: `;`, or the bracket that was open before."""
    depth = 0
    for end in range(offset, len(code)):
        depth += (code[end] in "({[") - (code[end] in ")}]")
        if depth < 0 or (code[end] == ";" and depth == 0):
            return end
    return len(code)


def check_lambda_coroutines(tree):
    for source in tree.values():
        if not source.is_cpp:
            continue
        for match in LAMBDA.finditer(source.statements):
            opening = match.end() - 1
            body = source.statements[opening:closing(source.statements, opening)]
            if KEYWORD.search(body):
                yield source.complain(match.start(), "a lambda coroutine: its captures die before "
                                      "it does; write a named function")


def check_awaits(tree):
    for source in tree.values():
        if not source.is_cpp:
            continue
        code = source.statements
        for match in AWAIT.finditer(code):
            start, end = statement_around(code, match.start())
            if AWAIT.search(code, match.end(), end):
                yield source.complain(match.start(), "two co_await in one statement")
            if "{" in code[match.end():awaited_end(code, match.end())]:
                yield source.complain(match.start(), "braces in an awaited call: g++ 12 destroys "
                                      "the temporary twice; name it first")
            if MACRO_CALL.search(code, start, end):
                yield source.complain(match.start(), "a macro around or inside an awaited call: "
                                      "await into a named variable first")


def parameters(text):
    """Splits at the commas outside of brackets."""
    depth, start = 0, 0
    for offset, char in enumerate(text):
        depth += (char in "(<[{") - (char in ")>]}")
        if char == "," and depth == 0:
            yield text[start:offset].strip()
            start = offset + 1
    if text[start:].strip():
        yield text[start:].strip()


def check_parameters(tree):
    for source in tree.values():
        if not source.is_cpp:
            continue
        code = source.statements
        for match in TASK_SIGNATURE.finditer(code):
            opening = match.end() - 1
            for parameter in parameters(code[opening + 1:closing(code, opening)]):
                if "&&" in parameter:
                    yield source.complain(match.start(), f"`{parameter}`: an rvalue reference, "
                                          "which the coroutine outlives")
                elif OWNING.search(parameter) and not re.search(r"[&*]", parameter):
                    yield source.complain(match.start(), f"`{parameter}`: a coroutine takes "
                                          "references and trivially copyable values only")


def check_one_style(tree):
    """A coroutine is a setup script: it lives in a .cc, never in a header."""
    for source in tree.values():
        if not source.path.endswith(".h") or source.path == "core/io/task.h":
            continue
        for _, opening, end in functions(source):
            match = KEYWORD.search(source.statements, opening, end)
            if match:
                yield source.complain(match.start(), "a coroutine in a header: move it to the .cc")


CHECKS = [
    ("no lambda coroutine", check_lambda_coroutines),
    ("one plain co_await a statement", check_awaits),
    ("coroutine parameters own nothing", check_parameters),
    ("coroutines live in .cc files", check_one_style),
]
