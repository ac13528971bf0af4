#include "core/config/flag_objects.h"

#include <utility>

namespace jumpgate {

void add_flag_objects(const Config& config, Objects& objects) {
    if (config.brokers.empty()) return;
    UpstreamConfig upstream;
    upstream.id = kFlagObjectId;
    upstream.origin.file = "--broker";
    upstream.type = Balance::ConsistentHash;
    upstream.key = config.hash_key;
    upstream.key_prefix_until = config.hash_key_prefix_until;
    upstream.nodes = config.brokers;  // each says itself whether it is reached over TLS
    upstream.tls.identity.certificate.file = config.upstream_tls.certificate_file;
    upstream.tls.identity.key.file = config.upstream_tls.key_file;
    upstream.tls.ca.file = config.upstream_tls.ca_file;
    objects.upstreams.push_back(std::move(upstream));

    StreamRouteConfig route;
    route.id = kFlagObjectId;
    route.origin.file = "--broker";
    route.upstream_id = kFlagObjectId;
    objects.stream_routes.push_back(std::move(route));
}

}  // namespace jumpgate
