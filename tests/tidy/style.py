"""What a file, a function and a name look like, and which calls have a better replacement."""
import re

from source import Complaint, closing, line_of

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

CONTAINER = re.compile(r"(?:inline\s+|static\s+|typedef\s+|constexpr\s+)*"
                       r"(?:namespace|class|struct|union|enum|extern)\b")
MORE_INITIALIZERS = re.compile(r"\s*[,{]")
LABEL = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")


def is_ours(source):
    return (source.is_cpp or source.path.endswith((".py", ".sh"))
            or source.path in ("dev", ".ci/run"))


def is_tidy(source):
    """The checks' own samples of bad code are no bad code."""
    return source.path.startswith("tests/tidy/")


def without_templates(head):
    head = head.strip()
    while re.match(r"template\s*<", head):
        head = head[closing(head, head.index("<")) + 1:].strip()
    return head


def functions(source):
    """-> (offsets of the signature, of its `{` and of its `}`) of functions outside functions.

    Walks namespaces and classes; a `}` before `,` or `{` ends a member initializer, not a body.
    """
    code = source.statements
    start = offset = 0
    while offset < len(code):
        if code[offset] in ";}":
            start = offset + 1
        elif code[offset] == "{":
            head = without_templates(LABEL.sub(lambda m: " " * len(m.group()), code[start:offset]))
            if CONTAINER.match(head):
                start = offset + 1
            else:
                end = closing(code, offset)
                in_parameters = head.count("(") > head.count(")")
                if not in_parameters and not MORE_INITIALIZERS.match(code, end + 1):
                    if "(" in head and not head.endswith("="):
                        yield code.index(head[:1], start), offset, end
                    start = end + 1
                offset = end
        offset += 1


def check_function_length(tree):
    for source in tree.values():
        if not source.is_cpp:
            continue
        for start, _, end in functions(source):
            length = line_of(source.text, end) - line_of(source.text, start) + 1
            if length > FUNCTION_LINES_MAX:
                yield source.complain(start, f"a function of {length} lines; {FUNCTION_LINES_MAX} "
                                      "are the most, so that it fits on a screen")


def check_file_size(tree):
    for source in tree.values():
        if is_ours(source) and len(source.lines) > FILE_LINES_MAX:
            yield source.complain(0, f"{len(source.lines)} lines; {FILE_LINES_MAX} are the most: "
                                  "a file holds one idea")


def check_line_length(tree):
    for source in tree.values():
        if not is_ours(source):
            continue
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS_MAX:
                text = f"{len(line)} columns; {COLUMNS_MAX} are the most"
                yield Complaint(source.path, number, text)


def speaks_for_itself(source, tree):
    """A header explains its .cc, and a test's names explain the test."""
    return source.path.endswith("_test.cc") or (
        source.path.endswith(".cc") and source.path[:-3] + ".h" in tree)


def check_header_comment(tree):
    for source in tree.values():
        commented = source.text.startswith("//")
        if source.is_cpp and not commented and not speaks_for_itself(source, tree):
            yield source.complain(0, "open the file with a comment: what it is, the law it keeps, "
                                  "what it does not do")
        if source.path.endswith(".h") and "#pragma once" not in source.text:
            yield source.complain(0, "a header needs #pragma once")


# --- names ---------------------------------------------------------------------------------------

THEIRS = ("io_uring_", "wolfSSL_", "ares_")  # names that we call but did not give
VAGUE = {"manager", "util", "utils", "data", "helper", "helpers", "misc"}
# Words of the MQTT specification and of io_uring, which readers look for under these names.
TERMS = re.compile(r"(?:authentication|auth|correlation|user)_data"
                   r"|(?:Authentication|Correlation|User)Data")
TYPE = re.compile(r"\b(?:class|struct|union|enum|concept)\s+(?:class\s+)?"
                  r"(?:\[\[\w+\]\]\s*)?([A-Z]\w*)"
                  r"|\busing\s+([A-Z]\w*)\s*=")
FUNCTION = re.compile(r"(?<![\w.>:])([a-z]\w*)\s*\(")
HANDLE = re.compile(r"\bhandle_\w+")


def vague_word(name):
    name = TERMS.sub("", name)
    words = re.findall(r"[A-Z]?[a-z0-9]+", name)
    return next((word.lower() for word in words if word.lower() in VAGUE), None)


def check_names(tree):
    for source in tree.values():
        if not source.is_cpp:
            continue
        if vague_word(source.stem):
            yield source.complain(0, f"the file name says `{vague_word(source.stem)}`")
        for pattern in (TYPE, FUNCTION):
            for match in pattern.finditer(source.statements):
                name = match.group(1) or match.group(2)
                alone = pattern is FUNCTION and "_" not in name  # data() is every container's
                if not alone and not name.startswith(THEIRS) and vague_word(name):
                    yield source.complain(match.start(), f"`{name}` says `{vague_word(name)}`, "
                                          "which says nothing: use the field's term")
        for match in HANDLE.finditer(source.statements):
            yield source.complain(match.start(), f"`{match.group()}`: say what is done, not "
                                  "that it is handled")


# --- words and calls -----------------------------------------------------------------------------

DATA_PLANE = ("mqtt/", "tls/", "core/base/", "core/io/", "core/route/", "core/proxy/")
TESTS = ("tests/", "bench/")

# (pattern, where it is banned, where it is allowed all the same, what to do instead)
BANNED = [
    (r"\bstd::j?thread\b(?!::)|\bpthread_create\b", ("",),
     ("core/proxy/server", "core/io/resolver", "core/io/socket_deadlines", "core/admin/work_lane",
      "core/admin/reload_thread", "loadgen/", *TESTS),
     "threads start in core/proxy/server, core/io/resolver, core/io/socket_deadlines, core/admin/"
     "{reload_thread,work_lane} and loadgen/ only: share nothing, use the mailbox"),
    (r"\bthread_local\b", ("",), ("core/io/task.cc", "loadgen/broker_message.cc", *TESTS),
     "make it a field of the Worker"),
    (r"\bstd::shared_ptr\b", ("core/io/", "core/proxy/"), (),
     "give it one owner and lend references"),
    (r"\bstd::function\b", ("core/io/", "core/proxy/"), (),
     "use a plain function pointer and the Op"),
    (r"\bstd::(?:mutex|shared_mutex|condition_variable)\b", ("core/io/", "core/route/"),
     ("core/io/resolver", "core/io/socket_deadlines"),
     "no locks on the data path: use the mailbox"),
    (r"\b(?:throw|try|catch)\b", DATA_PLANE, (), "return Result<T> or Error"),
    (r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(", ("tests/",), (),
     "wait for the condition, with a deadline"),
    (r"\bassert\s*\(", ("",), TESTS, "use CHECK, which stays on in release builds"),
]
LEFT_OVER = re.compile(r"\b(?:FIXME|XXX|TODO)\b")


def is_banned_in(path, where, but):
    return path.startswith(where) and not path.startswith(but or ("\0",))


def check_banned_calls(tree):
    for source in tree.values():
        if is_tidy(source) or not (source.is_cpp or source.path.endswith(".py")):
            continue
        for pattern, where, but, instead in BANNED:
            if not is_banned_in(source.path, where, but):
                continue
            for match in re.finditer(pattern, source.code if source.is_cpp else source.text):
                yield source.complain(match.start(), f"{match.group().strip('( ')}: {instead}")


def check_left_overs(tree):
    for source in tree.values():
        if not is_ours(source) or is_tidy(source):
            continue
        for match in LEFT_OVER.finditer(source.text):
            yield source.complain(match.start(), f"{match.group()}: do it now, or write an issue")


CHECKS = [
    ("a file has 500 lines at most", check_file_size),
    ("a function has 70 lines at most", check_function_length),
    ("a line has 100 columns at most", check_line_length),
    ("a file opens with a comment", check_header_comment),
    ("names say something", check_names),
    ("banned calls", check_banned_calls),
    ("nothing is left to do", check_left_overs),
]
