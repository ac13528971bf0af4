// Worker, the TLS part: credentials, what is counted of handshakes, broker sessions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/proxy/worker.h"

namespace jumpgate {

// The last worker says that all have it: no handshake begins with the old files from then on.
void Worker::reload() {
    take_credentials();
    const bool last = shared_.reloads_pending.fetch_sub(1, std::memory_order_relaxed) == 1;
    if (!last || !logs(Severity::Info)) return;
    LogLine line(shared_.line_format, Severity::Info, "reloaded");
    log_.push(line.field("tls_certificates", config().tls.certificates.size()).finish());
}

// Handshakes that are on their way end with the contexts they began with.
void Worker::take_credentials() {
    const std::lock_guard<std::mutex> lock(shared_.credentials_lock);
    credentials_ = shared_.credentials;
    sessions_.assign(shared_.upstream().size(), nullptr);
}

void Worker::handshake_done(const Connection& c) {
    stats_.handshakes++;
    if (c.client_engine->resumed()) stats_.handshakes_resumed++;
}

void Worker::handshake_failed(const Connection& c) {
    stats_.handshake_failures[static_cast<size_t>(c.client_engine->failure())]++;
}

std::unique_ptr<tls::Engine> Worker::make_broker_engine(uint16_t node) {
    const BrokerAddress& broker = config().brokers[node];
    std::string_view name = broker.sni.empty() ? broker.host : broker.sni;
    if (name.ends_with('.')) name.remove_suffix(1);  // no part of a name in SNI (RFC 6066 3)
    return tls::Engine::connect(credentials_.upstream, name, sessions_[node]);
}

void Worker::broker_handshake_done(const Connection& c) {
    stats_.broker_handshakes++;
    if (c.broker_engine->resumed()) stats_.broker_handshakes_resumed++;
    c.broker_engine->forget_identity();
}

void Worker::broker_handshake_failed(const Connection& c) {
    const BrokerFault fault = broker_fault(*c.broker_engine);
    stats_.nodes[c.node].dial_failures++;
    if (fault.cause != tls::Failure::None) {
        stats_.broker_handshake_failures[static_cast<size_t>(fault.cause)]++;
        sessions_[c.node].reset();
    }
    if (!mark_down(c.node) || !logs(Severity::Warn)) return;
    LogLine line(shared_.line_format, Severity::Warn, "broker_down");
    line.field("broker", shared_.upstream().nodes()[c.node].name).field("why", fault.words);
    add_failure(line, *c.broker_engine);
    log_broker_down(line);
}

std::string Worker::next_unique_id() {
    return fmt::format("{:08x}-{:02x}-{:08x}", shared_.started_s, index_, next_id_++);
}

}  // namespace jumpgate
