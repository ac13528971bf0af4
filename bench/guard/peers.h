// Peer, Broker: the other ends of a script: sockets that never wait, and close themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace jumpgate::guard {

class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {}
    ~Peer();
    Peer(Peer&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), received_(other.received_), ended_(other.ended_) {}
    Peer& operator=(Peer&&) = delete;

    // A client; the kernel connects it before anybody accepts.
    static Peer connect(uint16_t port);

    // CHECK: all of it fits the socket's buffer.
    void send(std::string_view bytes);
    // Takes what has come; true once `bytes` in all have.
    bool has_received(size_t bytes);
    // Takes what has come; true once the stream has ended.
    bool has_ended();

  private:
    void take();

    int fd_;
    size_t received_ = 0;
    bool ended_ = false;
};

class Broker {
  public:
    Broker();
    ~Broker();
    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    uint16_t port() const { return port_; }
    // The next connection, if there is one.
    std::optional<Peer> accept();

  private:
    int fd_;
    uint16_t port_ = 0;
};

}  // namespace jumpgate::guard
