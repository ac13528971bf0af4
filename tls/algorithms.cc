#include "tls/algorithms.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "tls/library.h"

namespace jumpgate::tls {
namespace {

struct Suite {
    std::string_view wolfssl;
    std::string_view openssl;  // empty: as IANA's
    std::string_view iana;
    Version version;
};

// In the order of preference: AES has instructions on all servers; 128 bits are enough.
constexpr std::array kSuites = {
    Suite{"TLS13-AES128-GCM-SHA256", "", "TLS_AES_128_GCM_SHA256", Version::Tls13},
    Suite{"TLS13-AES256-GCM-SHA384", "", "TLS_AES_256_GCM_SHA384", Version::Tls13},
    Suite{"TLS13-CHACHA20-POLY1305-SHA256", "", "TLS_CHACHA20_POLY1305_SHA256", Version::Tls13},
    Suite{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Version::Tls12},
    Suite{"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Version::Tls12},
    Suite{"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Version::Tls12},
    Suite{"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Version::Tls12},
    Suite{"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Version::Tls12},
    Suite{"ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Version::Tls12},
};

struct Curve {
    std::string_view name;
    std::string_view also;  // what OpenSSL and older documents call it
    int group;
};
constexpr std::array kCurves = {
    Curve{"X25519", "x25519", WOLFSSL_ECC_X25519},
    Curve{"P-256", "prime256v1", WOLFSSL_ECC_SECP256R1},
    Curve{"P-384", "secp384r1", WOLFSSL_ECC_SECP384R1},
    Curve{"P-521", "secp521r1", WOLFSSL_ECC_SECP521R1},
};
constexpr size_t kDefaultCurves = 3;  // P-521 is for who asks for it: slow, and rarely offered

// Never true for an empty name.
bool same(std::string_view a, std::string_view b) {
    return !a.empty() && std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

// Calls `take` with each name of a list divided by ':'.
template <typename Take>
void split(std::string_view names, Take take) {
    while (!names.empty()) {
        const size_t end = std::min(names.find(':'), names.size());
        take(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
}

void add(const Suite& suite, CipherList& list) {
    if (!list.names.empty()) list.names += ':';
    list.names += suite.wolfssl;
    (suite.version == Version::Tls13 ? list.has_tls13 : list.has_tls12) = true;
}

Problem unknown(std::string_view what, std::string_view name, const std::string& allowed) {
    return {"\"" + std::string(name) + "\" is no " + std::string(what) +
            " that is offered here; there are " + allowed};
}

std::string all_suites() {
    std::string text;
    for (const Suite& suite : kSuites) {
        if (!text.empty()) text += ", ";
        text += suite.openssl.empty() ? suite.iana : suite.openssl;
    }
    return text;
}

std::string all_curves() {
    std::string text;
    for (const Curve& curve : kCurves) {
        if (!text.empty()) text += ", ";
        text += curve.name;
    }
    return text;
}

}  // namespace

std::variant<CipherList, Problem> read_ciphers(std::string_view names) {
    CipherList list;
    if (names.empty()) {
        for (const Suite& suite : kSuites) add(suite, list);
        return list;
    }
    std::string_view stranger;
    bool strange = false;
    split(names, [&](std::string_view name) {
        const auto* suite = std::ranges::find_if(kSuites, [&](const Suite& s) {
            return same(name, s.iana) || same(name, s.openssl) || same(name, s.wolfssl);
        });
        if (suite != kSuites.end()) return add(*suite, list);
        if (!strange) stranger = name;
        strange = true;
    });
    if (strange) return unknown("cipher suite", stranger, all_suites());
    return list;
}

std::variant<std::vector<int>, Problem> read_curves(std::string_view names) {
    std::vector<int> groups;
    if (names.empty()) {
        for (size_t i = 0; i < kDefaultCurves; ++i) groups.push_back(kCurves[i].group);
        return groups;
    }
    std::string_view stranger;
    bool strange = false;
    split(names, [&](std::string_view name) {
        const auto* curve = std::ranges::find_if(kCurves, [&](const Curve& c) {
            return same(name, c.name) || same(name, c.also) ||
                   (c.group == WOLFSSL_ECC_SECP256R1 && same(name, "secp256r1"));
        });
        if (curve != kCurves.end()) {
            if (std::ranges::find(groups, curve->group) == groups.end())
                groups.push_back(curve->group);
            return;
        }
        if (!strange) stranger = name;
        strange = true;
    });
    if (strange) return unknown("curve", stranger, all_curves());
    return groups;
}

}  // namespace jumpgate::tls
