// BrokerBoard: what the whole process knows of each broker and route right now: how much of its
// weight a broker is worth, and how many clients there are.
//
// Law: one atomic per fact and no order between facts: a worker that reads a moment too late sends
// one client to a broker that just went down, and its dial tells it. The control thread writes
// shares; workers count clients, once per connection, never per message.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/config/objects.h"  // kAllNodesMax, kStreamRoutesMax
#include "core/route/pick.h"      // kShareFull

namespace jumpgate {

// A broker's or a route's place in every table of the process: stable while it is configured or has
// clients.
inline constexpr uint16_t kBrokerSlots = 16'384;
inline constexpr uint16_t kRouteSlots = 20'000;
// One change may replace all of them, and the old ones keep theirs until nobody routes by them.
static_assert(kBrokerSlots >= 2 * kAllNodesMax && kRouteSlots >= 2 * kStreamRoutesMax);

struct BrokerBoard {
    BrokerBoard() {
        for (auto& share : shares) share.store(kShareFull, std::memory_order_relaxed);
    }

    // 0: gets no client (down); below kShareFull: slow start.
    std::array<std::atomic<uint16_t>, kBrokerSlots> shares;
    // Raised after each change of a share and each pardon, so that workers may keep what they
    // computed.
    std::atomic<uint64_t> changes{0};
    // A worker's dials marked the broker down since its last pardon.
    std::array<std::atomic<bool>, kBrokerSlots> marked{};
    // Raised, by the health checks, to void what workers' dials taught before.
    std::array<std::atomic<uint32_t>, kBrokerSlots> pardons{};
    // Clients on a broker, those included that are being dialled.
    std::array<std::atomic<uint32_t>, kBrokerSlots> clients{};
    // Clients relayed by a route.
    std::array<std::atomic<uint32_t>, kRouteSlots> routed{};

    void set(uint16_t slot, uint16_t share) {
        if (shares[slot].exchange(share, std::memory_order_relaxed) == share) return;
        changes.fetch_add(1, std::memory_order_release);
    }
    void pardon(uint16_t slot) {
        marked[slot].store(false, std::memory_order_relaxed);
        pardons[slot].fetch_add(1, std::memory_order_relaxed);
        changes.fetch_add(1, std::memory_order_release);
    }
};

}  // namespace jumpgate
