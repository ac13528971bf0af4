// /v1: where a client would go and why, how brokers are, who is connected, and moving clients off a
// drained broker.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "core/admin/api.h"
#include "core/admin/object_body.h"
#include "core/base/cidr.h"

namespace jumpgate {

static constexpr uint64_t kConnectionsShown = 100;
static constexpr uint64_t kConnectionsShownMax = 1'000;
static constexpr uint64_t kEvictionsPerSecond = 100;
static constexpr uint64_t kEvictionsPerSecondMax = 100'000;

HttpResponse Api::control(const HttpRequest& request, Path path) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (path.size() == 5 && path[0] == "upstreams" && path[2] == "nodes" && path[4] == "evict")
        return request.method == "POST" ? evict(request, path) : wrong_method("POST");
    const bool known = path.size() == 1 &&
                       (path[0] == "route" || path[0] == "upstreams" || path[0] == "connections");
    if (!known) return not_found();
    if (!reads) return wrong_method("GET, HEAD");
    if (path[0] == "route") return explain_route(request);
    if (path[0] == "upstreams") return list_upstreams();
    return list_connections(request);
}

// An IP literal of the query as bytes; empty where it is not given, nothing where it is none.
static std::optional<std::vector<uint8_t>> address_in(const HttpRequest& request,
                                                      std::string_view name) {
    if (!request.has_parameter(name)) return std::vector<uint8_t>();
    const auto parsed = parse_cidr(request.parameter(name));
    const Cidr* cidr = std::get_if<Cidr>(&parsed);
    if (cidr == nullptr || cidr->prefix_bits != (cidr->v4 ? 32 : 128)) return std::nullopt;
    return std::vector(cidr->network.begin(), cidr->network.begin() + (cidr->v4 ? 4 : 16));
}

// What a client may be asked about by; a word misspelt would be asked about another client.
constexpr std::array<std::string_view, 9> kRouteParameters = {
    "client_id",   "username",    "cert_cn",     "sni",     "level",
    "remote_addr", "server_addr", "server_port", "protocol"};

HttpResponse Api::explain_route(const HttpRequest& request) {
    for (const HttpField& field : request.query)
        if (std::ranges::find(kRouteParameters, field.first) == kRouteParameters.end())
            return error_answer(400, fmt::format("the parameter {} is unknown; allowed: {}",
                                                 field.first, fmt::join(kRouteParameters, ", ")));
    const auto remote = address_in(request, "remote_addr");
    const auto server = address_in(request, "server_addr");
    if (!remote || !server)
        return error_answer(400, "remote_addr and server_addr must be IP addresses");
    const auto level = number_in(request, "level", 3, 5, 5);
    if (!level) return error_answer(400, "level is unknown; allowed: 3, 4, 5");
    const auto port = number_in(request, "server_port", 1, 65'535, 0);
    if (!port) return error_answer(400, "server_port is out of range; allowed: 1 to 65535");
    const std::string_view protocol = request.parameter("protocol");
    if (!protocol.empty() && protocol != "mqtt" && protocol != "http")
        return error_answer(400, "protocol is unknown; allowed: mqtt, http");
    RouteQuery query;
    query.client_id = request.parameter("client_id");
    query.username = request.parameter("username");
    query.cert_cn = request.parameter("cert_cn");
    query.sni = request.parameter("sni");
    query.level = static_cast<uint8_t>(*level);
    query.remote_addr = *remote;
    query.server_addr = *server;
    query.server_port = static_cast<uint16_t>(*port);
    query.protocol = protocol == "http" ? Protocol::Http : Protocol::Mqtt;
    const RouteAnswer found = control_.explain(query);
    Value answer = make_map();
    set(answer, "route", make_text(found.route));
    set(answer, "why", make_text(found.why));
    set(answer, "upstream", make_text(found.upstream));
    set(answer, "balance", make_text(found.balance));
    set(answer, "key", make_text(found.key));
    set(answer, "hash", make_text(fmt::format("{:016x}", found.hash)));  // JSON has no 64 bits
    set(answer, "attempts", make_integer(found.attempts));
    set(answer, "step", make_text(found.step));
    set(answer, "broker", make_text(found.broker));
    return json_answer(200, answer);
}

static Value shown(const BrokerState& broker) {
    Value addresses = make_list();
    for (const std::string& address : broker.addresses)
        addresses.items.push_back(make_text(address));
    Value node = make_map();
    set(node, "node", make_text(broker.name));
    set(node, "state", make_text(std::string(text(broker.condition))));
    if (!broker.why.empty()) set(node, "why", make_text(broker.why));
    set(node, "listed", make_boolean(broker.listed));
    set(node, "addresses", std::move(addresses));
    set(node, "weight", make_integer(broker.weight));
    set(node, "effective_weight", make_real(broker.effective_weight));
    set(node, "priority", make_integer(broker.priority));
    set(node, "connections", make_count(broker.stats.relays));
    set(node, "dials", make_count(broker.stats.dials));
    set(node, "dial_failures", make_count(broker.stats.dial_failures));
    set(node, "checks", make_count(broker.checks));
    set(node, "checks_failed", make_count(broker.checks_failed));
    if (broker.last_check_ms_ago)
        set(node, "last_check_ms_ago", make_count(*broker.last_check_ms_ago));
    return node;
}

HttpResponse Api::list_upstreams() {
    const Watch watch = control_.watch();
    Value upstreams = make_list();
    for (const BrokerState& broker : watch.brokers) {  // those of an upstream stand together
        const Value* last = upstreams.items.empty() ? nullptr : &upstreams.items.back();
        if (last == nullptr || last->find("id")->text != broker.upstream) {
            Value upstream = make_map();
            set(upstream, "id", make_text(broker.upstream));
            set(upstream, "nodes", make_list());
            upstreams.items.push_back(std::move(upstream));
        }
        upstreams.items.back().find("nodes")->items.push_back(shown(broker));
    }
    Value answer = make_map();
    set(answer, "config_version", make_count(watch.config_version));
    set(answer, "route_fingerprint", make_text(fmt::format("{:016x}", watch.route_fingerprint)));
    set(answer, "complete", make_boolean(watch.complete));
    set(answer, "upstreams", std::move(upstreams));
    return json_answer(200, answer);
}

HttpResponse Api::list_connections(const HttpRequest& request) {
    const auto max = number_in(request, "max", 1, kConnectionsShownMax, kConnectionsShown);
    if (!max) return error_answer(400, "max is out of range; allowed: 1 to 1000");
    Value list = make_list();
    for (const FoundConnection& found : control_.find(request.parameter("client_id"), *max)) {
        Value item = make_map();
        set(item, "client_id", make_text(found.client_id));
        set(item, "peer", make_text(found.peer));
        set(item, "route", make_text(found.route));
        set(item, "upstream", make_text(found.upstream));
        set(item, "broker", make_text(found.broker));
        set(item, "bytes_up", make_count(found.bytes_up));
        set(item, "bytes_down", make_count(found.bytes_down));
        set(item, "age_s", make_count(found.age_s));
        set(item, "worker", make_integer(found.worker));
        set(item, "tls", make_boolean(found.tls));
        list.items.push_back(std::move(item));
    }
    Value answer = make_map();
    set(answer, "total", make_count(list.items.size()));
    set(answer, "list", std::move(list));
    return json_answer(200, answer);
}

// "; there is: a, b", as many as a line of a log holds.
static std::string there_is(std::vector<std::string> names) {
    constexpr size_t kShown = 8;
    const size_t more = names.size() - std::min(names.size(), kShown);
    if (names.empty()) return "; there is none";
    names.resize(names.size() - more);
    std::string list = fmt::format("; there is: {}", fmt::join(names, ", "));
    return more == 0 ? list : list + fmt::format(" and {} more", more);
}

// Why there is nobody to evict from; empty: the node exists.
static std::string missing_node(const Watch& watch, std::string_view upstream,
                                std::string_view node) {
    std::vector<std::string> upstreams;
    std::vector<std::string> nodes;
    for (const BrokerState& broker : watch.brokers) {
        if (std::ranges::find(upstreams, broker.upstream) == upstreams.end())
            upstreams.push_back(broker.upstream);
        if (broker.upstream != upstream) continue;
        if (broker.name == node) return "";
        nodes.push_back(broker.name);
    }
    if (nodes.empty())
        return fmt::format("there is no upstream {}{}", upstream, there_is(std::move(upstreams)));
    return fmt::format("upstream {} has no node {}{}", upstream, node, there_is(std::move(nodes)));
}

HttpResponse Api::evict(const HttpRequest& request, Path path) {
    const auto rate = number_in(request, "rate", 0, kEvictionsPerSecondMax, kEvictionsPerSecond);
    if (!rate) return error_answer(400, "rate is out of range; allowed: 0 to 100000 per second");
    const auto evicted = control_.evict(path[1], path[3], static_cast<uint32_t>(*rate));
    log_.say(Severity::Info, "evict_asked", [&](LogLine& line) {
        line.field("upstream", path[1]).field("node", path[3]).field("rate", *rate);
        line.field("peer", request.peer_text());
        if (const Problem* problem = std::get_if<Problem>(&evicted))
            line.field("problem", problem->text);
    });
    if (const Problem* problem = std::get_if<Problem>(&evicted)) {
        const std::string missing = missing_node(control_.watch(), path[1], path[3]);
        return missing.empty() ? error_answer(400, problem->text) : error_answer(404, missing);
    }
    Value answer = make_map();
    set(answer, "clients", make_count(std::get<uint64_t>(evicted)));
    set(answer, "rate", make_count(*rate));
    return json_answer(200, answer);
}

}  // namespace jumpgate
