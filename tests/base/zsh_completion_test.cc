#include "core/base/zsh_completion.h"

#include <gtest/gtest.h>

#include "tests/base/manual_sample.h"

// What zsh makes of such a script: tests/e2e/completion_test.py.
namespace jumpgate {
namespace {

bool has(const std::string& script, const std::string& part) {
    return script.find(part) != script.npos;
}

TEST(ZshCompletion, SpecifiesWhatEachFlagTakesAndMeans) {
    const std::string script = zsh_completion(sample_manual());
    for (const char* specification : {"'(--colour)--colour=[Paint]:WORD:(red green)'",
                                      "'(--out -o)--out=[What `paint` writes]:FILE:_files'",
                                      "'(--out -o)-o+[What `paint` writes]:FILE:_files'",
                                      "'(--host)--host=[Who paints]:HOST\\:PORT: '",
                                      "'*--layer=[A layer]:NAME: '", "'(- : *)--help[This text]'"})
        EXPECT_TRUE(has(script, specification)) << specification << script;
}

TEST(ZshCompletion, EscapesWhatZshWouldTakeForItsOwn) {
    const std::string script = zsh_completion(sample_manual());
    EXPECT_TRUE(has(script, "[Quality \\[of service\\]\\: 0, 1 or 2]:N:(0 1 2)'")) << script;
    EXPECT_TRUE(has(script, "--no-wet[not\\: Doesn'\\''t wait]'")) << script;
}

TEST(ZshCompletion, DescribesModesAndTheirOperands) {
    const std::string script = zsh_completion(sample_manual_with_modes());
    EXPECT_TRUE(script.starts_with("#compdef paint\n"));
    EXPECT_TRUE(has(script, "            'wall:paints walls'\n")) << script;
    EXPECT_TRUE(has(script, "    door)\n        _arguments \\\n")) << script;
    EXPECT_TRUE(has(script, "'*:PICTURE...:_files'\n        ;;\n")) << script;
    EXPECT_TRUE(has(script, "'(--folder)--folder=[Where layers are; see --size]:DIR:_files -/'"));
}

}  // namespace
}  // namespace jumpgate
