// Scenario: a mode and flags under one name, from the presets or from a file.
//
// Law: a scenario gives values to flags and nothing else, so whatever it does can be read, changed
// and repeated on the command line; what is given there wins. Names of the Open MQTT Benchmark
// Suite are read by their grammar, SHAPE-PUBLISHERS-SUBSCRIBERS-IN-OUT and
// conn-TRANSPORT-CLIENTS-RATE, so other sizes than those of the suite work too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parsed.h"

namespace jumpgate::load {

struct ScenarioFlag {
    std::string name;  // "count"
    std::vector<std::string> values;
    std::string where;  // "night.yaml:3:1", or "p2p-1K-1K-1K-1K"
};

struct Scenario {
    std::string name;
    std::string about;  // a sentence or two
    std::string mode;   // "p2p", or "compare"
    std::vector<ScenarioFlag> flags;
};

// The presets, and one of each grammar.
std::vector<Scenario> preset_scenarios();
// Nothing: there is no scenario of that name.
std::optional<Scenario> named_scenario(std::string_view name);
// A YAML file: `mode`, `about`, and flags by their long names. The problem is said whole, with line
// and column.
Parsed<Scenario> read_scenario(const std::string& path);
// By name; by path where it ends in .yaml or .yml, or holds a slash.
Parsed<Scenario> find_scenario(const std::string& name_or_path);

}  // namespace jumpgate::load
