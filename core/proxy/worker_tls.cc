// Worker, the TLS part: what is counted of handshakes, engines for brokers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>

#include "core/proxy/worker.h"

namespace jumpgate {

void Worker::handshake_done(const Connection& c) {
    stats_.client_handshakes.done(c.client_engine->version(), c.client_engine->resumed(),
                                  now_us() - c.handshake_began_us);
}

void Worker::handshake_failed(tls::Failure cause) {
    stats_.client_handshakes.failed[static_cast<size_t>(cause)]++;
}

std::unique_ptr<tls::Engine> Worker::make_broker_engine(const Connection& c) {
    const Snapshot& plan = c.routing->snapshot();
    return tls::Engine::connect(plan.upstreams[c.route->upstream].context,
                                plan.brokers[c.node].server_name, sessions_[c.node]);
}

void Worker::broker_handshake_done(const Connection& c) {
    stats_.broker_handshakes.done(c.broker_engine->version(), c.broker_engine->resumed(),
                                  now_us() - c.handshake_began_us);
    c.broker_engine->forget_identity();
}

void Worker::broker_handshake_failed(const Connection& c) {
    const BrokerFault fault = broker_fault(*c.broker_engine);
    stats_.nodes[c.node].dial_failures++;
    avoid_address(c);
    if (fault.cause != tls::Failure::None) {
        stats_.broker_handshakes.failed[static_cast<size_t>(fault.cause)]++;
        sessions_[c.node].reset();
    }
    if (!mark_down(c, EPROTO) || !logs(Severity::Warn)) return;
    LogLine line(shared_.line_format, Severity::Warn, "broker_down");
    line.field("broker", broker_name(c.node)).field("why", fault.words);
    add_failure(line, *c.broker_engine);
    log_broker_down(c, line);
}

std::string Worker::next_unique_id() {
    return fmt::format("{:08x}-{:02x}-{:08x}", shared_.started_s, index_, next_id_++);
}

}  // namespace jumpgate
