#include "core/io/name_follower.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/time.h"

namespace jumpgate {

NameFollower::Lookup::Lookup(NameFollower& of, const std::string& asked_host, bool asks_services)
    // Only noted: c-ares is in the middle of its work.
    : DnsQuery([](DnsQuery& query, DnsAnswer& answer) {
          Lookup& self = static_cast<Lookup&>(query);
          self.fresh = std::move(answer);
          self.follower.answered_.push_back(&self);
      }),
      follower(of),
      host(asked_host),
      by_srv(asks_services) {}

NameFollower::NameFollower(const ResolverOptions& options)
    : options_(options),
      channel_(std::make_unique<DnsChannel>(
          DnsOptions{.servers = options.servers, .timeout_ms = options.timeout_ms})) {}

NameFollower::~NameFollower() { channel_.reset(); }

void NameFollower::follow(const std::vector<WatchedName>& names) {
    const std::set<WatchedName> wanted(names.begin(), names.end());
    for (const WatchedName& key : wanted) {
        std::unique_ptr<Name>& name = names_[key];
        if (name == nullptr) {
            name = std::make_unique<Name>();
            name->key = key;
            name->root = &acquire(key.host, key.port == 0, *name);
        }
        changed_.insert(name.get());
    }
    // After the new ones, so that a host both have is not forgotten between.
    for (auto at = names_.begin(); at != names_.end();) {
        if (wanted.contains(at->first)) {
            ++at;
            continue;
        }
        drop(*at->second);
        at = names_.erase(at);
    }
}

void NameFollower::drop(Name& name) {
    changed_.erase(&name);
    for (Lookup* target : name.targets) release(*target, name);
    release(*name.root, name);
}

NameFollower::Lookup& NameFollower::acquire(const std::string& host, bool by_srv, Name& user) {
    std::unique_ptr<Lookup>& lookup = lookups_[{host, by_srv}];
    if (lookup == nullptr) {
        lookup = std::make_unique<Lookup>(*this, host, by_srv);
        due_.emplace(lookup->due_ns, lookup.get());
    }
    lookup->users.insert(&user);
    return *lookup;
}

void NameFollower::release(Lookup& lookup, Name& user) {
    lookup.users.erase(lookup.users.find(&user));
    forget_if_unused(lookup);
}

void NameFollower::forget_if_unused(Lookup& lookup) {
    if (!lookup.users.empty() || lookup.in_flight) return;
    due_.erase({lookup.due_ns, &lookup});
    lookups_.erase(lookups_.find({lookup.host, lookup.by_srv}));
}

void NameFollower::turn(int wake_fd) {
    ask_due(monotonic_ns());
    uint64_t timeout_ns = UINT64_MAX;
    const uint64_t now_ns = monotonic_ns();
    if (!answered_.empty()) {
        timeout_ns = 0;
    } else if (!due_.empty() && channel_->in_flight() + 2 <= kInFlightMax) {
        const uint64_t due_ns = due_.begin()->first;
        timeout_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    }
    channel_->wait(wake_fd, timeout_ns);
    std::vector<Lookup*> answered;
    answered.swap(answered_);
    for (Lookup* lookup : answered) absorb(*lookup, monotonic_ns());
}

void NameFollower::ask_due(uint64_t now_ns) {
    // A and AAAA are two. Answers that came at once (/etc/hosts) are absorbed before more is asked.
    while (!due_.empty() && channel_->in_flight() + 2 <= kInFlightMax &&
           answered_.size() < kInFlightMax) {
        const auto [due_ns, lookup] = *due_.begin();
        if (due_ns > now_ns) return;
        due_.erase(due_.begin());
        lookup->in_flight = true;
        if (lookup->by_srv) {
            channel_->ask_services(*lookup, lookup->host);
        } else {
            channel_->ask_addresses(*lookup, lookup->host);
        }
    }
}

void NameFollower::absorb(Lookup& lookup, uint64_t now_ns) {
    const bool good = lookup.fresh.problem.empty();
    uint32_t again_s = options_.retry_s;
    if (good) again_s = std::clamp(lookup.fresh.ttl_s, options_.ttl_min_s, options_.ttl_max_s);
    lookup.in_flight = false;
    lookup.tried = true;
    lookup.problem = std::move(lookup.fresh.problem);
    lookup.due_ns = now_ns + std::max(again_s, 1U) * kNanosPerSecond;
    due_.emplace(lookup.due_ns, &lookup);
    for (size_t family = 0; good && family < lookup.addresses.size(); ++family) {
        if (lookup.fresh.unknown[family]) continue;
        lookup.addresses[family] = std::move(lookup.fresh.addresses[family]);
    }
    changed_.insert(lookup.users.begin(), lookup.users.end());
    if (good && lookup.by_srv && lookup.services != lookup.fresh.services) {
        lookup.services = std::move(lookup.fresh.services);
        const std::set<Name*> users(lookup.users.begin(), lookup.users.end());
        for (Name* user : users) relink(*user);
    }
    lookup.fresh = {};
    forget_if_unused(lookup);
}

void NameFollower::relink(Name& name) {
    std::vector<Lookup*> before;
    before.swap(name.targets);
    const std::vector<SrvRecord>& services = name.root->services;
    for (size_t i = 0; i < std::min(services.size(), kTargetsMax); ++i) {
        name.targets.push_back(&acquire(services[i].host, false, name));
    }
    for (Lookup* target : before) release(*target, name);
}

std::vector<std::pair<WatchedName, ResolvedName>> NameFollower::take_changes() {
    std::vector<std::pair<WatchedName, ResolvedName>> changes;
    for (Name* name : changed_) {
        if (is_settled(*name)) {
            name->known = compose(*name);
            name->settled = true;
        }
        if (name->settled) changes.emplace_back(name->key, name->known);
    }
    changed_.clear();
    return changes;
}

bool NameFollower::is_settled(const Name& name) {
    return name.root->tried &&
           std::ranges::all_of(name.targets, [](const auto* target) { return target->tried; });
}

// The addresses of `lookup` with a port.
static std::vector<Address> with_port(const std::array<std::vector<Address>, 2>& families,
                                      uint16_t port, std::string& problem) {
    std::vector<Address> addresses = families[0];
    addresses.insert(addresses.end(), families[1].begin(), families[1].end());
    if (addresses.size() > NameFollower::kAddressesMax) {
        problem = fmt::format("has {} addresses; the first {} are used", addresses.size(),
                              NameFollower::kAddressesMax);
        addresses.resize(NameFollower::kAddressesMax);
    }
    for (Address& address : addresses) address.set_port(port);
    return addresses;
}

ResolvedName NameFollower::compose(const Name& name) {
    const Lookup& root = *name.root;
    ResolvedName out;
    out.problem = root.problem;
    if (!root.by_srv) {
        ResolvedTarget only{.host = name.key.host, .port = name.key.port};
        only.addresses = with_port(root.addresses, only.port, out.problem);
        if (!only.addresses.empty()) out.targets.push_back(std::move(only));
        return out;
    }
    if (out.problem.empty() && root.services.size() > kTargetsMax) {
        out.problem = fmt::format("has {} SRV records; the first {} are used", root.services.size(),
                                  kTargetsMax);
    }
    for (size_t i = 0; i < name.targets.size(); ++i) {
        const SrvRecord& service = root.services[i];
        std::string problem = name.targets[i]->problem;
        ResolvedTarget target{
            .host = service.host, .port = service.port, .srv_priority = service.priority};
        target.addresses = with_port(name.targets[i]->addresses, target.port, problem);
        if (!target.addresses.empty()) out.targets.push_back(std::move(target));
        if (out.problem.empty() && !problem.empty()) out.problem = service.host + ": " + problem;
    }
    // None of the new targets has an address: the old ones are better than none.
    if (out.targets.empty()) out.targets = name.known.targets;
    return out;
}

}  // namespace jumpgate
