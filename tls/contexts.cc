#include "tls/contexts.h"

#include <algorithm>
#include <ranges>

namespace jumpgate::tls {
namespace {

bool can_check(const ClientHello& hello, KeyType key) {
    switch (key) {
        case KeyType::Rsa:
            return hello.checks.rsa;
        case KeyType::Ecdsa:
            return hello.checks.ecdsa;
        case KeyType::Ed25519:
            return hello.checks.ed25519;
    }
    return false;
}

// "a.example.org" -> "*.example.org"; empty: no wildcard is for it.
std::string wildcard_of(std::string_view name) {
    const size_t dot = name.find('.');
    if (dot == name.npos || dot == 0) return {};
    return "*" + std::string(name.substr(dot));
}

bool certifies(const Site& site, std::string_view name) {
    const auto has = [&](std::string_view one) {
        return std::ranges::find(site.certified, one) != site.certified.end();
    };
    return has(name) || has(wildcard_of(name));
}

}  // namespace

template <class Sites>
const Site* ServerContext::best_of(const Sites& candidates, const ClientHello& hello) const {
    const Site* best = nullptr;
    int best_rank = -1;
    for (const uint32_t index : candidates) {
        const Site& site = sites[index];
        const int rank = 2 * static_cast<int>(can_check(hello, site.key_type)) +
                         static_cast<int>(certifies(site, hello.server_name));
        if (rank <= best_rank) continue;
        best = &site;
        best_rank = rank;
    }
    return best;
}

std::span<const SiteName> ServerContext::named(std::string_view name) const {
    return std::ranges::equal_range(names, name, std::ranges::less(), &SiteName::name);
}

const Site* ServerContext::choose(const ClientHello& hello) const {
    const std::string& name = hello.server_name;
    const auto best_named = [&](std::span<const SiteName> found) {
        return best_of(std::views::transform(found, &SiteName::site), hello);
    };
    if (!name.empty()) {
        if (const auto exact = named(name); !exact.empty()) return best_named(exact);
        const size_t first_dot = name.find('.');
        for (size_t dot = first_dot; dot != name.npos; dot = name.find('.', dot + 1)) {
            const auto wild = named("*" + name.substr(dot));
            // All of one name are of one group, and alike.
            if (!wild.empty() && (dot == first_dot || wild.front().is_deep))
                return best_named(wild);
        }
        if (const auto any = named("*"); !any.empty()) return best_named(any);
    }
    if (strict_sni) return nullptr;
    return best_of(std::views::iota(uint32_t{0}, default_sites), hello);
}

}  // namespace jumpgate::tls
