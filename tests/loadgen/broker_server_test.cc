#include "loadgen/broker_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace jumpgate::broker {
namespace {

// A blocking client of a few packets of MQTT 3.1.1; a read that takes 10 s has failed.
class Wire {
  public:
    explicit Wire(const Address& to) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval patience{10, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd_, &to.any, to.length), 0);
    }
    ~Wire() { close(fd_); }
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0);
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }
    // Fewer bytes at the end of the stream.
    std::string read(size_t size) {
        std::string got(size, '\0');
        size_t have = 0;
        while (have < size) {
            const ssize_t n = recv(fd_, got.data() + have, size - have, 0);
            // Work of this thread's ring interrupts a read that has a time limit (socket(7)).
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            have += static_cast<size_t>(n);
        }
        got.resize(have);
        return got;
    }

  private:
    int fd_;
};

std::string connect_packet(char id) {
    std::string packet("\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01", 14);
    return packet + id;
}
const std::string kConnack("\x20\x02\x00\x00", 4);
const std::string kSubscribe("\x82\x06\x00\x01\x00\x01t\x01", 8);
const std::string kSuback("\x90\x03\x00\x01\x01", 5);

struct Running {
    explicit Running(ServerOptions options = {}) {
        options.listen = *Address::parse("127.0.0.1", 0);
        if (options.limits.connections_max == Limits{}.connections_max) {
            options.limits.connections_max = 64;
        }
        ring = std::move(*Ring::open({}));
        server = std::move(*Server::start(options));
    }
    ~Running() { stop(); }
    void stop() {
        if (!server) return;
        server->stop(*ring);
        ring->turn(0);
        server.reset();  // joins; checks that everything is back
    }
    std::unique_ptr<Ring> ring;
    std::unique_ptr<Server> server;
};

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

TEST(Server, CarriesMessagesLargerThanItsBuffers) {
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

TEST(Server, EndsTheConnectionThatIsTakenOver) {
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

TEST(Server, EndsASilentClientAfterItsKeepAlive) {
    Running running;
    Wire wire(running.server->address());
    std::string connect = connect_packet('k');
    connect[11] = 1;  // one second
    wire.send(connect);
    EXPECT_EQ(wire.read(4), kConnack);
    EXPECT_EQ(wire.read(1), "");
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
