// DnsChannel: look-ups by c-ares: /etc/hosts, the search domains, A and AAAA, SRV.
//
// Law: single-threaded and never waiting but in wait(); each query is answered exactly once, with
// words for the user where it fails. What the DNS answers is sorted and has one of each.
// Does not remember answers: see name_follower.h.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/host_port.h"
#include "core/base/parsed.h"
#include "core/io/address.h"
#include "core/io/srv_reply.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace jumpgate {

// "127.0.0.1, 10.0.0.2:5353,[::1]:53": IP literals, port 53 unless told, at most 16.
Parsed<std::vector<HostPort>> parse_name_servers(std::string_view text);

struct DnsAnswer {
    static constexpr uint32_t kForEver = std::numeric_limits<uint32_t>::max();  // of /etc/hosts

    // IPv4 and IPv6 apart, with port 0. Without a problem there is at least one.
    std::array<std::vector<Address>, 2> addresses;
    // No word about this family, while the other one has addresses.
    std::array<bool, 2> unknown{};
    std::vector<SrvRecord> services;
    uint32_t ttl_s = 0;
    std::string problem;  // empty: it went well
};

// A look-up in flight, as the base of who asked: alive and in place until `answered` is called,
// which may happen within ask_*().
class DnsQuery {
  public:
    explicit DnsQuery(void (*answered)(DnsQuery&, DnsAnswer&)) : answered_(answered) {}
    DnsQuery(const DnsQuery&) = delete;
    DnsQuery& operator=(const DnsQuery&) = delete;

  private:
    friend class DnsChannel;
    struct Part {  // A or AAAA
        DnsQuery* query = nullptr;
        int status = 0;
    };

    void (*answered_)(DnsQuery&, DnsAnswer&);
    class DnsChannel* channel_ = nullptr;
    std::string name_;
    uint64_t asked_ns_ = 0;
    std::array<Part, 2> parts_{};
    int parts_left_ = 0;
    DnsAnswer answer_;
};

struct DnsOptions {
    std::string servers;                           // empty: those of `resolv_conf`
    uint32_t timeout_ms = 2'000;                   // one try; a second one waits longer
    std::string resolv_conf = "/etc/resolv.conf";  // read again when it was changed
};

class DnsChannel {
  public:
    explicit DnsChannel(const DnsOptions& options);
    // Answers what is still in flight, with a problem.
    ~DnsChannel();
    DnsChannel(const DnsChannel&) = delete;
    DnsChannel& operator=(const DnsChannel&) = delete;

    void ask_addresses(DnsQuery& query, const std::string& host);
    void ask_services(DnsQuery& query, const std::string& name);
    // Questions to name servers without an answer; addresses are two.
    unsigned in_flight() const { return in_flight_; }

    // Until something came, `wake_fd` is readable or `timeout_ns` have passed.
    void wait(int wake_fd, uint64_t timeout_ns);

  private:
    // What c-ares calls.
    static void hosts_file_read(void* query, int status, int, ares_addrinfo* found);
    static void addresses_came(void* part, int status, int, ares_addrinfo* found);
    static void services_came(void* query, int status, int, unsigned char* reply, int length);
    static void socket_changed(void* channel, int fd, int readable, int writable);

    void prepare(DnsQuery& query, const std::string& name);
    void open();
    int open_dns();
    void close();
    void reopen_if_changed();
    void ask_families(DnsQuery& query);
    void finish_addresses(DnsQuery& query);
    std::string words(int status, const DnsQuery& query) const;
    std::string server_names() const;

    DnsOptions options_;
    ares_channeldata* hosts_ = nullptr;  // reads /etc/hosts only, never asks
    ares_channeldata* dns_ = nullptr;
    std::string open_problem_;
    int64_t resolv_conf_changed_ns_ = 0;
    std::map<int, short> sockets_;  // -> events of poll(2)
    unsigned in_flight_ = 0;
};

}  // namespace jumpgate
