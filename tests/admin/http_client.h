// An HTTP client of raw sockets: it sends what a test says, well formed or not.
//
// Law: every wait ends after kDeadlineS.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>

namespace jumpgate {

struct HttpAnswer {
    unsigned status = 0;  // 0: the connection ended without an answer
    std::string head;
    std::string body;
};

class HttpClient {
  public:
    static constexpr int kDeadlineS = 30;

    // From 127.0.0.`host`.
    explicit HttpClient(uint16_t port, uint32_t host = 1)
        : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
        EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        begin(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    explicit HttpClient(const std::string& path)
        : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        begin(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ~HttpClient() { close(fd_); }
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
        return true;
    }
    // One answer, by its Content-Length, or up to the end of the connection.
    HttpAnswer receive() {
        HttpAnswer answer;
        size_t end = std::string::npos;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return answer;
        answer.head = received_.substr(0, end + 4);
        received_.erase(0, end + 4);
        answer.status = static_cast<unsigned>(std::stoul(answer.head.substr(9, 3)));
        if (answer.status == 100) return receive();
        const size_t length = answer.head.find("Content-Length: ");
        const size_t bytes =
            length == std::string::npos ? 0 : std::stoul(answer.head.substr(length + 16));
        while (received_.size() < bytes)
            if (!more()) break;
        answer.body = received_.substr(0, bytes);
        received_.erase(0, bytes);
        return answer;
    }
    HttpAnswer ask(std::string_view method, std::string_view target, std::string_view body = "",
                   std::string_view headers = "") {
        send(fmt::format("{} {} HTTP/1.1\r\nHost: jumpgate\r\nContent-Length: {}\r\n{}\r\n{}",
                         method, target, body.size(), headers, body));
        return receive();
    }
    // True: the other side has ended the connection and sent nothing before.
    bool ended() { return received_.empty() && !more(); }
    // Something has come, if only the end.
    bool heard_within(int wait_ms) const {
        pollfd waiting{fd_, POLLIN, 0};
        return poll(&waiting, 1, wait_ms) == 1;
    }
    // True: an answer of `bytes` does not come whole.
    bool is_cut_before(size_t bytes) {
        while (more() && received_.size() < bytes) {
        }
        return received_.size() < bytes;
    }

  private:
    void begin(const sockaddr* address, socklen_t length) {
        const timeval limit{kDeadlineS, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        EXPECT_EQ(connect(fd_, address, length), 0) << std::strerror(errno);
    }
    bool more() {
        char block[65'536];
        const ssize_t got = recv(fd_, block, sizeof block, 0);
        if (got <= 0) return false;
        received_.append(block, static_cast<size_t>(got));
        return true;
    }

    int fd_;
    std::string received_;
};

}  // namespace jumpgate
