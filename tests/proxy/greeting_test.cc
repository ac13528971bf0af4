// Greeting: bytes stay in order, memory follows what has come.
#include "core/proxy/greeting.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/received.h"

namespace jumpgate {
namespace {

std::string bytes_of(const Greeting& greeting, BufferRing& buffers) {
    const std::span<const uint8_t> bytes = greeting.bytes(buffers);
    return {bytes.begin(), bytes.end()};
}

TEST(Greeting, HoldsTheBufferThatACompleteConnectCameIn) {
    Received received(16, 512);
    Greeting greeting;
    const Received::Piece piece = received.take("whole");
    greeting.receive(received.buffers(), piece.id, piece.length);
    EXPECT_EQ(bytes_of(greeting, received.buffers()), "whole");
    EXPECT_EQ(received.buffers().held(), 1U);
    greeting.clear(received.buffers());
    EXPECT_EQ(received.buffers().held(), 0U);
    EXPECT_TRUE(greeting.bytes(received.buffers()).empty());
}

TEST(Greeting, JoinsPiecesInOrderAndHoldsNoBufferBetweenThem) {
    Received received(16, 512);
    Greeting greeting;
    std::string sent;
    for (int i = 0; i < 300; ++i) {
        const std::string part(1, static_cast<char>('a' + i % 26));
        const Received::Piece piece = received.take(part);
        greeting.receive(received.buffers(), piece.id, piece.length);
        greeting.keep(received.buffers());
        sent += part;
        EXPECT_EQ(received.buffers().held(), 0U);
    }
    EXPECT_EQ(bytes_of(greeting, received.buffers()), sent);
    greeting.clear(received.buffers());
}

TEST(Greeting, CopiesAtOnceWhereBuffersAreScarce) {
    Received received(16, 512);
    std::vector<Received::Piece> others;
    for (int i = 0; i < 9; ++i) others.push_back(received.take("other"));
    Greeting greeting;
    const Received::Piece piece = received.take("mine");
    greeting.receive(received.buffers(), piece.id, piece.length);
    EXPECT_EQ(received.buffers().held(), 9U);
    EXPECT_EQ(bytes_of(greeting, received.buffers()), "mine");
    for (const Received::Piece& other : others) received.buffers().release(other.id);
    greeting.clear(received.buffers());
}

}  // namespace
}  // namespace jumpgate
