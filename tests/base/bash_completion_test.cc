#include "core/base/bash_completion.h"

#include <gtest/gtest.h>

#include "tests/base/manual_sample.h"

// What bash makes of such a script: tests/e2e/completion_test.py.
namespace jumpgate {
namespace {

bool has(const std::string& script, const std::string& part) {
    return script.find(part) != script.npos;
}

TEST(BashCompletion, KnowsWhatEachFlagTakes) {
    const std::string script = bash_completion(sample_manual());
    EXPECT_TRUE(has(script, "\n        --colour) kind=words words='red green' ;;\n")) << script;
    EXPECT_TRUE(has(script, "\n        --qos | -q) kind=words words='0 1 2' ;;\n")) << script;
    EXPECT_TRUE(has(script, "\n        --help-completion) kind=words words='bash zsh' ;;\n"));
    EXPECT_TRUE(has(script, "\n        --out | \\\n            -o) kind=files ;;\n")) << script;
    EXPECT_TRUE(has(script, "            --host | \\\n            --layer) kind=text ;;\n"));
    EXPECT_FALSE(has(script, "--wet)"));
}

TEST(BashCompletion, ListsFlagsLettersAndSwitchesThatCanBeTurnedOff) {
    const std::string script = bash_completion(sample_manual());
    EXPECT_TRUE(has(script, "        flags='--size\n            --qos\n            --wet\n"))
        << script;
    EXPECT_TRUE(has(script, "        letters='-s -q -o' negated='--no-wet'\n")) << script;
    EXPECT_TRUE(script.ends_with("complete -F _paint paint\n"));
}

TEST(BashCompletion, HasAnArmForEachModeAndOneForNone) {
    const std::string script = bash_completion(sample_manual_with_modes());
    for (const char* arm : {"\n    '')", "\n    'wall')", "\n    'door')", "\n    'clean')"})
        EXPECT_TRUE(has(script, arm)) << arm << script;
    EXPECT_TRUE(has(script, "        kind=words words='wall door clean'\n")) << script;
    EXPECT_TRUE(has(script, "        kind=files words=''\n"));
    EXPECT_TRUE(has(script, "        --folder) kind=folders ;;\n"));
}

}  // namespace
}  // namespace jumpgate
