#include "loadgen/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/check.h"
#include "core/base/flags.h"

namespace jumpgate::load {

Parsed<Template> Template::parse(std::string_view text, std::string_view letters) {
    for (size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 2)) {
        const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
        if (letter == '%') continue;
        if (letter == '\0' || letters.find(letter) == letters.npos) {
            std::string allowed;
            for (const char known : letters) allowed += std::string("%") + known + " ";
            return Problem{"has an unknown placeholder; known here are " + allowed + "and %%"};
        }
    }
    Template parsed;
    parsed.text_ = text;
    return parsed;
}

static void append_number(std::string& out, uint64_t number) {
    std::array<char, 20> digits{};
    const auto written = std::to_chars(digits.begin(), digits.end(), number);
    out.append(digits.data(), static_cast<size_t>(written.ptr - digits.data()));
}

void Template::append_to(std::string& out, const TemplateValues& values) const {
    std::string_view rest = text_;
    for (size_t at = rest.find('%'); at != rest.npos; at = rest.find('%')) {
        CHECK(at + 1 < rest.size());  // parse() saw to it
        out += rest.substr(0, at);
        switch (rest[at + 1]) {
            case 'i':
                append_number(out, values.number);
                break;
            case 't':
                append_number(out, values.tenant);
                break;
            case 'g':
                append_number(out, values.cell);
                break;
            case 's':
                append_number(out, values.message);
                break;
            case 'r':
                out += values.role;
                break;
            case 'c':
                out += values.client_id;
                break;
            case 'u':
                out += values.username;
                break;
            default:
                out += '%';
                break;
        }
        rest.remove_prefix(at + 2);
    }
    out += rest;
}

bool Template::has(char letter) const {
    for (size_t at = text_.find('%'); at != text_.npos; at = text_.find('%', at + 2)) {
        if (text_[at + 1] == letter) return true;
    }
    return false;
}

Template Template::with_wildcards(std::string_view letters) const {
    Template filter;
    std::string_view rest = text_;
    while (true) {
        const size_t end = std::min(rest.find('/'), rest.size());
        Template level;
        level.text_ = rest.substr(0, end);
        const bool varies =
            std::ranges::any_of(letters, [&](char letter) { return level.has(letter); });
        filter.text_ += varies ? "+" : level.text_;
        if (end == rest.size()) return filter;
        filter.text_ += '/';
        rest.remove_prefix(end + 1);
    }
}

std::optional<std::string> settle_template(std::string_view flag, std::string_view text,
                                           std::string_view letters, Template& out) {
    Parsed<Template> parsed = Template::parse(text, letters);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) {
        return fmt::format("--{}: {} {}", flag, shown(text), problem->text);
    }
    out = std::move(std::get<Template>(parsed));
    return std::nullopt;
}

}  // namespace jumpgate::load
