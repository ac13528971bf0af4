// A name server of the tests: UDP on a free loopback port, on a thread of its own. Answers what it
// was told, at once and always the same; counts what it was asked.
//
// Does not speak TCP: see dnsmasq in resolver_test.cc.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace jumpgate {

using Bytes = std::vector<uint8_t>;

enum class DnsType : uint16_t { A = 1, Cname = 5, Aaaa = 28, Srv = 33 };

inline void put_u16(Bytes& out, unsigned value) {
    out.push_back(static_cast<uint8_t>(value >> 8U));
    out.push_back(static_cast<uint8_t>(value));
}

inline void put_u32(Bytes& out, uint32_t value) {
    put_u16(out, value >> 16U);
    put_u16(out, value & 0xffffU);
}

// "a.example" -> 1 a 7 example 0
inline void put_name(Bytes& out, const std::string& name) {
    for (size_t at = 0; at < name.size();) {
        const size_t dot = std::min(name.find('.', at), name.size());
        out.push_back(static_cast<uint8_t>(dot - at));
        out.insert(out.end(), name.begin() + static_cast<ptrdiff_t>(at),
                   name.begin() + static_cast<ptrdiff_t>(dot));
        at = dot + 1;
    }
    out.push_back(0);
}

struct SrvLine {
    std::string target;
    uint16_t port = 1883;
    uint16_t priority = 0;
    uint16_t weight = 0;
};

inline Bytes srv_bytes(const SrvLine& line) {
    Bytes out;
    put_u16(out, line.priority);
    put_u16(out, line.weight);
    put_u16(out, line.port);
    put_name(out, line.target == "." ? "" : line.target);
    return out;
}

struct DnsRecord {
    std::string name;
    DnsType type = DnsType::A;
    uint32_t ttl_s = 60;
    Bytes rdata;
};

// A reply to the question `name` and `type`.
inline Bytes dns_reply(uint16_t id, unsigned rcode, const std::string& name, DnsType type,
                       const std::vector<DnsRecord>& records) {
    Bytes out;
    put_u16(out, id);
    put_u16(out, 0x8180U | rcode);
    for (const size_t count : {size_t{1}, records.size(), size_t{0}, size_t{0}}) {
        put_u16(out, static_cast<unsigned>(count));
    }
    put_name(out, name);
    put_u16(out, static_cast<unsigned>(type));
    put_u16(out, 1);
    for (const DnsRecord& record : records) {
        if (record.name == name) {
            put_u16(out, 0xc00cU);  // the question's name, so that many fit
        } else {
            put_name(out, record.name);
        }
        put_u16(out, static_cast<unsigned>(record.type));
        put_u16(out, 1);
        put_u32(out, record.ttl_s);
        put_u16(out, static_cast<unsigned>(record.rdata.size()));
        out.insert(out.end(), record.rdata.begin(), record.rdata.end());
    }
    return out;
}

class DnsResponder {
  public:
    static constexpr unsigned kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5;

    DnsResponder() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        socklen_t length = sizeof any;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &length);
        port_ = ntohs(any.sin_port);
        EXPECT_EQ(pipe(end_.data()), 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~DnsResponder() {
        close(end_[1]);
        thread_.join();
        close(end_[0]);
        close(fd_);
    }
    DnsResponder(const DnsResponder&) = delete;
    DnsResponder& operator=(const DnsResponder&) = delete;

    std::string server() const { return "127.0.0.1:" + std::to_string(port_); }

    // Replaces the A and AAAA records of a name.
    void set_addresses(const std::string& name, const std::vector<std::string>& addresses,
                       uint32_t ttl_s = 60) {
        const std::lock_guard lock(mutex_);
        Host& host = hosts_[name];
        host.records[DnsType::A].clear();
        host.records[DnsType::Aaaa].clear();
        for (const std::string& text : addresses) {
            const bool v6 = text.find(':') != std::string::npos;
            const DnsType type = v6 ? DnsType::Aaaa : DnsType::A;
            Bytes rdata(v6 ? 16 : 4);
            EXPECT_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), rdata.data()), 1);
            host.records[type].push_back({name, type, ttl_s, rdata});
        }
    }
    void set_services(const std::string& name, const std::vector<SrvLine>& lines,
                      uint32_t ttl_s = 60) {
        const std::lock_guard lock(mutex_);
        std::vector<DnsRecord>& records = hosts_[name].records[DnsType::Srv];
        records.clear();
        for (const SrvLine& line : lines) {
            records.push_back({name, DnsType::Srv, ttl_s, srv_bytes(line)});
        }
    }
    // The A query of `name` is answered through `target`, which has addresses here.
    void set_alias(const std::string& name, const std::string& target, uint32_t ttl_s) {
        const std::lock_guard lock(mutex_);
        Bytes rdata;
        put_name(rdata, target);
        std::vector<DnsRecord> records = hosts_[target].records[DnsType::A];
        records.insert(records.begin(), {name, DnsType::Cname, ttl_s, rdata});
        hosts_[name].records[DnsType::A] = records;
    }
    // Every query of the name gets this code; 0: its records again.
    void set_code(const std::string& name, unsigned rcode) {
        const std::lock_guard lock(mutex_);
        hosts_[name].rcode = rcode;
    }
    void forget(const std::string& name) {
        const std::lock_guard lock(mutex_);
        hosts_.erase(name);
    }
    void set_silent(const std::string& name, DnsType type, bool silent) {
        const std::lock_guard lock(mutex_);
        silent ? hosts_[name].silent.insert(type).second : hosts_[name].silent.erase(type) != 0;
    }
    void set_all_silent(bool silent) {
        const std::lock_guard lock(mutex_);
        all_silent_ = silent;
    }
    // These datagrams go before each answer to this name, the query's id in front of each.
    void set_garbage(const std::string& name, std::vector<Bytes> garbage) {
        const std::lock_guard lock(mutex_);
        hosts_[name].garbage = std::move(garbage);
    }

    // When this question came, each time.
    std::vector<uint64_t> asked(const std::string& name, DnsType type) const {
        const std::lock_guard lock(mutex_);
        const auto at = asked_.find({name, type});
        return at == asked_.end() ? std::vector<uint64_t>{} : at->second;
    }
    size_t different_questions() const {
        const std::lock_guard lock(mutex_);
        return asked_.size();
    }

  private:
    struct Host {
        std::map<DnsType, std::vector<DnsRecord>> records;
        std::set<DnsType> silent;
        std::vector<Bytes> garbage;
        unsigned rcode = 0;
    };
    struct Question {
        uint16_t id = 0;
        std::string name;
        DnsType type = DnsType::A;
    };

    static std::optional<Question> parse(std::span<const uint8_t> query) {
        Question question;
        if (query.size() < 17) return std::nullopt;
        question.id = static_cast<uint16_t>(query[0] << 8U | query[1]);
        size_t at = 12;
        while (at < query.size() && query[at] != 0) {
            if (!question.name.empty()) question.name += '.';
            for (size_t i = 1; i <= query[at] && at + i < query.size(); ++i) {
                question.name += static_cast<char>(tolower(query[at + i]));
            }
            at += query[at] + 1U;
        }
        if (at + 5 > query.size()) return std::nullopt;
        question.type = static_cast<DnsType>(query[at + 1] << 8U | query[at + 2]);
        return question;
    }

    void serve() {
        std::array<uint8_t, 4096> bytes{};
        for (;;) {
            std::array<pollfd, 2> waited = {{{fd_, POLLIN, 0}, {end_[0], POLLIN, 0}}};
            poll(waited.data(), waited.size(), -1);
            if (waited[1].revents != 0) return;
            sockaddr_in from{};
            socklen_t length = sizeof from;
            const ssize_t count = recvfrom(fd_, bytes.data(), bytes.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from), &length);
            if (count <= 0) continue;
            const auto question = parse({bytes.data(), static_cast<size_t>(count)});
            if (!question) continue;
            for (const Bytes& reply : replies(*question)) {
                sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from),
                       length);
            }
        }
    }

    std::vector<Bytes> replies(const Question& question) {
        const std::lock_guard lock(mutex_);
        asked_[{question.name, question.type}].push_back(monotonic_ns());
        if (all_silent_) return {};
        const auto at = hosts_.find(question.name);
        if (at == hosts_.end()) {
            return {dns_reply(question.id, kNxDomain, question.name, question.type, {})};
        }
        Host& host = at->second;
        if (host.silent.contains(question.type)) return {};
        std::vector<Bytes> out;
        for (const Bytes& garbage : host.garbage) {
            Bytes& one = out.emplace_back();
            put_u16(one, question.id);
            one.insert(one.end(), garbage.begin(), garbage.end());
        }
        const std::vector<DnsRecord> none;
        out.push_back(dns_reply(question.id, host.rcode, question.name, question.type,
                                host.rcode == 0 ? host.records[question.type] : none));
        return out;
    }

    int fd_;
    uint16_t port_ = 0;
    std::array<int, 2> end_{};  // a pipe: closed at the end
    mutable std::mutex mutex_;  // of all below
    std::map<std::string, Host> hosts_;
    std::map<std::pair<std::string, DnsType>, std::vector<uint64_t>> asked_;
    bool all_silent_ = false;
    std::thread thread_;
};

}  // namespace jumpgate
