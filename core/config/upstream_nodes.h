// The `nodes` of an upstream: {"host:port": weight} or a list of maps.
//
// Law: a list keeps its order, which routes; a map has none, so it is sorted by host and port, and
// two proxies with the same map agree.
#pragma once

#include <vector>

#include "core/config/config.h"
#include "core/config/fields.h"

namespace jumpgate {

struct NodeRead {
    BrokerAddress address{};
    Mark mark{};
    std::string path{};
    bool named_port = false;
};

std::vector<NodeRead> read_nodes(const Value& nodes, const Place& place);
Value nodes_schema();
std::string nodes_markdown();  // the rows of a list's item

// Sets the ports that were not given, sorts what came from a map, and complains of nodes that stand
// twice. A host that begins with "_" and has no port names SRV records (RFC 2782); its port stays
// 0.
std::vector<BrokerAddress> complete_nodes(std::vector<NodeRead> nodes, bool sort, bool tls,
                                          const Place& place);

}  // namespace jumpgate
