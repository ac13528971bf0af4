// What must hold over all objects together: ids, references, routes that somebody can reach.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/base/flags.h"
#include "core/base/host_port.h"
#include "core/config/reach.h"
#include "core/config/read_objects.h"

namespace jumpgate {

namespace {

constexpr size_t kUpstreamsMax = 4'096;
constexpr size_t kSslsMax = 4'096;

struct Finder {
    Checked found{};

    static Complaint complaint(ObjectType type, std::string_view id, const Origin& origin,
                               std::string problem, std::string allowed) {
        return {origin.file, origin.mark, fmt::format("{}[{}]", text(type), id), std::move(problem),
                std::move(allowed)};
    }
    void error(ObjectType type, std::string_view id, const Origin& origin, std::string problem,
               std::string allowed = "") {
        found.errors.push_back(complaint(type, id, origin, std::move(problem), std::move(allowed)));
    }
    void warning(ObjectType type, std::string_view id, const Origin& origin, std::string problem,
                 std::string allowed = "") {
        found.warnings.push_back(
            complaint(type, id, origin, std::move(problem), std::move(allowed)));
    }
};

template <class T>
struct Index {
    std::unordered_map<std::string_view, const T*> by_id{};
    bool complete = true;  // else there are more, whose ids nobody knows

    const T* find(std::string_view id) const {
        const auto found = by_id.find(id);
        return found == by_id.end() ? nullptr : found->second;
    }
};
using Upstreams = Index<UpstreamConfig>;
using Ssls = Index<SslConfig>;

// By id, the first of each; complains of the others.
template <class T>
Index<T> index(ObjectType type, const std::vector<T>& objects, size_t max, bool complete,
               Finder& finder) {
    Index<T> index{{}, complete};
    for (const T& object : objects) {
        if (object.id.empty()) {
            index.complete = false;
            continue;
        }
        const auto [first, is_new] = index.by_id.emplace(object.id, &object);
        if (!is_new)
            finder.error(
                type, object.id, object.origin,
                fmt::format("the id {} is taken by {}", object.id, text(first->second->origin)),
                fmt::format("each id once among {}", text(type)));
    }
    if (objects.size() > max)
        finder.error(type, objects[max].id, objects[max].origin,
                     fmt::format("is one of {}", objects.size()), fmt::format("up to {}", max));
    return index;
}

void check_nodes(const UpstreamConfig& upstream, Finder& finder) {
    std::set<std::string> seen;
    for (const BrokerAddress& node : upstream.nodes) {
        const std::string name = text(HostPort{node.host, node.port});
        if (!seen.insert(name).second)
            finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                         fmt::format("the node {} stands twice", name), "each node once");
    }
    const std::string allowed = fmt::format("1 to {}", kNodesMax);
    const bool is_read = upstream.origin.mark.line != 0;  // then its reader has complained
    if (upstream.nodes.empty() && is_read) return;
    if (upstream.nodes.empty() || upstream.nodes.size() > kNodesMax)
        return finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                            fmt::format("has {} nodes", upstream.nodes.size()), allowed);
    const auto drained = [](const BrokerAddress& node) { return node.weight == 0; };
    if (std::ranges::all_of(upstream.nodes, drained))
        finder.warning(ObjectType::Upstream, upstream.id, upstream.origin,
                       "every node has weight 0: no client gets a broker");
}

void check_identity(const UpstreamConfig& upstream, const Ssls& ssls, Finder& finder) {
    const std::string& id = upstream.tls.client_cert_id;
    if (id.empty()) return;
    const SslConfig* named = ssls.find(id);
    if (named == nullptr && ssls.complete)
        finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                     fmt::format("tls.client_cert_id: there is no ssl {}", id),
                     "the id of an ssl with type: client");
    if (named == nullptr) return;
    const SslConfig& ssl = *named;
    if (ssl.type != SslType::Client)
        finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                     fmt::format("tls.client_cert_id: the ssl {} is of type server", id),
                     "the id of an ssl with type: client");
    if (!ssl.enabled)
        finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                     fmt::format("tls.client_cert_id: the ssl {} has status 0", id), "status: 1");
}

void check_upstreams(const Objects& objects, const Ssls& ssls, Finder& finder) {
    size_t nodes = 0;
    for (const UpstreamConfig& upstream : objects.upstreams) {
        check_nodes(upstream, finder);
        check_identity(upstream, ssls, finder);
        const bool fitted = nodes <= kAllNodesMax;
        nodes += upstream.nodes.size();
        if (fitted && nodes > kAllNodesMax)
            finder.error(ObjectType::Upstream, upstream.id, upstream.origin,
                         fmt::format("with its nodes there are {}", nodes),
                         fmt::format("up to {} in all upstreams", kAllNodesMax));
    }
}

void check_routes(const Objects& objects, const Upstreams& upstreams, Finder& finder) {
    for (const StreamRouteConfig& route : objects.stream_routes) {
        const bool refers = !route.upstream_id.empty() && upstreams.complete;
        if (refers && upstreams.find(route.upstream_id) == nullptr)
            finder.error(
                ObjectType::StreamRoute, route.id, route.origin,
                fmt::format("upstream_id: there is no upstream {}", shown(route.upstream_id)),
                "the id of one of upstreams");
    }
    std::ranges::move(hidden_routes(objects), std::back_inserter(finder.found.warnings));
}

}  // namespace

Checked check_objects(const Objects& objects, bool complete) {
    Finder finder;
    const Upstreams upstreams =
        index(ObjectType::Upstream, objects.upstreams, kUpstreamsMax, complete, finder);
    index(ObjectType::StreamRoute, objects.stream_routes, kStreamRoutesMax, complete, finder);
    const Ssls ssls = index(ObjectType::Ssl, objects.ssls, kSslsMax, complete, finder);
    check_upstreams(objects, ssls, finder);
    check_routes(objects, upstreams, finder);
    return std::move(finder.found);
}

}  // namespace jumpgate
