"""Who may include whom (the layers of docs/architecture.md), and who may call on sockets."""
import re

# Folder -> the prefixes of our own headers that it may include.
OURS = {
    "mqtt": ("mqtt/",),
    "tls": ("tls/",),
    "core/base": ("core/base/",),
    "core/io": ("core/io/", "core/base/"),
    "core/route": ("core/route/", "core/base/"),
    "core/config": ("core/config/", "core/base/", "core/route/"),
    "core/proxy": ("core/proxy/", "core/base/", "core/io/", "core/route/", "mqtt/", "tls/",
                   # docs/decisions/0005-proxy-reads-config.md
                   "core/config/config.h", "core/config/objects.h"),
    "core/admin": ("core/admin/", "core/base/", "core/io/", "core/route/", "core/config/",
                   "core/proxy/control.h"),  # what it may ask of the data plane, and no more
    "core": ("core/", "tls/"),
    "loadgen": ("loadgen/", "core/base/", "core/io/", "mqtt/", "tls/", "core/route/jump_hash.h",
                "core/config/value.h", "core/config/yaml.h"),  # of scenario files
}
# bench and tests may include anything of ours; nothing else includes them.
FREE = ("bench", "tests")

# Header -> the folders that may include it. Others are open to all but mqtt and core/route.
RESERVED = [
    (r"liburing.*|linux/io_uring\.h", ("core/io",)),
    (r"sys/(socket|un|epoll|uio|sendfile)\.h|netdb\.h|netinet/tcp\.h", ("core/io",)),
    (r"wolfssl/.*", ("tls",)),
    (r"xxhash\.h", ("core/route", "core/proxy")),
    (r"CLI/.*", ("core/config", "loadgen")),
    (r"libfyaml\.h", ("core/config",)),
    (r"re2/.*", ("core/route",)),
    (r"ares\.h|sys/(inotify|eventfd)\.h", ("core/io",)),
    (r"microhttpd\.h|nlohmann/.*", ("core/admin", "core/config", "loadgen")),
    (r"spdlog/.*", ("core", "core/base", "core/config", "core/admin", "loadgen")),
    (r"fmt/.*", ("core", "core/base", "core/io", "core/config", "core/proxy", "core/admin",
                 "core/route", "loadgen")),
]
STANDARD_ONLY = ("mqtt", "core/route")  # pure: no clock, no descriptor, no system header

SOCKET_CALL = re.compile(
    r"(?<![\w>])::\s*(socket|connect|accept4?|bind|listen|recv|recvmsg|recvfrom|send|sendmsg|sendto"
    r"|setsockopt|getsockopt|shutdown|splice|poll|epoll_\w+|getaddrinfo)\s*\(")


def is_exempt(source):
    return source.folder in FREE or not source.is_cpp


def our_header(source, header, tree):
    if not any(header.startswith(folder + "/") for folder in (*OURS, *FREE)):
        return f'"{header}": write includes from the root, as in "core/io/ring.h"'
    if header not in tree:
        return None  # the compiler says it better
    if not header.startswith(OURS.get(source.folder, ())):
        allowed = ", ".join(OURS.get(source.folder, ()))
        return f'{source.folder} may not include "{header}"; it may include {allowed}'
    return None


def foreign_header(source, header):
    for pattern, folders in RESERVED:
        if re.fullmatch(pattern, header):
            if source.folder in folders:
                return None
            return f"<{header}> belongs to {' and '.join(folders)}, not to {source.folder}"
    if source.folder in STANDARD_ONLY and re.search(r"[./]", header):
        return f"{source.folder} may include standard C++ headers only, not <{header}>"
    return None


def check_includes(tree):
    for source in tree.values():
        if is_exempt(source):
            continue
        for line, spelled in source.includes:
            header = spelled[1:-1]
            text = (our_header(source, header, tree) if spelled[0] == '"'
                    else foreign_header(source, header))
            if text:
                yield source.complain(line_offset(source, line), text)


def line_offset(source, line):
    return sum(len(text) + 1 for text in source.text.split("\n")[:line - 1])


def check_socket_calls(tree):
    for source in tree.values():
        if is_exempt(source) or source.folder == "core/io":
            continue
        for match in SOCKET_CALL.finditer(source.code):
            yield source.complain(match.start(), f"::{match.group(1)}: system calls on sockets "
                                  "stay in core/io, behind Ring and Socket")


def check_own_header_first(tree):
    """This also proves that a header with a .cc compiles alone."""
    for source in tree.values():
        own = source.path[:-3] + ".h"
        if not source.path.endswith(".cc") or own not in tree:
            continue
        if not source.includes or source.includes[0][1] != f'"{own}"':
            yield source.complain(0, f'the first include must be its own header, "{own}"')


CHECKS = [
    ("who may include whom", check_includes),
    ("socket calls stay in core/io", check_socket_calls),
    ("own header first", check_own_header_first),
]
