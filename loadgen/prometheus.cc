#include "loadgen/prometheus.h"

#include <fmt/format.h>
#include <microhttpd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>

#include "core/io/address.h"

namespace jumpgate::load {

namespace {

constexpr unsigned kConnectionsMax = 8;
constexpr unsigned kIdleTimeoutS = 10;

// In microseconds; counts are exact to the histogram's 3 digits.
constexpr uint64_t kBoundsUs[] = {100,       250,       500,       1'000,      2'500,     5'000,
                                  10'000,    25'000,    50'000,    100'000,    250'000,   500'000,
                                  1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000};

using Out = std::back_insert_iterator<std::string>;

void add_head(Out out, std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(out, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void add_value(Out out, std::string_view name, std::string_view type, std::string_view help,
               uint64_t value) {
    add_head(out, name, type, help);
    fmt::format_to(out, "{} {}\n", name, value);
}

void add_causes(Out out, std::string_view name, std::string_view help, const Tallies& totals,
                uint64_t (Tallies::*count)(Cause) const) {
    add_head(out, name, "counter", help);
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const auto cause = static_cast<Cause>(i);
        if ((totals.*count)(cause) == 0) continue;
        fmt::format_to(out, "{}{{cause=\"{}\"}} {}\n", name, word(cause), (totals.*count)(cause));
    }
}

void add_times(Out out, std::string_view name, std::string_view help, const Histogram& times) {
    add_head(out, name, "histogram", help);
    uint64_t below = 0;
    const uint64_t* bound = std::begin(kBoundsUs);
    const auto close = [&] {
        fmt::format_to(out, "{}_bucket{{le=\"{}\"}} {}\n", name, static_cast<double>(*bound) / 1e6,
                       below);
        ++bound;
    };
    times.for_each_bucket([&](const Histogram::Bucket& bucket) {
        while (bound != std::end(kBoundsUs) && bucket.lowest_us > *bound) close();
        below += bucket.count;
    });
    while (bound != std::end(kBoundsUs)) close();
    fmt::format_to(out, "{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", name,
                   times.count(), name, static_cast<double>(times.exact().sum_us) / 1e6, name,
                   times.count());
}

// Names are printable text: of what a label must not hold as it is, only two can be in them.
void add_brokers(Out out, const BrokerClients& brokers) {
    if (brokers.empty()) return;
    add_head(out, "jumpload_broker_clients", "gauge", "Clients that each broker serves now.");
    for (const auto& [name, clients] : brokers) {
        std::string label;
        for (const char c : name) {
            if (c == '"' || c == '\\') label += '\\';
            label += c;
        }
        fmt::format_to(out, "jumpload_broker_clients{{broker=\"{}\"}} {}\n", label, clients);
    }
}

// What libmicrohttpd calls, first with the head of a request and then once it is whole.
MHD_Result answer(void* server, MHD_Connection* connection, const char* url, const char* method,
                  const char*, const char*, size_t* upload_bytes, void** begun) {
    if (*begun == nullptr) {
        *begun = server;
        return MHD_YES;
    }
    if (*upload_bytes > 0) return MHD_NO;
    const bool get = std::strcmp(method, "GET") == 0;
    const bool known = std::strcmp(url, "/metrics") == 0;
    const std::string text = known && get ? static_cast<PrometheusServer*>(server)->shown()
                             : known      ? "allowed: GET\n"
                                          : "GET /metrics is all there is\n";
    MHD_Response* response = MHD_create_response_from_buffer(
        text.size(), const_cast<char*>(text.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    if (known && !get) MHD_add_response_header(response, "Allow", "GET");
    const unsigned status = !known ? 404 : get ? 200 : 405;
    const MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

}  // namespace

std::string prometheus_text(const Options& options, const Ticker& ticker) {
    const Tallies& totals = ticker.totals();
    std::string text;
    const Out out(text);
    add_head(out, "jumpload_info", "gauge", "What plays; always 1.");
    fmt::format_to(out, "jumpload_info{{version=\"" JUMPGATE_VERSION "\",mode=\"{}\"}} 1\n",
                   word(options.mode));
    add_value(out, "jumpload_clients", "gauge", "Clients that this process plays.",
              options.clients_here);
    add_value(out, "jumpload_clients_connected", "gauge", "Clients that are connected.",
              ticker.last().connected);
    add_brokers(out, ticker.brokers());
    struct Counter {
        std::string_view name;
        std::string_view help;
        Count count;
    };
    static constexpr Counter kCounters[] = {
        {"connections", "Set-ups that succeeded.", Count::Connections},
        {"reconnects", "Of them, those after a lost connection.", Count::Reconnects},
        {"messages_planned", "Messages whose time came.", Count::Planned},
        {"messages_sent", "Messages handed to a connection.", Count::Sent},
        {"messages_late", "Messages sent after --lateness-limit-ms.", Count::Late},
        {"messages_acknowledged", "PUBACK and PUBCOMP.", Count::Acknowledged},
        {"messages_refused", "Messages that the broker refused.", Count::AckRefused},
        {"messages_received", "Messages received, each once.", Count::Received},
        {"messages_duplicated", "Messages received again.", Count::Duplicated},
        {"messages_reordered", "Messages received out of order.", Count::Reordered},
        {"sent_bytes", "Bytes sent on the wire.", Count::BytesSent},
        {"received_bytes", "Bytes received on the wire.", Count::BytesReceived},
    };
    for (const Counter& counter : kCounters) {
        add_value(out, fmt::format("jumpload_{}_total", counter.name), "counter", counter.help,
                  totals[counter.count]);
    }
    add_causes(out, "jumpload_setup_failures_total", "Attempts to connect that failed.", totals,
               &Tallies::setup_failures);
    add_causes(out, "jumpload_connections_lost_total", "Connections lost after set-up.", totals,
               &Tallies::connections_lost);
    add_times(out, "jumpload_latency_seconds", "From the planned send to receipt.",
              ticker.latency());
    add_times(out, "jumpload_send_lateness_seconds", "From the planned to the actual send.",
              ticker.send_lateness());
    return text;
}

Parsed<std::unique_ptr<PrometheusServer>> PrometheusServer::open(const HostPort& listen) {
    const std::optional<Address> address = Address::parse(listen.host, listen.port);
    if (!address) return Problem{"is no IP address and port"};
    std::unique_ptr<PrometheusServer> server(new PrometheusServer);
    unsigned flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;
    if (address->any.sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    errno = 0;
    server->daemon_ = MHD_start_daemon(
        flags, listen.port, nullptr, nullptr, answer, server.get(), MHD_OPTION_SOCK_ADDR,
        &address->any, MHD_OPTION_CONNECTION_LIMIT, kConnectionsMax, MHD_OPTION_CONNECTION_TIMEOUT,
        kIdleTimeoutS, MHD_OPTION_END);
    if (server->daemon_ == nullptr) {
        return Problem{fmt::format("cannot be listened on: {}",
                                   errno == 0 ? "no more is known" : std::strerror(errno))};
    }
    return server;
}

PrometheusServer::~PrometheusServer() {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

void PrometheusServer::show(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
}

std::string PrometheusServer::shown() const {
    const std::lock_guard lock(mutex_);
    return text_;
}

uint16_t PrometheusServer::port() const {
    return MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
}

}  // namespace jumpgate::load
