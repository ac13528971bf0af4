#include "core/config/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/near_miss.h"
#include "core/config/flags.h"

namespace jumpgate {

namespace {

constexpr std::string_view kPrefix = "JUMPGATE_";
constexpr std::string_view kBlanks = " \t\r\n";

std::vector<std::string> split(std::string_view value) {
    std::vector<std::string> items;
    for (size_t start = value.find_first_not_of(kBlanks); start != value.npos;) {
        const size_t end = std::min(value.find_first_of(kBlanks, start), value.size());
        items.emplace_back(value.substr(start, end - start));
        start = value.find_first_not_of(kBlanks, end);
    }
    return items;
}

// What a service named "jumpgate" gets from Kubernetes, and a container from Docker links:
// JUMPGATE_SERVICE_HOST, JUMPGATE_PORT_1883_TCP_ADDR.
bool is_of_platform(std::string_view name) {
    name.remove_prefix(kPrefix.size());
    return name == "PORT" || name.starts_with("PORT_") || name.starts_with("SERVICE_HOST") ||
           name.starts_with("SERVICE_PORT");
}

void warn_of_unknown(const FlagTable& table, const std::string& name, Checked& found) {
    std::vector<std::string> names;
    for (const Flag& flag : table.rows())
        if (!flag.mode) names.push_back(variable_name(flag).substr(kPrefix.size()));
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::optional<std::string_view> near =
        near_miss(std::string_view(name).substr(kPrefix.size()), known);
    std::string words = near ? fmt::format("is no setting; did you mean {}{}?", kPrefix, *near)
                             : "is no setting; ignored";
    found.warnings.push_back({"environment", {}, name, std::move(words), {}});
}

}  // namespace

void read_variables(const std::vector<std::string>& variables, FlagTable& table, Checked& found) {
    for (const std::string& variable : variables) {
        const size_t equals = variable.find('=');
        if (!variable.starts_with(kPrefix) || equals == variable.npos) continue;
        const std::string name = variable.substr(0, equals);
        const std::string value = variable.substr(equals + 1);
        const auto named = [&](const Flag& flag) { return variable_name(flag) == name; };
        const auto row = std::ranges::find_if(table.rows(), named);
        if (row == table.rows().end()) {
            if (!is_of_platform(name)) warn_of_unknown(table, name, found);
            continue;
        }
        const std::vector<std::string> values = row->repeatable ? split(value) : std::vector{value};
        if (value.empty() || values.empty()) continue;
        if (row->mode) {
            found.errors.push_back(
                {"environment", {}, name, "is a flag of the command line only", {}});
            continue;
        }
        Flag& flag = *table.row(row->name);
        if (std::optional<Problem> problem =
                table.give(flag, values, ValueSource::Environment, name))
            found.errors.push_back({"environment",
                                    {},
                                    name,
                                    std::move(problem->text),
                                    flag.kind == FlagKind::Switch ? "true, false" : flag.allowed});
    }
}

}  // namespace jumpgate
