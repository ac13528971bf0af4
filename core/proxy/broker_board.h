// BrokerBoard: how much of its weight each broker is worth now, as the health checks see it.
//
// Law: the control thread writes, workers read, without order between entries: a worker that reads
// a moment too late sends one client to a broker that just went down, and its dial tells it.
// `changes` is raised after each write, so that workers may keep what they computed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/route/pick.h"

namespace jumpgate {

// A broker's place in every table of the process: stable while it is configured or has clients.
inline constexpr uint16_t kBrokerSlots = 16'384;

struct BrokerBoard {
    BrokerBoard() {
        for (auto& share : shares) share.store(kShareFull, std::memory_order_relaxed);
    }

    // 0: gets no client (down); below kShareFull: slow start.
    std::array<std::atomic<uint16_t>, kBrokerSlots> shares;
    std::atomic<uint64_t> changes{0};

    void set(uint16_t slot, uint16_t share) {
        if (shares[slot].exchange(share, std::memory_order_relaxed) == share) return;
        changes.fetch_add(1, std::memory_order_release);
    }
};

}  // namespace jumpgate
