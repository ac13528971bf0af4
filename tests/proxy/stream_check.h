// Streams of seeded bytes through a relay, and their check at the far end.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <thread>

#include "core/base/rng.h"
#include "tests/proxy/worker_fixture.h"

namespace jumpgate {

inline std::string seeded_bytes(size_t size, uint64_t seed) {
    Rng rng(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng.next());
    return bytes;
}

// Sends `bytes` in pieces of random size, then ends the sending side.
inline void send_in_pieces(Peer& from, const std::string& bytes, size_t piece_max, uint64_t seed) {
    Rng rng(seed);
    for (size_t at = 0; at < bytes.size();) {
        const size_t piece = std::min(bytes.size() - at, 1 + rng.below(piece_max));
        from.send(std::string_view(bytes).substr(at, piece));
        at += piece;
    }
    from.shut_send();
}

// Both directions at once: all bytes arrive unchanged and in order.
inline void expect_both_ways(Peer& client, Peer& upstream, size_t size, size_t piece_max,
                             uint64_t seed) {
    const std::string up = seeded_bytes(size, seed);
    const std::string down = seeded_bytes(size, seed + 1);
    std::thread client_sends([&] { send_in_pieces(client, up, piece_max, seed + 2); });
    std::thread broker_sends([&] { send_in_pieces(upstream, down, piece_max, seed + 3); });
    std::string got_down;
    std::thread client_reads([&] { got_down = client.receive_to_end(); });
    const std::string got_up = upstream.receive_to_end();
    client_sends.join();
    broker_sends.join();
    client_reads.join();
    EXPECT_TRUE(got_up == up) << got_up.size() << " of " << up.size() << " bytes up";
    EXPECT_TRUE(got_down == down) << got_down.size() << " of " << down.size() << " bytes down";
}

}  // namespace jumpgate
