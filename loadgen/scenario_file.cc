// Scenario, from a file.
#include <fmt/format.h>

#include <algorithm>

#include "core/base/read_file.h"
#include "core/config/yaml.h"
#include "loadgen/plan_options.h"
#include "loadgen/scenario.h"

namespace jumpgate::load {

namespace {

bool is_scalar(const Value& value) {
    return value.kind != Value::Kind::Null && value.kind != Value::Kind::List &&
           value.kind != Value::Kind::Map;
}

// Nothing: it is neither a scalar nor a list of them.
std::optional<std::vector<std::string>> flag_values(const Value& value) {
    if (is_scalar(value)) return std::vector{scalar_text(value)};
    if (!std::ranges::all_of(value.items, is_scalar)) return std::nullopt;
    std::vector<std::string> values;
    for (const Value& item : value.items) values.push_back(scalar_text(item));
    return values;
}

Problem wrong(const std::string& file, Mark mark, std::string_view path, std::string problem,
              std::string allowed) {
    return {text(Complaint{file, mark, std::string(path), std::move(problem), std::move(allowed)})};
}

std::string modes() {
    std::string out;
    for (const Mode mode : kModes) out += fmt::format("{}{}", out.empty() ? "" : ", ", word(mode));
    return out;
}

}  // namespace

Parsed<Scenario> read_scenario(const std::string& path) {
    Parsed<std::string> text_of = read_file(path);
    if (const Problem* problem = std::get_if<Problem>(&text_of))
        return Problem{fmt::format("{}: {}", path, problem->text)};
    const auto read = read_yaml(std::get<std::string>(text_of), path);
    if (const Complaint* complaint = std::get_if<Complaint>(&read))
        return Problem{text(*complaint)};
    const Value& document = std::get<Value>(read);
    if (document.kind != Value::Kind::Map)
        return wrong(path, document.mark, "", "is no mapping", "mode: and flags by their names");
    Scenario scenario;
    scenario.name = path;
    for (const Member& member : document.members) {
        const auto values = flag_values(member.value);
        if (!values || values->empty())
            return wrong(path, member.value.mark, member.key, "is no value",
                         "a text, a number, true, false, or a list of them");
        if (member.key == "mode" || member.key == "about") {
            if (values->size() != 1)
                return wrong(path, member.value.mark, member.key, "is a list", "one text");
            (member.key == "mode" ? scenario.mode : scenario.about) = values->front();
            if (member.key == "mode" && !mode_of(scenario.mode))
                return wrong(path, member.value.mark, member.key,
                             shown(scenario.mode) + " plays no clients", modes());
            continue;
        }
        scenario.flags.push_back(
            {member.key, *values,
             fmt::format("{}:{}:{}", path, member.mark.line, member.mark.column)});
    }
    if (scenario.mode.empty()) return wrong(path, document.mark, "mode", "is missing", modes());
    return scenario;
}

}  // namespace jumpgate::load
