// Worker, the access log: one line for each connection that is over, relayed or refused.
//
// Law: none is held back or cut short by --log-level; what does not fit the queue is dropped and
// counted, for a worker waits for no file. Every line has peer and end; the rest where it is known.
#include "core/base/time.h"
#include "core/proxy/worker.h"

namespace jumpgate {

static void add_client(LogLine& line, const Address& peer, std::string_view client, uint8_t level) {
    line.field("peer", peer.to_string()).field("client", client);
    const std::string_view version = mqtt_version(level);
    if (!version.empty()) line.field("mqtt", version);
}

void Worker::log_access(const EndedRelay& relay) {
    const RelayIdentity& who = relay.identity;
    LogLine line(shared_.line_format, Severity::Info, "access");
    add_client(line, who.peer, who.client_id(), who.level);
    line.field("tls", relay.tls ? 1 : 0).field("route", route_id(who.route));
    line.field("upstream", upstream_id(who.node)).field("broker", broker_name(who.node));
    if (who.level != 0) line.field("connack", text(who.connack));
    line.field("bytes_up", relay.bytes_up).field("bytes_down", relay.bytes_down);
    line.field("duration_ms", who.age_us(reactor_->now_ns()) / 1'000);
    access_log_->push(line.field("end", text(relay.end)).finish());
}

void Worker::log_access(const Connection& c, const Verdict& verdict) {
    LogLine line(shared_.line_format, Severity::Info, "access");
    const uint8_t level = c.connect.packet_length > 0 ? c.connect.level : verdict.level;
    add_client(line, c.peer, c.connect.client_id, level);
    line.field("tls", c.client_engine != nullptr ? 1 : 0);
    if (c.route != nullptr) line.field("route", c.route->id);
    if (c.attempts > 0) {  // the last one tried
        line.field("upstream", upstream_id(c.node)).field("broker", broker_name(c.node));
    }
    line.field("end", "refused").field("reason", text(verdict.refusal));
    access_log_->push(line.finish());
}

}  // namespace jumpgate
