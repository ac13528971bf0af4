#include "core/config/upstream_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "core/base/flags.h"
#include "core/base/host_port.h"
#include "core/route/upstream.h"

namespace jumpgate {

namespace {

constexpr uint16_t kMqttPort = 1'883;
constexpr uint16_t kMqttTlsPort = 8'883;
constexpr const char* kHostAllowed =
    "a host name, an IPv4 address, an IPv6 address in brackets, or _service._proto.name for SRV";

std::string_view without_brackets(std::string_view host) {
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

Parsed<std::string> parse_host(std::string_view host) {
    const bool bracketed = host.starts_with('[');
    Parsed<std::string> ip = parse_ip(without_brackets(host));
    if (std::holds_alternative<std::string>(ip)) {
        const bool ipv6 = std::get<std::string>(ip).find(':') != std::string::npos;
        if (ipv6 == bracketed) return ip;
        return Problem{ipv6 ? "needs brackets around its IPv6 address"
                            : "has brackets around what is no IPv6 address"};
    }
    return parse_name(host);
}

// "host:port", or a host alone.
Parsed<HostPort> parse_node(std::string_view text) {
    const bool has_port = !text.ends_with(']') && text.find(':') != text.npos;
    if (has_port) {
        Parsed<HostPort> address = parse_host_port(text, 1);
        const HostPort* given = std::get_if<HostPort>(&address);
        if (given != nullptr && given->host.empty()) return Problem{"has no host"};
        return address;
    }
    Parsed<std::string> host = parse_host(text);
    if (Problem* problem = std::get_if<Problem>(&host)) return std::move(*problem);
    return HostPort{std::move(std::get<std::string>(host)), 0};
}

Shape<uint32_t> weight_shape() { return shape::integer<uint32_t>(0, kWeightMax); }

const Fields<NodeRead>& node_fields() {
    static const Fields<NodeRead> kFields = [] {
        Fields<NodeRead> fields;
        fields
            .add(
                "host", shape::parsed<std::string>(parse_host, kHostAllowed),
                [](NodeRead& node, std::string host) { node.address.host = std::move(host); }, "",
                "Where the broker is. Names are looked up again as their TTL says.")
            .required = true;
        fields.add(
            "port", shape::integer<uint16_t>(0, 65'535),
            [](NodeRead& node, uint16_t port) {
                node.address.port = port;
                node.named_port = true;
            },
            "1883; 8883 with scheme tls", "0 or none where SRV records give it.");
        fields.add(
            "weight", weight_shape(),
            [](NodeRead& node, uint32_t weight) { node.address.weight = weight; }, "1",
            "The share of clients, relative to the other nodes. 0 drains: no new clients.");
        constexpr int32_t kLow = std::numeric_limits<int32_t>::min();
        fields.add(
            "priority", shape::integer<int32_t>(kLow, std::numeric_limits<int32_t>::max()),
            [](NodeRead& node, int32_t priority) { node.address.priority = priority; }, "0",
            "Nodes of a lower one are backups: they serve only while no higher one can.");
        fields.noted("metadata", shape::anything(), "For people.");
        return fields;
    }();
    return kFields;
}

void read_list(const Value& list, const Place& place, std::vector<NodeRead>& nodes) {
    for (size_t i = 0; i < list.items.size(); ++i) {
        const Place inside = place.at(i);
        NodeRead node{{}, list.items[i].mark, inside.path};
        node_fields().read_into(list.items[i], inside, &node);
        const bool is_srv = node.address.host.starts_with('_');
        if (node.named_port && node.address.port == 0 && !is_srv)
            inside.at("port").error(node.mark, "0 is out of range",
                                    "1 to 65535; 0 with a host that begins with _ (SRV)");
        nodes.push_back(std::move(node));
    }
}

void read_map(const Value& map, const Place& place, std::vector<NodeRead>& nodes) {
    const Shape<uint32_t> weight = weight_shape();
    for (const Member& member : map.members) {
        const Place inside = place.at(member.key);
        NodeRead node{{}, member.mark, inside.path};
        Parsed<HostPort> parsed = parse_node(member.key);
        if (const Problem* problem = std::get_if<Problem>(&parsed)) {
            inside.error(member.mark, fmt::format("{} {}", shown(member.key), problem->text),
                         fmt::format("host or host:port; {}", kHostAllowed));
            continue;
        }
        HostPort& address = std::get<HostPort>(parsed);
        node.address.host = std::move(address.host);
        node.address.port = address.port;
        node.address.weight = weight.read(member.value, inside).value_or(0);
        nodes.push_back(std::move(node));
    }
}

}  // namespace

std::vector<NodeRead> read_nodes(const Value& nodes, const Place& place) {
    std::vector<NodeRead> result;
    const bool is_map = nodes.kind == Value::Kind::Map;
    const std::string allowed = fmt::format("1 to {} nodes", kNodesMax);
    if (!is_map && nodes.kind != Value::Kind::List) {
        place.error(nodes.mark, kind_problem(nodes),
                    "a map {\"host:port\": weight}, or a list of {host, port, weight}");
        return result;
    }
    const size_t count = is_map ? nodes.members.size() : nodes.items.size();
    if (count == 0) place.error(nodes.mark, "is empty", allowed);
    if (count > kNodesMax)
        place.error(nodes.mark, fmt::format("has {} nodes", count), allowed);
    else if (is_map)
        read_map(nodes, place, result);
    else
        read_list(nodes, place, result);
    return result;
}

Value nodes_schema() {
    const Shape<uint32_t> weight = weight_shape();
    Value any = make_list();
    any.items = {schema_of({{"type", make_text("object")},
                            {"minProperties", make_integer(1)},
                            {"maxProperties", make_integer(kNodesMax)},
                            {"additionalProperties", weight.schema}}),
                 shape::list_schema(node_fields().schema(), 1, kNodesMax)};
    return schema_of({{"anyOf", std::move(any)}});
}

std::string nodes_markdown() { return node_fields().markdown("nodes[]."); }

std::vector<BrokerAddress> complete_nodes(std::vector<NodeRead> nodes, bool sort, bool tls,
                                          const Place& place) {
    for (NodeRead& node : nodes) {
        BrokerAddress& address = node.address;
        address.tls = tls;
        const bool is_srv = address.host.starts_with('_');
        if (address.port == 0 && !is_srv) address.port = tls ? kMqttTlsPort : kMqttPort;
    }
    const auto key = [](const NodeRead& n) { return std::tie(n.address.host, n.address.port); };
    if (sort) std::ranges::sort(nodes, [&](auto& a, auto& b) { return key(a) < key(b); });
    std::set<std::tuple<std::string, uint16_t>> seen;
    std::vector<BrokerAddress> result;
    for (NodeRead& node : nodes) {
        const std::string name = text(HostPort{node.address.host, node.address.port});
        if (!node.address.host.empty() && !seen.emplace(key(node)).second)
            Place{place.file, place.found, node.path}.error(
                node.mark, fmt::format("{} stands twice", name), "each node once");
        else
            result.push_back(std::move(node.address));
    }
    return result;
}

}  // namespace jumpgate
