#include "loadgen/child_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

namespace jumpgate::load {
namespace {

// A shell in jumpload's place: what it is given behind its script is --quiet --json PATH.
Parsed<ChildResult> run_script(std::string script) {
    return run_child({"-c", std::move(script)}, "/bin/sh");
}

TEST(ChildRun, BringsTheResultAndTheExitCode) {
    const auto ran =
        run_script("echo '{\"a\":{\"b\":7}}' > \"$2\"; echo hush; echo why >&2; exit 3");
    const ChildResult& child = std::get<ChildResult>(ran);
    EXPECT_EQ(child.exit_code, 3);
    EXPECT_EQ(child.errors, "why\n");
    EXPECT_FALSE(child.interrupted);
    ASSERT_NE(child.json, nullptr);
    EXPECT_EQ(number_at(*child.json, "a.b"), 7);
    EXPECT_EQ(number_at(*child.json, "a.c", -1), -1);
    EXPECT_EQ(number_at(*child.json, "a.b.c", -1), -1);
    EXPECT_EQ(number_at(*child.json, "a", -1), -1);
}

TEST(ChildRun, SaysWhatWasWrongWithTheCommandLine) {
    const auto ran = run_script("echo 'no such flag' >&2; exit 2");
    const ChildResult& child = std::get<ChildResult>(ran);
    EXPECT_EQ(child.exit_code, 2);
    EXPECT_EQ(child.errors, "no such flag\n");
    EXPECT_EQ(child.json, nullptr);
}

TEST(ChildRun, FailuresToConnectAreSaidWithWhatToDo) {
    const nlohmann::json result = {{"setup_failures", {{"refused", 3}, {"reset", 1}}}};
    const std::vector<std::string> phrases = {
        "3 attempts failed: refused (nothing listens at the target; check --host and --port)",
        "1 attempts failed: reset"};
    EXPECT_EQ(setup_failures(result), phrases);
    EXPECT_TRUE(setup_failures(nlohmann::json::object()).empty());
}

TEST(ChildRun, HasNoResultWhereNoneWasWritten) {
    for (const char* script : {"exit 0", "echo '{\"half' > \"$2\"", "kill -KILL $$"}) {
        const auto ran = run_script(script);
        EXPECT_EQ(std::get<ChildResult>(ran).json, nullptr) << script;
    }
    EXPECT_EQ(std::get<ChildResult>(run_script("kill -KILL $$")).exit_code, 128 + SIGKILL);
    EXPECT_TRUE(std::holds_alternative<Problem>(run_child({}, "/no/such/program")));
}

TEST(ChildRun, PassesASignalOnAndWaitsForThePartialResult) {
    // The child ends by the signal alone, which its parent gets first: it asks for it.
    const auto ran = run_script(
        "trap 'echo \"{\\\"partial\\\":1}\" > \"$2\"; exit 0' TERM; kill -TERM $PPID; "
        "while :; do sleep 0.05; done");
    const ChildResult& child = std::get<ChildResult>(ran);
    EXPECT_TRUE(child.interrupted);
    EXPECT_EQ(child.exit_code, 0);
    ASSERT_NE(child.json, nullptr);
    EXPECT_EQ(number_at(*child.json, "partial"), 1);
}

}  // namespace
}  // namespace jumpgate::load
