#include "core/proxy/relay_identity.h"

#include <algorithm>

#include "core/base/cut_text.h"
#include "core/base/time.h"

namespace jumpgate {

static constexpr uint64_t kStartedMask = (uint64_t{1} << 48U) - 1;

void RelayIdentity::set_client_id(std::string_view id) {
    id = cut_text(id, client_id_bytes.size());
    client_id_length = static_cast<uint8_t>(id.size());
    std::ranges::copy(id, client_id_bytes.begin());  // HTTP has none: not for memcpy
}

uint64_t RelayIdentity::age_us(uint64_t now_ns) const {
    return (now_ns / kNanosPerMicro - started_us) & kStartedMask;
}

bool RelayIdentity::is_called(std::string_view wanted) const {
    return client_id().starts_with(cut_text(wanted, kClientIdBytesMax));
}

void count_begin(Stats& stats, RelayIdentity& identity, uint64_t now_ns) {
    identity.started_us = (now_ns / kNanosPerMicro) & kStartedMask;
    stats.relays++;
    NodeStats& node = stats.node(identity.node);
    node.relays++;
    node.relays_total++;
    RouteStats& route = stats.route(identity.route);
    route.connections++;
    route.connections_total++;
}

void count_first_bytes(Stats& stats, RelayIdentity& identity, std::span<const uint8_t> first,
                       uint64_t now_ns) {
    if (identity.level == 0 || identity.connack != Connack::None) return;
    identity.connack = read_connack(first);
    stats.connack_times.record(identity.age_us(now_ns));
    stats.node(identity.node).connacks[static_cast<size_t>(identity.connack)]++;
}

void count_end(Stats& stats, const EndedRelay& relay) {
    const RelayIdentity& identity = relay.identity;
    stats.relays--;
    ListenerStats& listener = stats.listener(identity.listener);
    listener.connections--;
    listener.closed[static_cast<size_t>(relay.end)]++;
    stats.route(identity.route).connections--;
    NodeStats& node = stats.node(identity.node);
    node.relays--;
    node.bytes_up += relay.bytes_up;
    node.bytes_down += relay.bytes_down;
    const bool unanswered = identity.level != 0 && identity.connack == Connack::None;
    if (unanswered) node.connacks[static_cast<size_t>(Connack::None)]++;
}

}  // namespace jumpgate
