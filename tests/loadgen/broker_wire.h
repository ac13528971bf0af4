// A broker's server that runs, and a plain socket that talks to it.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "loadgen/broker_server.h"

namespace jumpgate::broker {

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

inline std::string connect_packet(char id) {
    std::string packet("\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01", 14);
    return packet + id;
}
inline const std::string kConnack("\x20\x02\x00\x00", 4);
inline const std::string kSubscribe("\x82\x06\x00\x01\x00\x01t\x01", 8);
inline const std::string kSuback("\x90\x03\x00\x01\x01", 5);

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

}  // namespace jumpgate::broker
