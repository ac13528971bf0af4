// NameFollower: a set of names, what the DNS says of them, and when to ask again.
//
// Law: single-threaded; a look-up that fails keeps the old answer; a name changes only as a whole:
// SRV targets come in once all of them were looked up. Names that share a host share its look-up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/io/dns_channel.h"
#include "core/io/resolver.h"

namespace jumpgate {

class NameFollower {
  public:
    static constexpr unsigned kInFlightMax = 64;  // questions to name servers
    static constexpr size_t kTargetsMax = 256;    // of a name, by SRV
    static constexpr size_t kAddressesMax = 64;   // of a target

    explicit NameFollower(const ResolverOptions& options);
    ~NameFollower();
    NameFollower(const NameFollower&) = delete;
    NameFollower& operator=(const NameFollower&) = delete;

    // Exactly these names from here on; none of them is an IP literal. Those that are known
    // already are among the next changes.
    void follow(const std::vector<WatchedName>& names);
    // Asks what is due, then waits until something came or is due, or `wake_fd` is readable.
    void turn(int wake_fd);
    // The names that were answered, or failed, since the last call; some as they were before.
    std::vector<std::pair<WatchedName, ResolvedName>> take_changes();

    unsigned in_flight() const { return channel_->in_flight(); }

  private:
    struct Name;

    // One host to look up; lives as long as a name uses it, and until its last answer.
    struct Lookup : DnsQuery {
        Lookup(NameFollower& of, const std::string& asked_host, bool asks_services);

        NameFollower& follower;
        const std::string host;
        const bool by_srv;
        std::multiset<Name*> users;
        bool in_flight = false;
        bool tried = false;
        uint64_t due_ns = 0;
        DnsAnswer fresh;
        std::array<std::vector<Address>, 2> addresses;  // the last good ones
        std::vector<SrvRecord> services;
        std::string problem;  // of the last time
    };

    struct Name {
        WatchedName key;
        Lookup* root = nullptr;
        std::vector<Lookup*> targets;  // of each of root->services
        ResolvedName known;
        bool settled = false;
    };

    Lookup& acquire(const std::string& host, bool by_srv, Name& user);
    void release(Lookup& lookup, Name& user);
    void forget_if_unused(Lookup& lookup);
    void drop(Name& name);
    void ask_due(uint64_t now_ns);
    void absorb(Lookup& lookup, uint64_t now_ns);
    void relink(Name& name);
    static bool is_settled(const Name& name);
    static ResolvedName compose(const Name& name);

    ResolverOptions options_;
    std::map<WatchedName, std::unique_ptr<Name>> names_;
    std::map<std::pair<std::string, bool>, std::unique_ptr<Lookup>> lookups_;  // by host, by_srv
    std::set<std::pair<uint64_t, Lookup*>> due_;  // those that are not in flight
    std::vector<Lookup*> answered_;
    std::set<Name*> changed_;
    // Ended first: that answers what is in flight.
    std::unique_ptr<DnsChannel> channel_;
};

}  // namespace jumpgate
