#include "bench/guard/peers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/check.h"

namespace jumpgate::guard {

static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

Peer::~Peer() {
    if (fd_ >= 0) close(fd_);
}

Peer Peer::connect(uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    const sockaddr_in address = loopback(port);
    CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const int on = 1;
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    return Peer(fd);
}

void Peer::send(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    CHECK(sent == static_cast<ssize_t>(bytes.size()));
}

void Peer::take() {
    std::array<char, 4'096> room;
    const ssize_t got = recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    CHECK(got >= 0 || errno == EAGAIN || errno == ECONNRESET);
    ended_ = got == 0 || (got < 0 && errno == ECONNRESET);
    if (got > 0) received_ += static_cast<size_t>(got);
}

bool Peer::has_received(size_t bytes) {
    if (received_ < bytes) take();
    return received_ >= bytes;
}

bool Peer::has_ended() {
    if (!ended_) take();
    return ended_;
}

Broker::Broker() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    CHECK(listen(fd_, 256) == 0);
    CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
}

Broker::~Broker() { close(fd_); }

std::optional<Peer> Broker::accept() {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return std::nullopt;
    const int on = 1;
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    return Peer(fd);
}

}  // namespace jumpgate::guard
