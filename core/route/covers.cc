#include "core/route/covers.h"

#include <algorithm>
#include <array>

#include "core/route/glob.h"

namespace jumpgate {

namespace {

using Kind = TextMatch::Kind;

bool is_everything(const TextMatch& match) {
    constexpr std::array<std::string_view, 4> kRegexes = {"", "^", ".*", "^.*"};
    switch (match.kind()) {
        case Kind::Any:
            return true;
        case Kind::Exact:
            return false;
        case Kind::Prefix:
            return match.pattern().empty();
        case Kind::Glob:
            return !match.pattern().empty() &&
                   match.pattern().find_first_not_of('*') == std::string::npos;
        case Kind::Regex:
            return std::ranges::find(kRegexes, match.pattern()) != kRegexes.end();
    }
    return false;
}

// What every match of a regular expression begins with; empty where its text does not show it.
std::string head_of_regex(std::string_view pattern) {
    constexpr std::string_view kOperators = "^$.|?*+()[]{}\\";
    const bool is_plain = pattern.find('|') == pattern.npos && pattern.find("(?") == pattern.npos;
    if (!pattern.starts_with('^') || !is_plain) return {};
    const size_t end = std::min(pattern.find_first_of(kOperators, 1), pattern.size());
    std::string head(pattern.substr(1, end - 1));
    const bool may_be_absent =
        end < pattern.size() && (pattern[end] == '?' || pattern[end] == '*' || pattern[end] == '{');
    if (!may_be_absent) return head;
    while (!head.empty() && (static_cast<unsigned char>(head.back()) & 0xC0U) == 0x80U)
        head.pop_back();  // the tail of a character (RFC 3629)
    if (!head.empty()) head.pop_back();
    return head;
}

// What every match begins with.
std::string head_of(const TextMatch& match) {
    const std::string& pattern = match.pattern();
    switch (match.kind()) {
        case Kind::Any:
            return {};
        case Kind::Exact:
        case Kind::Prefix:
            return pattern;
        case Kind::Glob:
            return pattern.substr(0, pattern.find_first_of("*?\\"));
        case Kind::Regex:
            return head_of_regex(pattern);
    }
    return {};
}

// A '*' of `some` is a letter like others to `glob`, which only a '*' of its own can match.
bool glob_covers(const std::string& glob, const TextMatch& some) {
    if (glob.find_first_of("?\\") != glob.npos) return false;
    if (some.kind() != Kind::Glob) return glob_matches(glob, head_of(some) + "*");
    return some.pattern().find('\\') == std::string::npos && glob_matches(glob, some.pattern());
}

bool covers(const std::optional<Cidr>& all, const std::optional<Cidr>& some) {
    if (!all) return true;
    if (!some || all->v4 != some->v4 || all->prefix_bits > some->prefix_bits) return false;
    return all->contains(std::span(some->network).first(some->v4 ? 4 : 16));
}

bool is_every_level(const std::vector<uint8_t>& levels) {
    return std::ranges::all_of(std::array<uint8_t, 3>{3, 4, 5}, [&](uint8_t level) {
        return std::ranges::find(levels, level) != levels.end();
    });
}

// HTTP has no level, and meets no list of them.
bool levels_cover(const RouteMatch& all, const RouteMatch& some) {
    if (all.levels.empty()) return true;
    if (all.protocol != Protocol::Mqtt) return false;
    if (some.levels.empty()) return is_every_level(all.levels);
    return std::ranges::all_of(some.levels, [&](uint8_t level) {
        return std::ranges::find(all.levels, level) != all.levels.end();
    });
}

// A pattern matches all that another does where it matches the other's text: "*.b.example" is, as a
// name, below "*.example".
bool names_cover(const RouteMatch& all, const RouteMatch& some) {
    if (all.snis.empty()) return true;
    RouteMatch named;
    named.snis = all.snis;
    return !some.snis.empty() && std::ranges::all_of(some.snis, [&named](const std::string& sni) {
        return named.matches({.sni = sni});
    });
}

}  // namespace

bool covers(const TextMatch& all, const TextMatch& some) {
    if (is_everything(all)) return true;
    if (some.kind() == Kind::Any) return false;
    if (some.kind() == Kind::Exact) return all.matches(some.pattern());
    if (all.kind() == some.kind() && all.pattern() == some.pattern()) return true;
    if (all.kind() == Kind::Prefix) return head_of(some).starts_with(all.pattern());
    return all.kind() == Kind::Glob && glob_covers(all.pattern(), some);
}

bool covers(const RouteMatch& all, const RouteMatch& some) {
    return all.protocol == some.protocol &&
           (all.server_port == 0 || all.server_port == some.server_port) &&
           covers(all.client_id, some.client_id) && covers(all.username, some.username) &&
           covers(all.cert_cn, some.cert_cn) && covers(all.remote_addr, some.remote_addr) &&
           covers(all.server_addr, some.server_addr) && levels_cover(all, some) &&
           names_cover(all, some);
}

bool is_elusive(const RouteMatch& match) {
    const auto is_pattern = [](const TextMatch& text) {
        return text.kind() == Kind::Glob || text.kind() == Kind::Regex;
    };
    return is_pattern(match.client_id) || is_pattern(match.username) || is_pattern(match.cert_cn) ||
           is_every_level(match.levels);
}

}  // namespace jumpgate
