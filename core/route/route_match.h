// RouteMatch: which clients a stream route is for.
//
// Law: pure choice by what is known at CONNECT; a condition that is not given is always met.
// Regular expressions run in time linear in the text (RE2), for clients write the text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cidr.h"
#include "core/base/parsed.h"

namespace jumpgate {

enum class Protocol : uint8_t { Mqtt, Http };

// What is known of a client when its route is chosen. Views; they live as long as the choice.
struct RouteQuery {
    std::string_view client_id;
    std::string_view username;
    std::string_view cert_cn;
    std::string_view sni;                  // empty: plain, or a client that named no server
    uint8_t level = 0;                     // 3, 4, 5
    std::span<const uint8_t> remote_addr;  // 4 or 16 bytes, network order
    std::span<const uint8_t> server_addr;
    uint16_t server_port = 0;
    Protocol protocol = Protocol::Mqtt;
};

// A pattern for one text.
class TextMatch {
  public:
    enum class Kind : uint8_t { Any, Exact, Prefix, Glob, Regex };

    TextMatch();  // Any
    TextMatch(const TextMatch&);
    TextMatch& operator=(const TextMatch&);
    TextMatch(TextMatch&&) noexcept;
    TextMatch& operator=(TextMatch&&) noexcept;
    ~TextMatch();

    // Glob: '*' any run, '?' one character (UTF-8), '\' takes the next literally. Regex: RE2
    // syntax, found anywhere unless anchored. Up to 1,024 bytes.
    static Parsed<TextMatch> make(Kind kind, std::string_view pattern);

    bool matches(std::string_view text) const;
    Kind kind() const { return kind_; }
    const std::string& pattern() const { return pattern_; }
    // How much it says: exact over prefix over glob over regex over any, then literal characters.
    uint32_t specificity() const;

  private:
    struct Regex;  // immutable, shared by copies
    Kind kind_ = Kind::Any;
    std::string pattern_;
    std::shared_ptr<const Regex> regex_;
};

struct RouteMatch {
    std::vector<std::string> snis;  // lower case; "*.example.com" for every name below; empty: any
    TextMatch client_id;
    TextMatch username;
    TextMatch cert_cn;
    std::optional<Cidr> remote_addr;
    std::optional<Cidr> server_addr;
    uint16_t server_port = 0;     // 0: any
    std::vector<uint8_t> levels;  // 3, 4, 5; empty: any
    Protocol protocol = Protocol::Mqtt;

    bool matches(const RouteQuery& query) const;
    // The same but for the level: tells a client of the wrong version from one with no route.
    bool matches_but_level(const RouteQuery& query) const;
    // Greater is tried first: sni, client id, username, cert_cn, remote_addr, server_addr,
    // server_port, level, in this order. An exact sni is above any wildcard, a longer wildcard
    // above a shorter.
    std::vector<uint32_t> specificity() const;
    // One line, the same for equal conditions: for fingerprints and for people.
    std::string text() const;
};

}  // namespace jumpgate
