#include "loadgen/broker_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/loadgen/broker_wire.h"

namespace jumpgate::broker {
namespace {

TEST(Connection, CarriesMessagesLargerThanItsBuffers) {
    ServerOptions options;
    options.buffers = 16;
    options.buffer_bytes = 256;
    Running running(options);
    Wire wire(running.server->address());
    wire.send(connect_packet('s') + kSubscribe);
    EXPECT_EQ(wire.read(9), kConnack + kSuback);
    std::string publish("\x30\x83\xb5\x18\x00\x01t", 7);  // 400,000 bytes of payload
    publish.append(400'000, 'x');
    for (int i = 0; i < 5; ++i) {
        wire.send(publish);
        EXPECT_EQ(wire.read(publish.size()), publish);
    }
}

TEST(Connection, EndsTheConnectionThatIsTakenOver) {
    Running running;
    Wire old(running.server->address());
    old.send(connect_packet('x'));
    EXPECT_EQ(old.read(4), kConnack);
    Wire young(running.server->address());
    young.send(connect_packet('x'));
    EXPECT_EQ(young.read(4), kConnack);
    EXPECT_EQ(old.read(1), "");
    young.send(std::string("\xc0\x00", 2));
    EXPECT_EQ(young.read(2), std::string("\xd0\x00", 2));
}

TEST(Connection, EndsASilentClientAfterItsKeepAlive) {
    Running running;
    Wire wire(running.server->address());
    std::string connect = connect_packet('k');
    connect[11] = 1;  // one second
    wire.send(connect);
    EXPECT_EQ(wire.read(4), kConnack);
    EXPECT_EQ(wire.read(1), "");
}

}  // namespace
}  // namespace jumpgate::broker
