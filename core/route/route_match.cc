#include "core/route/route_match.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace jumpgate {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
    return result;
}

bool equal_names(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

// The part of "*.example.com" that a name must end with, with something before it.
bool sni_matches(std::string_view pattern, std::string_view sni) {
    if (!pattern.starts_with('*')) return equal_names(pattern, sni);
    pattern.remove_prefix(1);
    return sni.size() > pattern.size() &&
           equal_names(pattern, sni.substr(sni.size() - pattern.size()));
}

uint32_t sni_specificity(std::string_view pattern) {
    const auto length = static_cast<uint32_t>(std::min<size_t>(pattern.size(), 0xffff));
    return (pattern.starts_with('*') ? 1u : 2u) << 16 | length;
}

// 0 for any address, else 1 and the bits of the prefix.
uint32_t cidr_specificity(const std::optional<Cidr>& cidr) {
    return cidr ? cidr->prefix_bits + 1u : 0;
}

// Quoted so that no pattern can imitate another condition.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (c == '"' || c == '\\') {
            result += {'\\', c};
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
        } else {
            result += c;
        }
    }
    return result + '"';
}

template <class T>
void make_set(std::vector<T>& items) {
    std::ranges::sort(items);
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

// Sorted, so that equal sets are equal texts: "a|b|c".
std::string joined(std::vector<std::string> words) {
    make_set(words);
    std::string result;
    for (const std::string& word : words) result += (result.empty() ? "" : "|") + word;
    return result;
}

std::string text_of(const std::vector<std::string>& snis) {
    std::vector<std::string> words;
    for (const std::string& sni : snis) words.push_back(quoted(lower(sni)));
    return joined(std::move(words));
}

std::string text_of(const std::vector<uint8_t>& levels) {
    std::vector<std::string> words;
    for (const uint8_t level : levels) words.push_back(std::to_string(level));
    return joined(std::move(words));
}

// 0 for any, else more for fewer of the 256.
uint32_t level_specificity(std::vector<uint8_t> levels) {
    make_set(levels);
    return levels.empty() ? 0 : 257 - static_cast<uint32_t>(levels.size());
}

}  // namespace

bool RouteMatch::matches_but_level(const RouteQuery& query) const {
    if (protocol != query.protocol) return false;
    if (server_port != 0 && server_port != query.server_port) return false;
    if (server_addr && !server_addr->contains(query.server_addr)) return false;
    if (remote_addr && !remote_addr->contains(query.remote_addr)) return false;
    const auto names_it = [&](const std::string& sni) { return sni_matches(sni, query.sni); };
    if (!snis.empty() && std::ranges::none_of(snis, names_it)) return false;
    return client_id.matches(query.client_id) && username.matches(query.username) &&
           cert_cn.matches(query.cert_cn);
}

bool RouteMatch::matches(const RouteQuery& query) const {
    if (!levels.empty() && std::ranges::find(levels, query.level) == levels.end()) return false;
    return matches_but_level(query);
}

std::vector<uint32_t> RouteMatch::specificity() const {
    uint32_t sni = 0;
    for (const std::string& name : snis) sni = std::max(sni, sni_specificity(name));
    return {sni,
            client_id.specificity(),
            username.specificity(),
            cert_cn.specificity(),
            cidr_specificity(remote_addr),
            cidr_specificity(server_addr),
            server_port != 0 ? 1u : 0u,
            level_specificity(levels)};
}

std::string RouteMatch::text() const {
    std::string form;
    const auto add = [&form](std::string_view name, const std::string& value) {
        fmt::format_to(std::back_inserter(form), "{}{}={}", form.empty() ? "" : " ", name, value);
    };
    const auto add_text = [&add](std::string_view name, const TextMatch& match) {
        if (match.kind() != TextMatch::Kind::Any)
            add(name, fmt::format("{}:{}", jumpgate::text(match.kind()), quoted(match.pattern())));
    };
    if (protocol == Protocol::Http) add("protocol", "http");
    if (!snis.empty()) add("sni", text_of(snis));
    add_text("client_id", client_id);
    add_text("username", username);
    add_text("cert_cn", cert_cn);
    if (remote_addr) add("remote_addr", jumpgate::text(*remote_addr));
    if (server_addr) add("server_addr", jumpgate::text(*server_addr));
    if (server_port != 0) add("server_port", std::to_string(server_port));
    if (!levels.empty()) add("level", text_of(levels));
    return form.empty() ? "any" : form;
}

}  // namespace jumpgate
