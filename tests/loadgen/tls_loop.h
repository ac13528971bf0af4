// Both ends of a TLS connection in memory, for tests of one of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tls/engine.h"

namespace jumpgate::load {

// What `engine` can read of `ciphertext`, after the handshake.
inline std::string read_all(tls::Engine& engine, std::span<const uint8_t> ciphertext) {
    std::string text;
    uint8_t room[16'384];
    size_t length = 0;
    engine.feed(ciphertext);
    while (engine.read(room, length) == tls::Step::Done) {
        text.append(reinterpret_cast<const char*>(room), length);
    }
    return text;
}

// Moves ciphertext to and fro until both ends are silent; the server's tickets are read as well.
// True: both are established.
inline bool shake_hands(tls::Engine& client, tls::Engine& server) {
    bool moved = true;
    client.handshake();
    while (moved) {
        moved = false;
        for (const auto& [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
            if (from->output_bytes() == 0) continue;
            moved = true;
            const tls::Bytes bytes = from->take_output();
            to->feed(bytes.span());
            if (!to->established()) to->handshake();
            uint8_t room[16'384];
            size_t length = 0;
            if (to->established() && to->read(room, length) == tls::Step::Done) return false;
        }
    }
    return client.established() && server.established();
}

}  // namespace jumpgate::load
