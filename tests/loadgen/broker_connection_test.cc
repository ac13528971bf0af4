#include "loadgen/broker_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/time.h"
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

// The waits of a broker that misbehaves are at least as long as asked for: that much can be tested.
class Stopwatch {
  public:
    uint64_t ms() const { return (monotonic_ns() - began_ns_) / kNanosPerMilli; }

  private:
    uint64_t began_ns_ = monotonic_ns();
};

TEST(Connection, DelaysTheConnackAndWhatComesBehindIt) {
    ServerOptions options;
    options.faults.connack_delay_ms = 150;
    Running running(options);
    Wire wire(running.server->address());
    const Stopwatch watch;
    wire.send(connect_packet('d') + kSubscribe);
    EXPECT_EQ(wire.read(9), kConnack + kSuback);
    EXPECT_GE(watch.ms(), 150U);
    wire.send(std::string("\xc0\x00", 2));
    EXPECT_EQ(wire.read(2), std::string("\xd0\x00", 2));
}

TEST(Connection, DelaysARefusalToo) {
    ServerOptions options;
    options.faults.connack_delay_ms = 150;
    options.faults.refuse_percent = 100;
    options.faults.refuse_code = mqtt::ReasonCode::ServerBusy;
    Running running(options);
    Wire wire(running.server->address());
    const Stopwatch watch;
    wire.send(connect_packet('d'));
    EXPECT_EQ(wire.read(5), std::string("\x20\x02\x00\x03", 4)) << "and the end of the stream";
    EXPECT_GE(watch.ms(), 150U);
}

TEST(Connection, ReadsNoFasterThanItShould) {
    ServerOptions options;
    options.faults.slow_read_bytes_per_s = 20'000;
    Running running(options);
    Wire wire(running.server->address());
    const Stopwatch watch;
    std::string publish("\x30\xa3\x1f\x00\x01t", 6);  // 4,000 bytes of payload
    publish.append(4'000, 'x');
    wire.send(connect_packet('s') + publish + std::string("\xc0\x00", 2));
    EXPECT_EQ(wire.read(6), kConnack + std::string("\xd0\x00", 2));
    // All but the last buffer (2,000 bytes, a tenth of a second) has had its time.
    EXPECT_GE(watch.ms(), 100U);
}

TEST(Connection, EndsWhileItWaits) {
    ServerOptions options;
    options.faults.connack_delay_ms = 3'600'000;
    options.faults.slow_read_bytes_per_s = 1;
    Running running(options);
    Wire gone(running.server->address());
    gone.send(connect_packet('g'));
    Wire young(running.server->address());
    young.send(connect_packet('y'));
    running.stop();  // checks that everything is back
    EXPECT_EQ(young.read(1), "");
}

}  // namespace
}  // namespace jumpgate::broker
