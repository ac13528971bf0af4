// Resolver: names to addresses through c-ares, on a thread of its own, and again when their TTL is
// over.
//
// Law: who asks never waits longer than it said; a look-up that fails keeps the old answer and says
// so; at most 64 questions are under way at a time, however many names there are; answers are
// sorted, so that two proxies see the same list. Port 0 asks for SRV records: each target is a
// broker of its own, ordered by the number at the end of its first label (broker-2 before
// broker-10), then by name.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parsed.h"
#include "core/io/address.h"

namespace jumpgate {

struct WatchedName {
    std::string host;   // a name or an IP literal
    uint16_t port = 0;  // 0: by SRV
    auto operator<=>(const WatchedName&) const = default;
};

struct ResolvedTarget {
    std::string host;
    uint16_t port = 0;
    uint16_t srv_priority = 0;         // RFC 2782: lower ones first
    std::vector<Address> addresses{};  // 1 to 64, sorted: IPv4 first, then by value
    bool operator==(const ResolvedTarget&) const = default;
};

struct ResolvedName {
    std::vector<ResolvedTarget> targets;  // empty: never resolved yet; without SRV one
    std::string problem;                  // of the last look-up; empty: it went well
};

struct ResolverOptions {
    std::string servers;          // "127.0.0.1:5353,..."; empty: /etc/resolv.conf
    uint32_t ttl_min_s = 1;       // asks no more often than this
    uint32_t ttl_max_s = 300;     // and at least this often; names of /etc/hosts as well
    uint32_t retry_s = 5;         // after a failure; 1 or more
    uint32_t timeout_ms = 2'000;  // one try; there are two, and the second waits longer
};

class Resolver {
  public:
    // What is wrong with ResolverOptions::servers.
    static std::optional<Problem> check_servers(std::string_view servers);

    // `options.servers` has passed check_servers(). `changed` is called on the resolver's thread
    // when an answer is another than before, and when a look-up begins to fail or succeeds again;
    // not for a first answer that follow() waits for and returns. It must not call follow().
    Resolver(const ResolverOptions& options, void (*changed)(void* context), void* context);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Follows exactly these names from here on, and waits until each has been answered or has
    // failed once, at most `wait_ms`. IP literals are answered at once; the thread is started by
    // the first name that is none.
    std::map<WatchedName, ResolvedName> follow(const std::vector<WatchedName>& names,
                                               uint32_t wait_ms);
    // What is known now; also of the names that the last follow() dropped, for who is still about
    // to change over, or takes them back.
    std::map<WatchedName, ResolvedName> answers() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace jumpgate
