"""Small trees for the checks: name -> ([trees it must refuse], [trees it must let pass])."""

TEST_BUILD = {"tests/meson.build": "executable('io', files('io/ring_test.cc'))"}


def cpp(body, path="core/io/ring.cc"):
    return {path: body}


def function_of(lines, head="int f()"):
    return head + " {\n" + "    g();\n" * (lines - 2) + "}\n"


SAMPLES = {
    "who may include whom": (
        [
            {"mqtt/a.cc": '#include "core/base/b.h"', "core/base/b.h": ""},
            {"core/base/a.cc": '#include "core/io/b.h"', "core/io/b.h": ""},
            {"core/proxy/a.cc": '#include "core/config/flags.h"', "core/config/flags.h": ""},
            {"loadgen/a.cc": '#include "core/route/upstream.h"', "core/route/upstream.h": ""},
            {"core/io/a.cc": '#include "tests/b.h"', "tests/b.h": ""},
            {"core/io/a.cc": '#include "ring.h"'},
            {"core/proxy/a.cc": "#include <liburing.h>"},
            {"loadgen/a.cc": "#  include <sys/socket.h>"},
            {"mqtt/a.cc": "#include <unistd.h>"},
            {"mqtt/a.h": "#include <fmt/format.h>"},
            {"core/route/a.cc": "#include <sys/time.h>"},
        ],
        [
            {"core/proxy/a.cc": '#include "core/config/config.h"', "core/config/config.h": ""},
            {"core/main.cc": '#include "core/proxy/server.h"', "core/proxy/server.h": ""},
            {"loadgen/a.cc": '#include "core/route/jump_hash.h"', "core/route/jump_hash.h": ""},
            {"tests/io/a.cc": '#include <sys/socket.h>\n#include "core/io/b.h"', "core/io/b.h": ""},
            {"core/io/a.cc": "#include <liburing.h>\n#include <vector>"},
            {"mqtt/a.cc": "// #include <unistd.h>\n#include <cstdint>"},
        ]),
    "socket calls stay in core/io": (
        [cpp("void f() { ::connect(1, a, b); }", "core/proxy/dial.cc"),
         cpp("int g = ::getsockopt (1);", "loadgen/fleet.cc")],
        [cpp("void f() { ::connect(1, a, b); }"),
         cpp("void f() { Socket::connect(a); r.send(b); // ::send(c)\n}", "core/proxy/dial.cc")]),
    "own header first": (
        [{"core/io/ring.cc": '#include <vector>\n#include "core/io/ring.h"', "core/io/ring.h": ""}],
        [{"core/io/ring.cc": '// why\n#include "core/io/ring.h"\n#include <vector>',
          "core/io/ring.h": ""},
         {"core/main.cc": "#include <vector>"}]),
    "a file has 500 lines at most": (
        [cpp("//\n" * 501), {"dev": "#\n" * 501}], [cpp("//\n" * 500)]),
    "a function has 70 lines at most": (
        [
            cpp(function_of(71)),
            cpp("namespace a::b {\n" + function_of(71) + "}"),
            cpp("class A {\n  public:\n" + function_of(71, "A(int b) : b_{b}, c_(1)") + "};"),
            cpp("template <class T>\n" + function_of(71, "T f(T a = {})")),
            cpp(function_of(71, "TEST(Ring, Turns)")),
        ],
        [
            cpp(function_of(70)),
            cpp("namespace a {\n" + function_of(70) + function_of(70) + "}"),
            cpp("struct A {\n" + "    int b;\n" * 90 + "};"),
            cpp("const int kTable[] = {\n" + "    1,\n" * 90 + "};"),
            cpp("const char* kText = R\"(\n" + "} {\n" * 90 + ')";\n' + function_of(70)),
            cpp("#define F(x) {\n" + function_of(60) + function_of(60)),
        ]),
    "a line has 100 columns at most": ([cpp("x" * 101)], [cpp("x" * 100)]),
    "a file opens with a comment": (
        [cpp('#include "a.h"'), {"core/io/ring.h": "// Ring.\nint a;"}],
        [cpp("// Ring.\n"),
         {"core/io/ring.h": "// Ring.\n#pragma once\n", "core/io/ring.cc": "int a;"}]),
    "names say something": (
        [
            cpp("", "core/io/buffer_util.h"),
            cpp("class ConnectionManager {};"),
            cpp("using PacketData = int;"),
            cpp("enum class RingHelper : int { A };"),
            cpp("void read_data(int a);"),
            cpp("void handle_accept(int a);"),
            cpp("int a = handle_count;"),
        ],
        [
            cpp("auto a = bytes.data(); auto b = std::data(bytes); io_uring_sqe_set_data(s, d);"),
            cpp("std::coroutine_handle<> handle; bool correlation_data(int a);"),
            cpp("// handle_accept of nginx\nstruct Metadata {}; enum class Property { UserData };"),
        ]),
    "banned calls": (
        [
            cpp("std::thread t(f);", "core/proxy/worker.cc"),
            cpp("thread_local int a;", "core/proxy/worker.cc"),
            cpp("std::shared_ptr<int> a;"),
            cpp("std::function<void()> a;", "core/proxy/relay.h"),
            cpp("void f() { throw 1; }", "mqtt/connect.cc"),
            cpp(f"std::this_thread::{'sleep'}_for(a);", "tests/io/ring_test.cc"),
            {"tests/e2e/a_test.py": f"time.{'sleep'}(1)"},
            cpp("assert(a);"),
        ],
        [
            cpp("std::thread t(f);", "core/proxy/server.cc"),
            cpp("thread_local int a;", "core/io/task.cc"),
            cpp("try { f(); } catch (...) {}", "core/config/flags.cc"),
            cpp("// never throw; std::function is banned\nstatic_assert(true); retry();"),
            cpp('log("try again");', "mqtt/connect.cc"),
        ]),
    "nothing is left to do": (
        [cpp("// TODO: all"), {"dev": "# FIXME"}],
        [cpp("XXH3_64bits(a); // mktemp XXXXXX"), {"notes.md": "TODO"}]),
    "no lambda coroutine": (
        [
            cpp("void f() { auto a = [&]() -> Task<int> { co_return 1; }; }"),
            cpp("void f() { spawn([a, b](int c) mutable { co_await g(c); }); }"),
            cpp("void f() { spawn([&] { co_await g(); }); }"),
        ],
        [
            cpp("Task<int> f() { auto a = [&](int b) { return b; }; co_return a(1); }"),
            cpp("Task<int> f() { int a[3]; if (a[0] > 1) { co_await g(a[1]); } }"),
            cpp("[[nodiscard]] Task<int> f() { co_return 1; }"),
        ]),
    "one plain co_await a statement": (
        [
            cpp("Task<int> f() { int a = co_await g(1) + co_await g(2); }"),
            cpp("Task<int> f() { Result<int> a = co_await g(Opts{1, 2}); }"),
            cpp("Task<int> f() { Result<int> a = co_await g([b] { return b; }); }"),
            cpp("Task<int> f() { CHECK(co_await g(1)); }"),
            cpp("Task<int> f() { int a = co_await g(MAX_OF(1, 2)); }"),
            cpp("Task<int> f() { while (co_await g({1})) { h(); } }"),
        ],
        [
            cpp("Task<int> f() { int a = co_await g(1); int b = co_await g(a); }"),
            cpp("Task<int> f() { while (co_await g(1)) { co_await h(2); } }"),
            cpp("Task<int> f() { if (auto a = co_await g(1); a) { CHECK(a); } }"),
        ]),
    "coroutine parameters own nothing": (
        [
            cpp("Task<int> read(std::string name);"),
            cpp("Task<Result<int>> Connection::read(int a, std::vector<int> b) {}"),
            cpp("Task<int> read(Buffer&& buffer) {}"),
            cpp("Detached serve(std::unique_ptr<Connection> connection);"),
        ],
        [
            cpp("Task<int> read(const std::string& a, std::vector<int>* b, std::string_view c);"),
            cpp("int read(std::string name);"),
            cpp("Task<int> read(std::span<const std::byte> a, int b = 3);"),
        ]),
    "coroutines live in .cc files": (
        [cpp("inline Task<int> f() { co_return 1; }", "core/io/socket.h")],
        [cpp("inline Task<int> f() { co_return 1; }"), cpp("Task<int> f();", "core/io/socket.h")]),
    "every .cc has a mirrored test": (
        [
            cpp(""),
            {"mqtt/connect.cc": "", "tests/io/connect_test.cc": ""},
            {"core/main.cc": "", "tests/main_test.cc": ""},
            {"core/io/ring_flags.cc": "", "core/io/ring_flags.h": "", "core/io/ring.h": "",
             "tests/io/ring_test.cc": ""},
        ],
        [
            {"core/io/ring.cc": "", "tests/io/ring_test.cc": ""},
            {"core/io/ring_flags.cc": "", "core/io/ring.h": "", "tests/io/ring_test.cc": ""},
            {"mqtt/connect.cc": "", "tests/mqtt/connect_test.cc": ""},
            {"core/main.cc": "", "bench/a.cc": ""},
        ]),
    "meson knows every file": (
        [
            {"tests/io/ring_test.cc": "", "tests/io/meson.build": "files('sparring_test.cc')"},
            {"core/io/ring.cc": "", "meson.build": ""},
            {"tests/e2e/drain_test.py": ""},
        ],
        [
            {"tests/io/ring_test.cc": "", **TEST_BUILD},
            {"tests/e2e/drain_test.py": "", "tests/e2e/meson.build": "foreach t : ['drain_test']"},
            {"tests/e2e/broker.py": ""},
        ]),
    "a document has one title": (
        [{"a.md": "# A\n# B\n"}, {"a.md": "text\n"}, {"a.md": "text\n# A\n"}],
        [{"a.md": "# A\n```\n# no title\n```\n## B\n"}]),
    "links lead somewhere": (
        [{"README.md": "# A\n[b](docs/b.md)"},
         {"docs/a.md": "# A\n[b](b.md#no-such)", "docs/b.md": "# B\n"}],
        [{"README.md": "# A\n[b](docs/b.md#the-b) [d](docs)\n```\n[x](y)\n```\n[c](https://c.de)",
          "docs/b.md": "# B\n## The b\n"}]),
    "nothing of one machine": (
        [{"a.sh": "cd " + "/work" + "/main"}, {"a.json": "https://registry" + ".npmjs.org/x"},
         {"dev": "deb http://deb" + ".debian.org/debian"}],
        [{"a.sh": 'cd "$here/work/main"; ls /usr/lib /etc/os-release'},
         {"a.md": "the homepage is example.org"}]),
    "every flag is documented": (
        [{"docs/flags.md": "`--listen`", "core/config/flags.cc": 'a("--listen");\na("--pin");'}],
        [{"docs/flags.md": "`--listen`", "core/config/flags.cc": 'add("-l,--listen", a); // --pin'},
         {"core/config/flags.cc": 'add("--listen", a);'}]),
    "every header compiles alone": (
        [{"core/io/a.h": "// A.\n#pragma once\nstd::vector<int> a();\n"}],
        [{"core/io/a.h": '// A.\n#pragma once\n#include "core/io/b.h"\nB a();\n',
          "core/io/b.h": "// B.\n#pragma once\nstruct B {};\n", "core/io/b.cc": ""}]),
}
