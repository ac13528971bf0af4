// SnapshotBuilder: from objects and resolved names to a snapshot.
//
// Law: all or nothing: a build that fails keeps no slot. Keeps the slots of brokers and routes over
// snapshots. One thread at a time: the caller locks. Waits for nobody: names are resolved by the
// caller, files are read here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/parsed.h"
#include "core/config/objects.h"
#include "core/io/resolver.h"
#include "core/proxy/slots.h"
#include "core/proxy/snapshot.h"
#include "core/proxy/tls_inputs.h"

namespace jumpgate {

using Names = std::map<WatchedName, ResolvedName>;

// The names that `objects` want followed.
std::vector<WatchedName> names_of(const Objects& objects);

// What a node is called: "host:port", IPv6 in brackets; a service (SRV) has no port: its name.
std::string node_name(const std::string& host, uint16_t port);

class SnapshotBuilder {
  public:
    SnapshotBuilder(const Config& config, const BrokerBoard& board,
                    const tls::TicketKeys& process_tickets);

    struct Request {
        const Objects& objects;
        const Names& names;
        bool read_files = true;              // false: certificates only where their objects changed
        const Snapshot* previous = nullptr;  // the newest
        uint64_t oldest_version = 0;         // of those that workers still hold
    };
    // The next version.
    Parsed<std::unique_ptr<Snapshot>> build(const Request& request);
    // For a dry run: takes no slots of this one, and reads no file again that this one has read.
    SnapshotBuilder trial() const;

  private:
    // Credentials, and what they were made of.
    struct Loaded {
        TlsInputs inputs{};
        std::vector<std::string> upstreams;  // ids, as credentials.upstreams
        Credentials credentials;
    };

    // Each says what is wrong; empty: nothing.
    std::string add_upstreams(const Request& request, Snapshot& snapshot,
                              std::vector<Upstream>& upstreams);
    std::string add_node(const UpstreamConfig& upstream, const BrokerAddress& address,
                         const ResolvedTarget& target, Snapshot& snapshot,
                         std::vector<Node>& nodes);
    // Its slot; none: all are taken.
    std::optional<uint16_t> add_broker(const UpstreamConfig& upstream, const BrokerAddress& address,
                                       const ResolvedTarget& target, Snapshot& snapshot);
    std::string add_routes(const Objects& objects, Snapshot& snapshot, std::vector<Route>& routes);
    std::string load_tls(const Request& request, Snapshot& snapshot);
    std::string check_sources(const Snapshot& snapshot) const;
    UpstreamPlan plan_of(const UpstreamConfig& upstream) const;
    void keep_unlisted(const Request& request, Snapshot& snapshot);

    const Config& config_;
    const BrokerBoard& board_;
    tls::TicketKeys process_tickets_;
    Slots broker_slots_{kBrokerSlots};
    Slots route_slots_{kRouteSlots};
    uint64_t version_ = 0;
    std::optional<Loaded> loaded_;  // the latest
};

}  // namespace jumpgate
