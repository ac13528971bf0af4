// Command lines as the tests of core/config give them, and the one line of a refusal.
//
// Law: a refusal is exactly one line, on stderr, with exit code 2; refusal() checks it each time.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/load.h"

namespace jumpgate {

using Parse = std::variant<Loaded, FlagsExit>;

// `arguments` behind the program's name, in an environment of `variables` alone.
inline Parse parse(std::vector<std::string> arguments, std::vector<std::string> variables = {}) {
    return load({std::move(arguments), std::move(variables)}, "jumpgate 0\n", nullptr);
}

// With the two flags that nothing starts without.
inline Parse parse_with_door(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--listen", "1883", "--broker", "b1:1883"});
    return parse(std::move(arguments));
}

// The line of a refusal, checked to be exactly one, on stderr, with exit code 2.
inline std::string refusal(const Parse& parsed) {
    const FlagsExit* exit = std::get_if<FlagsExit>(&parsed);
    if (exit == nullptr) return "accepted";
    EXPECT_EQ(exit->exit_code, 2);
    EXPECT_TRUE(exit->to_stderr);
    EXPECT_EQ(exit->text.find('\n'), exit->text.size() - 1) << exit->text;
    return exit->text.substr(0, exit->text.size() - 1);
}

// The Config of a command line that is accepted.
inline const Config& accepted(const Parse& parsed) { return std::get<Loaded>(parsed).config; }

}  // namespace jumpgate
