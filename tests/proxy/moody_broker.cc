#include "tests/proxy/moody_broker.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace jumpgate {

MoodyBroker::MoodyBroker(Mood mood)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), mood_(mood) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listener_, 1'024), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread(&MoodyBroker::play, this);
}

MoodyBroker::~MoodyBroker() {
    over_ = true;
    thread_.join();
    for (const Client& client : connected_) ::close(client.fd);
    ::close(listener_);
}

std::vector<std::string> MoodyBroker::heard() const {
    const std::lock_guard<std::mutex> lock(lock_);
    return heard_;
}

// Who has left is noticed before who comes is counted.
void MoodyBroker::play() {
    while (!over_) {
        std::vector<pollfd> waiting = {{listener_, POLLIN, 0}};
        for (const Client& client : connected_) waiting.push_back({client.fd, POLLIN, 0});
        if (poll(waiting.data(), waiting.size(), 10) <= 0) continue;
        const int coming = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        std::erase_if(connected_, [this](Client& client) { return !serve(client); });
        if (coming < 0) continue;
        connected_.push_back({coming});
        ++clients_;
        at_once_max_ = std::max<unsigned>(at_once_max_, static_cast<unsigned>(connected_.size()));
    }
}

bool MoodyBroker::serve(Client& client) {
    char room[1'024];
    const ssize_t got = ::recv(client.fd, room, sizeof room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    bool stays = got > 0 && !client.greeted;  // what it says later is its DISCONNECT
    if (stays) {
        const std::lock_guard<std::mutex> lock(lock_);
        heard_.emplace_back(room, static_cast<size_t>(got));
    }
    if (stays) stays = greet(client);
    if (!stays) ::close(client.fd);
    return stays;
}

bool MoodyBroker::greet(Client& client) {
    static constexpr char kConnack[] = {0x20, 0x02, 0x00, 0x00};
    static constexpr char kUnavailable[] = {0x20, 0x02, 0x00, 0x03};
    switch (mood_.load()) {
        case Mood::Accepts:
            client.greeted = true;
            return ::send(client.fd, kConnack, sizeof kConnack, MSG_NOSIGNAL) > 0;
        case Mood::Refuses:
            ::send(client.fd, kUnavailable, sizeof kUnavailable, MSG_NOSIGNAL);
            return false;
        case Mood::Hangs:
            return true;
        case Mood::Resets: {
            const linger now{1, 0};
            setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            return false;
        }
    }
    return false;
}

}  // namespace jumpgate
