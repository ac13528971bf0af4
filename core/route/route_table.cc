#include "core/route/route_table.h"

#include <fmt/core.h>

#include <iterator>
#include <string>
#include <utility>

namespace jumpgate {

// A text form, so that byte order and struct layout cannot leak into it. Names carry their length:
// no name can imitate a separator. "v1" changes when the routing function does.
static uint64_t fingerprint_of(const Upstream& upstream, HashKey hash_key,
                               std::optional<char> prefix_until) {
    std::string form =
        fmt::format("v1 {} {}\n", text(hash_key),
                    prefix_until ? int{static_cast<unsigned char>(*prefix_until)} : -1);
    for (const Node& node : upstream.nodes())
        fmt::format_to(std::back_inserter(form), "{}:{} {}\n", node.name.size(), node.name,
                       node.weight);
    return hash_of(form);
}

RouteTable::RouteTable(Upstream upstream, HashKey hash_key,
                       std::optional<char> hash_key_prefix_until)
    : upstream_(std::move(upstream)),
      hash_key_(hash_key),
      hash_key_prefix_until_(hash_key_prefix_until),
      fingerprint_(fingerprint_of(upstream_, hash_key_, hash_key_prefix_until_)) {}

}  // namespace jumpgate
