#include "core/io/dns_channel.h"

#define CARES_NO_DEPRECATED  // 1.34 has newer calls that 1.18 has not
#include <ares.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/time.h"

namespace jumpgate {

static constexpr int kTries = 2;
static constexpr int kEdnsBytes = 1232;  // fits any path unfragmented; larger replies come by TCP
static constexpr size_t kServersMax = 16;
static constexpr uint16_t kDnsPort = 53;
static constexpr int kClassIn = 1;
static constexpr int kTypeSrv = 33;
static constexpr std::array<int, 2> kFamilies = {AF_INET, AF_INET6};

Parsed<std::vector<HostPort>> parse_name_servers(std::string_view text) {
    std::vector<HostPort> servers;
    while (!text.empty()) {
        const size_t comma = std::min(text.find(','), text.size());
        std::string_view one = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
        one = one.substr(0, one.find_last_not_of(' ') + 1);
        HostPort server{"", kDnsPort};
        const Parsed<std::string> bare = parse_ip(one);
        const Parsed<HostPort> with_port = parse_host_port(one, 1);
        if (const auto* ip = std::get_if<std::string>(&bare)) {
            server.host = *ip;
        } else if (const auto* both = std::get_if<HostPort>(&with_port);
                   both != nullptr && Address::parse(both->host, both->port)) {
            server = *both;
        } else {
            return Problem{fmt::format(
                "has \"{}\", which is no IP address; allowed: 192.0.2.53, 127.0.0.1:5353, "
                "[2001:db8::53]:53, with commas between",
                one)};
        }
        servers.push_back(server);
    }
    if (servers.size() > kServersMax) {
        return Problem{
            fmt::format("names {} servers; {} are allowed", servers.size(), kServersMax)};
    }
    return servers;
}

static int64_t changed_ns(const std::string& path) {
    struct stat now {};
    if (stat(path.c_str(), &now) != 0) return 0;
    return now.st_mtim.tv_sec * static_cast<int64_t>(kNanosPerSecond) + now.st_mtim.tv_nsec;
}

// The order of IPv4 or IPv6 addresses among themselves.
static int compare(const Address& one, const Address& other) {
    if (one.any.sa_family == AF_INET) {
        return std::memcmp(&one.v4.sin_addr, &other.v4.sin_addr, sizeof one.v4.sin_addr);
    }
    return std::memcmp(&one.v6.sin6_addr, &other.v6.sin6_addr, sizeof one.v6.sin6_addr);
}

// Adds what `found` has; a TTL is the lowest on the way through the aliases.
static void collect(const ares_addrinfo& found, DnsAnswer& answer) {
    const auto lower_ttl = [&](int ttl_s) {
        answer.ttl_s = std::min(answer.ttl_s, static_cast<uint32_t>(std::max(ttl_s, 0)));
    };
    for (const ares_addrinfo_cname* alias = found.cnames; alias; alias = alias->next) {
        lower_ttl(alias->ttl);
    }
    for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next) {
        Address address;
        if (node->ai_family == AF_INET) {
            address.v4.sin_family = AF_INET;
            address.v4.sin_addr = reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr;
            address.length = sizeof(sockaddr_in);
        } else {
            address.v6.sin6_family = AF_INET6;
            address.v6.sin6_addr = reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr;
            address.length = sizeof(sockaddr_in6);
        }
        answer.addresses[node->ai_family == AF_INET ? 0 : 1].push_back(address);
        lower_ttl(node->ai_ttl);
    }
    for (std::vector<Address>& family : answer.addresses) {
        std::ranges::sort(family, [](const auto& a, const auto& b) { return compare(a, b) < 0; });
        const auto repeated = std::ranges::unique(
            family, [](const auto& a, const auto& b) { return compare(a, b) == 0; });
        family.erase(repeated.begin(), repeated.end());
    }
}

DnsChannel::DnsChannel(const DnsOptions& options) : options_(options) {
    CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    open();
}

DnsChannel::~DnsChannel() {
    close();
    ares_library_cleanup();
}

// Those of a channel, with their ports.
static std::vector<Address> servers_of(ares_channel channel) {
    std::vector<Address> servers;
    ares_addr_port_node* nodes = nullptr;
    if (channel == nullptr || ares_get_servers_ports(channel, &nodes) != ARES_SUCCESS) return {};
    for (const ares_addr_port_node* one = nodes; one != nullptr; one = one->next) {
        Address& address = servers.emplace_back();
        if (one->family == AF_INET) {
            address.length = sizeof(sockaddr_in);
            std::memcpy(&address.v4.sin_addr, &one->addr, sizeof address.v4.sin_addr);
        } else {
            address.length = sizeof(sockaddr_in6);
            std::memcpy(&address.v6.sin6_addr, &one->addr, sizeof address.v6.sin6_addr);
        }
        address.any.sa_family = static_cast<sa_family_t>(one->family);
        const int port = one->udp_port;
        address.set_port(port == 0 ? kDnsPort : static_cast<uint16_t>(port));
    }
    ares_free_data(nodes);
    return servers;
}

void DnsChannel::open() {
    resolv_conf_changed_ns_ = changed_ns(options_.resolv_conf);
    std::array<char, 2> files = {"f"};
    ares_options settings{};
    settings.lookups = files.data();
    settings.resolvconf_path = options_.resolv_conf.data();
    int failed = ares_init_options(&hosts_, &settings, ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF);
    if (failed == ARES_SUCCESS) failed = open_dns();
    if (failed != ARES_SUCCESS) close();
    open_problem_ = failed == ARES_SUCCESS ? "" : ares_strerror(failed);
}

// -> a status of c-ares
int DnsChannel::open_dns() {
    std::string list;
    size_t count = servers_of(hosts_).size();
    if (!options_.servers.empty()) {
        const auto parsed = parse_name_servers(options_.servers);
        CHECK(std::holds_alternative<std::vector<HostPort>>(parsed));
        const auto& servers = std::get<std::vector<HostPort>>(parsed);
        for (const HostPort& server : servers) list += (list.empty() ? "" : ",") + text(server);
        count = servers.size();
    }
    std::array<char, 2> names = {"b"};
    ares_options settings{};
    settings.lookups = names.data();
    settings.resolvconf_path = options_.resolv_conf.data();
    settings.flags = ARES_FLAG_EDNS;
    // SERVFAIL, NOTIMP and REFUSED make it ask the next server, and are forgotten (1.18): where
    // there is no next one, they are the answer.
    if (count == 1) settings.flags |= ARES_FLAG_NOCHECKRESP;
    settings.ednspsz = kEdnsBytes;
    settings.timeout = static_cast<int>(options_.timeout_ms);
    settings.tries = kTries;
    settings.sock_state_cb = &DnsChannel::socket_changed;
    settings.sock_state_cb_data = this;
    int chosen = ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ |
                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE  // 1.31: we ask when a TTL is over, and then want to know
    settings.qcache_max_ttl = 0;
    chosen |= ARES_OPT_QUERY_CACHE;
#endif
    const int failed = ares_init_options(&dns_, &settings, chosen);
    if (failed != ARES_SUCCESS || list.empty()) return failed;
    return ares_set_servers_ports_csv(dns_, list.c_str());
}

// What is in flight is answered by ares_destroy(), with ARES_EDESTRUCTION.
void DnsChannel::close() {
    if (hosts_ != nullptr) ares_destroy(hosts_);
    if (dns_ != nullptr) ares_destroy(dns_);
    hosts_ = dns_ = nullptr;
    sockets_.clear();
}

// c-ares reads resolv.conf once; a laptop or a DHCP lease gets other name servers.
void DnsChannel::reopen_if_changed() {
    if (in_flight_ != 0) return;
    const bool changed = changed_ns(options_.resolv_conf) != resolv_conf_changed_ns_;
    if (dns_ != nullptr && !changed) return;
    close();
    open();
}

void DnsChannel::prepare(DnsQuery& query, const std::string& name) {
    reopen_if_changed();
    query.channel_ = this;
    query.name_ = name;
    query.asked_ns_ = monotonic_ns();
    query.answer_ = {};
    query.answer_.ttl_s = DnsAnswer::kForEver;
    query.answer_.problem = open_problem_;
}

// The hosts file first and for both families: what it has hides the DNS, as with getaddrinfo(3).
void DnsChannel::ask_addresses(DnsQuery& query, const std::string& host) {
    prepare(query, host);
    if (dns_ == nullptr) return query.answered_(query, query.answer_);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(hosts_, host.c_str(), nullptr, &hints, &DnsChannel::hosts_file_read, &query);
}

void DnsChannel::hosts_file_read(void* context, int status, int, ares_addrinfo* found) {
    DnsQuery& query = *static_cast<DnsQuery*>(context);
    if (status != ARES_SUCCESS) return query.channel_->ask_families(query);
    collect(*found, query.answer_);
    ares_freeaddrinfo(found);
    query.answer_.ttl_s = DnsAnswer::kForEver;
    query.answered_(query, query.answer_);
}

// Apart, so that a server that never answers AAAA does not take the IPv4 addresses away.
void DnsChannel::ask_families(DnsQuery& query) {
    const std::string host = query.name_;  // the last callback may end the query
    query.parts_left_ = static_cast<int>(kFamilies.size());
    in_flight_ += static_cast<unsigned>(kFamilies.size());
    for (size_t i = 0; i < kFamilies.size(); ++i) {
        ares_addrinfo_hints hints{};
        hints.ai_family = kFamilies[i];
        hints.ai_flags = ARES_AI_NOSORT;  // sorting would connect to each of them (RFC 6724)
        query.parts_[i] = {&query, ARES_SUCCESS};
        ares_getaddrinfo(dns_, host.c_str(), nullptr, &hints, &DnsChannel::addresses_came,
                         &query.parts_[i]);
    }
}

void DnsChannel::addresses_came(void* context, int status, int, ares_addrinfo* found) {
    DnsQuery::Part& part = *static_cast<DnsQuery::Part*>(context);
    DnsQuery& query = *part.query;
    part.status = status;
    if (found != nullptr) {
        if (status == ARES_SUCCESS) collect(*found, query.answer_);
        ares_freeaddrinfo(found);
    }
    query.channel_->in_flight_--;
    if (--query.parts_left_ == 0) query.channel_->finish_addresses(query);
}

void DnsChannel::finish_addresses(DnsQuery& query) {
    DnsAnswer& answer = query.answer_;
    int worst = ARES_ENODATA;
    for (size_t i = 0; i < kFamilies.size(); ++i) {
        const int status = query.parts_[i].status;
        const bool nothing = status == ARES_ENODATA || status == ARES_ENOTFOUND;
        answer.unknown[i] = status != ARES_SUCCESS && !nothing;
        if (answer.unknown[i] || (status == ARES_ENOTFOUND && worst == ARES_ENODATA)) {
            worst = status;
        }
    }
    if (answer.addresses[0].empty() && answer.addresses[1].empty()) {
        answer.problem =
            worst == ARES_ENODATA ? "the name has no A and no AAAA record" : words(worst, query);
    }
    query.answered_(query, answer);
}

void DnsChannel::ask_services(DnsQuery& query, const std::string& name) {
    prepare(query, name);
    if (dns_ == nullptr) return query.answered_(query, query.answer_);
    in_flight_++;
    ares_search(dns_, name.c_str(), kClassIn, kTypeSrv, &DnsChannel::services_came, &query);
}

void DnsChannel::services_came(void* context, int status, int, unsigned char* reply, int length) {
    DnsQuery& query = *static_cast<DnsQuery*>(context);
    DnsAnswer& answer = query.answer_;
    query.channel_->in_flight_--;
    if (status == ARES_SUCCESS) {
        std::optional<SrvReply> parsed = parse_srv_reply({reply, static_cast<size_t>(length)});
        if (!parsed) status = ARES_EBADRESP;
        if (parsed && parsed->records.empty()) status = ARES_ENODATA;
        if (parsed) answer.services = std::move(parsed->records);
        if (parsed) answer.ttl_s = parsed->ttl_s;
    }
    if (status == ARES_ENODATA) {
        answer.problem = "the name has no SRV record; for A and AAAA give a port";
    } else if (status != ARES_SUCCESS) {
        answer.problem = query.channel_->words(status, query);
    }
    query.answered_(query, answer);
}

// The names of the codes (RFC 1035 4.1.1) are what a search engine and the server's log know.
std::string DnsChannel::words(int status, const DnsQuery& query) const {
    const uint64_t waited_ms = (monotonic_ns() - query.asked_ns_) / kNanosPerMilli;
    switch (status) {
        case ARES_ENOTFOUND:
            return "NXDOMAIN: no such name";
        case ARES_ESERVFAIL:
            return fmt::format("SERVFAIL: {} could not find out", server_names());
        case ARES_EREFUSED:
            return fmt::format("REFUSED: {} does not answer this host", server_names());
        case ARES_ENOTIMP:
            return fmt::format("NOTIMP: {} does not know such queries", server_names());
        case ARES_EFORMERR:
            return fmt::format("FORMERR: {} did not understand the query", server_names());
        case ARES_EBADRESP:
            return fmt::format("{} sent a reply that is no DNS message", server_names());
        case ARES_ETIMEOUT:
            return fmt::format("no answer from {} within {}.{} s", server_names(), waited_ms / 1000,
                               waited_ms % 1000 / 100);
        case ARES_ECONNREFUSED:
            return fmt::format("{} cannot be reached{}", server_names(),
                               servers_of(dns_).size() > 1 ? ", or will not answer" : "");
        case ARES_EBADNAME:
        case ARES_ENONAME:
            return "not a name that the DNS can hold";
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION:
            return "given up";
        default:
            return ares_strerror(status);
    }
}

std::string DnsChannel::server_names() const {
    std::string names;
    for (const Address& server : servers_of(dns_)) {
        names += (names.empty() ? "" : ", ") + server.to_string();
    }
    return names.empty() ? "no name server" : names;
}

void DnsChannel::socket_changed(void* context, int fd, int readable, int writable) {
    std::map<int, short>& sockets = static_cast<DnsChannel*>(context)->sockets_;
    const int events = (readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0);
    if (events == 0) {
        sockets.erase(fd);
    } else {
        sockets[fd] = static_cast<short>(events);
    }
}

void DnsChannel::wait(int wake_fd, uint64_t timeout_ns) {
    constexpr uint64_t kLongestMs = 3'600'000;
    uint64_t timeout_ms = (timeout_ns + kNanosPerMilli - 1) / kNanosPerMilli;
    if (timeout_ns >= kLongestMs * kNanosPerMilli) timeout_ms = kLongestMs;
    timeval left{};
    if (dns_ != nullptr && ares_timeout(dns_, nullptr, &left) != nullptr) {
        const auto until_retry_ms = static_cast<uint64_t>(left.tv_sec * 1000 + left.tv_usec / 1000);
        timeout_ms = std::min(timeout_ms, until_retry_ms + 1);
    }
    std::vector<pollfd> waited = {{wake_fd, POLLIN, 0}};
    for (const auto& [fd, events] : sockets_) waited.push_back({fd, events, 0});
    poll(waited.data(), waited.size(), static_cast<int>(timeout_ms));
    if (dns_ == nullptr) return;
    for (const pollfd& one : waited) {
        if (one.fd == wake_fd || one.revents == 0) continue;
        const bool failed = (one.revents & (POLLERR | POLLHUP)) != 0;
        const bool readable = failed || (one.revents & POLLIN) != 0;
        const bool writable = (one.revents & POLLOUT) != 0;
        ares_process_fd(dns_, readable ? one.fd : ARES_SOCKET_BAD,
                        writable ? one.fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(dns_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what is over by time
}

}  // namespace jumpgate
