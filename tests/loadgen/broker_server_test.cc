#include "loadgen/broker_server.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/loadgen/broker_wire.h"

namespace jumpgate::broker {
namespace {

TEST(Server, CarriesAMessageFromOneClientToAnother) {
    Running running;
    Wire subscriber(running.server->address());
    subscriber.send(connect_packet('s') + kSubscribe);
    EXPECT_EQ(subscriber.read(9), kConnack + kSuback);
    Wire publisher(running.server->address());
    const std::string publish("\x32\x08\x00\x01t\x00\x07pay", 10);
    publisher.send(connect_packet('p') + publish);
    EXPECT_EQ(publisher.read(8), kConnack + std::string("\x40\x02\x00\x07", 4));
    EXPECT_EQ(subscriber.read(10), std::string("\x32\x08\x00\x01t\x00\x01pay", 10));
}

TEST(Server, AcceptsAgainWhenItsTableWasFull) {
    ServerOptions options;
    options.limits.connections_max = 2;
    Running running(options);
    for (int round = 0; round < 20; ++round) {
        Wire one(running.server->address());
        Wire two(running.server->address());
        one.send(connect_packet('1'));
        two.send(connect_packet('2'));
        EXPECT_EQ(one.read(4), kConnack);
        EXPECT_EQ(two.read(4), kConnack);
        one.send(std::string("\xe0\x00", 2));
        two.send(std::string("\xe0\x00", 2));
        EXPECT_EQ(one.read(1), "");
        EXPECT_EQ(two.read(1), "");
    }
}

TEST(Server, StopsWithClientsInTheMiddleOfThings) {
    Running running;
    Wire silent(running.server->address());
    Wire half(running.server->address());
    half.send(connect_packet('h').substr(0, 7));
    Wire whole(running.server->address());
    whole.send(connect_packet('w') + kSubscribe);
    EXPECT_EQ(whole.read(9), kConnack + kSuback);
    // Never reads: more than the socket's buffers hold is on its way to it.
    Wire stuck(running.server->address());
    stuck.send(connect_packet('s') + kSubscribe);
    EXPECT_EQ(stuck.read(9), kConnack + kSuback);
    std::string publish("\x30\x83\xb5\x18\x00\x01t", 7);
    publish.append(400'000, 'x');
    for (int i = 0; i < 40; ++i) {
        whole.send(publish);
        EXPECT_EQ(whole.read(publish.size()), publish);
    }
    running.stop();
    EXPECT_EQ(whole.read(1), "");
}

TEST(Server, SaysWhenItsAddressIsNotItsOwn) {
    ServerOptions options;
    options.listen = *Address::parse("192.0.2.1", 0);
    const Result<std::unique_ptr<Server>> server = Server::start(options);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code, ErrorCode::AddressInUse);
}

}  // namespace
}  // namespace jumpgate::broker
