// Worker, the log: one line for a refusal, a connection that begins or ends, a broker that is down.
//
// Law: every line about a client that was routed names its stream route. Names of fields are those
// of docs/tls.md and docs/limits.md; what a client said is escaped (LogLine), lines that anybody
// can cause in numbers are throttled.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "core/proxy/worker.h"

namespace jumpgate {

void Worker::refused(const Connection& c, const Verdict& verdict) {
    stats_.refused[static_cast<size_t>(verdict.refusal)]++;
    if (access_log_ != nullptr) log_access(c, verdict);
    const bool ours =
        verdict.refusal == Refusal::NoBroker || verdict.refusal == Refusal::BrokerTls ||
        verdict.refusal == Refusal::TooManyConnections || verdict.refusal == Refusal::ServerBusy;
    const bool silent = verdict.refusal == Refusal::ClientGone;
    const Severity severity = ours ? Severity::Warn : silent ? Severity::Debug : Severity::Info;
    uint64_t suppressed = 0;
    LogThrottle& throttle = refusal_lines_[static_cast<size_t>(verdict.refusal)];
    if (!logs(severity) || !throttle.pass(reactor_->now_ns(), suppressed)) return;
    LogLine line(shared_.line_format, severity, "refused");
    line.field("reason", text(verdict.refusal)).field("peer", c.peer.to_string());
    line.field("client", c.connect.client_id).field("phase", text(c.phase));
    if (c.identity() != nullptr) line.field("cert_cn", c.identity()->common_name);
    if (c.client_engine != nullptr) add_claim(line, *c.client_engine);
    if (c.route != nullptr) line.field("route", c.route->id);
    if (c.attempts > 0) line.field("broker", broker_name(c.node));  // the last one tried
    if (verdict.refusal == Refusal::ProxyHeader) {
        line.field("why", fmt::format("the PROXY header {}", verdict.words));
    } else {
        line.field("why", verdict.words);
    }
    if (c.client_engine != nullptr) add_failure(line, *c.client_engine);
    if (verdict.cause != tls::Failure::None) line.field("cause", text(verdict.cause));
    if (verdict.refusal == Refusal::BrokerTls) add_failure(line, *c.broker_engine);
    if (verdict.sys != 0) line.field("error", std::strerror(verdict.sys));
    if (suppressed > 0) line.field("suppressed", suppressed);
    log_.push(line.finish());
}

void Worker::log_connected(const Connection& c) {
    LogLine line(shared_.line_format, Severity::Debug, "connected");
    line.field("peer", c.peer.to_string()).field("client", c.connect.client_id);
    line.field("route", c.route->id).field("broker", broker_name(c.node));
    if (const tls::Engine* engine = c.client_engine.get()) {
        line.field("tls", engine->version()).field("cipher", engine->cipher());
        line.field("sni", engine->server_name()).field("resumed", engine->resumed());
        if (const tls::Identity* identity = c.identity()) {
            line.field("cert_cn", identity->common_name);
            line.field("cert_names", fmt::format("{}", fmt::join(identity->names, ",")));
            line.field("cert_sha256", fmt::format("{:02x}", fmt::join(identity->fingerprint, "")));
        }
    }
    if (c.broker_engine != nullptr) line.field("broker_tls", c.broker_engine->version());
    log_.push(line.finish());
}

void Worker::log_closed(const EndedRelay& relay) {
    // TLS 1.3: a broker that does not take our certificate, or gets none, says so behind the
    // handshake, and the client gets no CONNACK (RFC 8446 4.4.2.4).
    const bool refused_us = relay.end == RelayEnd::BrokerTls && relay.bytes_down == 0;
    const Severity severity = refused_us ? Severity::Warn : Severity::Debug;
    uint64_t suppressed = 0;
    LogThrottle& throttle = refusal_lines_[static_cast<size_t>(Refusal::BrokerTls)];
    if (!logs(severity) || (refused_us && !throttle.pass(reactor_->now_ns(), suppressed))) return;
    const RelayIdentity& who = relay.identity;
    LogLine line(shared_.line_format, severity, "closed");
    line.field("peer", who.peer.to_string()).field("client", who.client_id());
    line.field("route", route_id(who.route)).field("broker", broker_name(who.node));
    if (who.level != 0) line.field("connack", text(who.connack));
    line.field("end", text(relay.end));
    if (relay.tls_failure != tls::Failure::None) line.field("cause", text(relay.tls_failure));
    if (relay.tls_alert != 0) line.field("alert", tls::alert_text(relay.tls_alert));
    if (refused_us) line.field("why", "the broker gave no answer; see --upstream-cert");
    if (suppressed > 0) line.field("suppressed", suppressed);
    line.field("bytes_up", relay.bytes_up).field("bytes_down", relay.bytes_down);
    log_.push(line.finish());
}

void Worker::log_broker_down(const Connection& c, LogLine& line) {
    const UpstreamPlan& plan = c.routing->snapshot().upstreams[c.route->upstream];
    line.field("upstream", upstream_id(c.node)).field("route", c.route->id);
    line.field("for_ms", plan.fail_timeout_ms);
    log_.push(line.field("worker", index_).finish());
}

// Who a certificate that was refused says its owner is: behind NAT, all there is to find a device.
void Worker::add_claim(LogLine& line, const tls::Engine& engine) {
    const tls::Identity* claimed = engine.claimed_identity();
    if (claimed == nullptr) return;
    line.field("cert_cn_claimed", claimed->common_name);
    line.field("cert_sha256", fmt::format("{:02x}", fmt::join(claimed->fingerprint, "")));
}

// The cause, as the statistics call it, and the alert where the other side sent one.
void Worker::add_failure(LogLine& line, const tls::Engine& engine) {
    if (engine.failure() == tls::Failure::None) return;
    line.field("cause", text(engine.failure()));
    if (engine.alert() != 0) line.field("alert", tls::alert_text(engine.alert()));
}

}  // namespace jumpgate
