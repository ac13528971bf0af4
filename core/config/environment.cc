#include "core/config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/flags.h"
#include "core/config/yaml.h"

namespace jumpgate {

namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kSpace = " \t";
constexpr size_t kSubstitutedBytesMax = 16U << 20U;

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(kSpace);
    if (first == text.npos) return "";
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_variable_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    return !name.empty() && std::ranges::all_of(name, allowed);
}

class Substitution {
  public:
    Substitution(std::string_view file, const Variable& variable)
        : file_(file), variable_(variable) {}

    void visit(Value& value, const std::string& path);
    std::vector<Complaint> complaints;

  private:
    // The text with every variable in it replaced; none where it has none, or a broken one.
    std::optional<std::string> replaced(const std::string& text, Mark mark,
                                        const std::string& path);
    std::optional<std::string> look_up(std::string_view inner, Mark mark, const std::string& path);
    void visit_text(Value& value, const std::string& path);
    void visit_map(Value& map, const std::string& path);
    void complain(Mark mark, const std::string& path, std::string problem, std::string allowed);

    std::string_view file_;
    const Variable& variable_;
    size_t bytes_ = 0;
};

void Substitution::complain(Mark mark, const std::string& path, std::string problem,
                            std::string allowed) {
    complaints.push_back({std::string(file_), mark, path, std::move(problem), std::move(allowed)});
}

std::optional<std::string> Substitution::look_up(std::string_view inner, Mark mark,
                                                 const std::string& path) {
    const size_t assign = inner.find(":=");
    const std::string name(trimmed(inner.substr(0, assign)));
    if (!is_variable_name(name)) {
        complain(mark, path, fmt::format("{} is no name of a variable", shown(name)),
                 "${{NAME}} or ${{NAME:=default}}, of letters, digits and _");
        return std::nullopt;
    }
    if (std::optional<std::string> value = variable_(name)) return value;
    if (assign != inner.npos) return std::string(trimmed(inner.substr(assign + 2)));
    complain(mark, path, fmt::format("the environment variable {} is not set", name),
             fmt::format("set it, or write ${{{{{}:=default}}}}", name));
    return std::nullopt;
}

std::optional<std::string> Substitution::replaced(const std::string& text, Mark mark,
                                                  const std::string& path) {
    std::string result;
    size_t at = 0;
    for (size_t open; (open = text.find(kOpen, at)) != text.npos;) {
        const size_t start = open + kOpen.size();
        const size_t close = text.find(kClose, start);
        if (close == text.npos) {
            complain(mark, path, "has ${{ without }} behind it", "${{NAME}}");
            return std::nullopt;
        }
        const std::string_view inner = std::string_view(text).substr(start, close - start);
        const std::optional<std::string> value = look_up(inner, mark, path);
        if (!value) return std::nullopt;
        result.append(text, at, open - at).append(*value);
        at = close + kClose.size();
        bytes_ += value->size();
        if (bytes_ > kSubstitutedBytesMax) {
            complain(mark, path, "too much text comes from variables", "16 MiB in a file");
            return std::nullopt;
        }
    }
    if (at == 0) return std::nullopt;
    return result.append(text, at);
}

void Substitution::visit_text(Value& value, const std::string& path) {
    const std::string_view text = value.text;
    const bool whole = text.starts_with(kOpen) && text.find(kClose) == text.size() - kClose.size();
    std::optional<std::string> result = replaced(value.text, value.mark, path);
    if (!result) return;
    if (whole) {
        Value typed = plain_scalar(*result);
        if (typed.kind == Value::Kind::Null) typed.kind = Value::Kind::Text;  // as APISIX has it
        typed.mark = value.mark;
        value = std::move(typed);
    }
    value.text = std::move(*result);
}

void Substitution::visit_map(Value& map, const std::string& path) {
    bool renamed = false;
    for (Member& member : map.members) {
        if (auto key = replaced(member.key, member.mark, path)) {
            member.key = std::move(*key);
            renamed = true;
        }
        visit(member.value, path.empty() ? member.key : path + "." + member.key);
    }
    if (!renamed) return;
    std::vector<const Member*> sorted;
    for (const Member& member : map.members) sorted.push_back(&member);
    std::ranges::stable_sort(sorted, {}, [](const Member* member) { return member->key; });
    for (size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i]->key == sorted[i - 1]->key)
            complain(sorted[i]->mark, path, fmt::format("{} stands twice", shown(sorted[i]->key)),
                     "each key once");
}

void Substitution::visit(Value& value, const std::string& path) {
    if (value.kind == Value::Kind::Text) return visit_text(value, path);
    if (value.kind == Value::Kind::Map) return visit_map(value, path);
    for (size_t i = 0; i < value.items.size(); ++i)
        visit(value.items[i], fmt::format("{}[{}]", path, i));
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<Complaint> substitute_variables(Value& document, std::string_view file,
                                            const Variable& variable) {
    Substitution substitution(file, variable);
    substitution.visit(document, "");
    return std::move(substitution.complaints);
}

}  // namespace jumpgate
