// ConnectReader: from the first MQTT byte to a whole CONNECT that may have a broker.
//
// Law: no byte is forwarded before the whole CONNECT was judged; the broker would read it otherwise
// than we did. A refusal is answered only where the client's version of MQTT is known.
#include <cerrno>
#include <optional>
#include <variant>

#include "core/proxy/connection.h"
#include "core/proxy/worker.h"

namespace jumpgate {

Verdict lost(const Connection& c, Completion done) {
    const bool shaking_hands = c.phase == Phase::Handshake;
    Verdict verdict;
    if (c.stopping) {
        verdict.refusal = Refusal::ShuttingDown;
    } else if (c.timed_out && shaking_hands && c.tls) {
        verdict.refusal = Refusal::HandshakeTimeout;
        verdict.words = "no complete handshake within --tls-handshake-timeout-ms";
    } else if (c.timed_out) {
        verdict.refusal = Refusal::SetupTimeout;
        verdict.words = "no complete CONNECT within --setup-timeout-ms";
    } else if (c.client_engine != nullptr && done.result == -EPROTO) {
        verdict.refusal = Refusal::HandshakeFailed;
        verdict.words = c.client_engine->detail();
        if (verdict.words.empty()) verdict.words = "asked for more answers than it reads";
    } else {
        verdict.words = shaking_hands ? "closed before its handshake was complete"
                                      : "closed before its CONNECT was complete";
        verdict.sys = done.result < 0 ? -done.result : 0;
    }
    return verdict;
}

Verdict refusal_of(Refusal refusal, uint8_t level, std::string_view words) {
    Verdict verdict;
    verdict.refusal = refusal;
    verdict.reason = reason_of(refusal);
    verdict.level = level;
    verdict.answer = true;
    verdict.words = words;
    return verdict;
}

static Verdict refusal_of(const mqtt::Invalid& invalid, std::span<const uint8_t> bytes) {
    Verdict verdict;
    verdict.refusal = classify(invalid, bytes);
    verdict.reason = invalid.reason;
    verdict.level = invalid.level;
    verdict.answer = invalid.answer;
    verdict.words = invalid.text;
    if (verdict.refusal == Refusal::TlsHello) {
        verdict.words = "a TLS ClientHello on a plain port: the client wants a --tls-listen port";
    } else if (verdict.refusal == Refusal::HttpRequest) {
        verdict.words = "an HTTP request, and no stream route takes HTTP (match.protocol: http)";
    } else if (verdict.refusal == Refusal::ProxyNotTrusted) {
        verdict.words = kProxyNotTrusted;
    }
    return verdict;
}

// The certificate must name the client id where --require-client-id-matches says so.
static std::optional<Verdict> broken_match(const Connection& c) {
    const IdMatch rule = c.worker.config().tls.client_id_matches;
    if (rule == IdMatch::Off) return std::nullopt;
    const uint8_t level = c.connect.level;
    const tls::Identity* identity = c.identity();
    if (identity == nullptr) {
        return refusal_of(Refusal::NotCertified, level,
                          "no client certificate, and --require-client-id-matches is set");
    }
    const std::string_view id = c.connect.client_id;
    if (rule == IdMatch::CertCn) {
        if (!id.empty() && id == identity->common_name) return std::nullopt;
        return refusal_of(Refusal::ClientIdMismatch, level,
                          "the client id is not the certificate's common name");
    }
    for (const std::string& name : identity->names) {
        if (!id.empty() && id == name) return std::nullopt;
    }
    return refusal_of(Refusal::ClientIdMismatch, level,
                      "the client id is not among the certificate's alternative names");
}

// Some stream route takes HTTP, and this is: no more of it is looked at. Nothing: it may become
// one.
static std::optional<Verdict> consider_http(Connection& c, HttpStart start) {
    if (start == HttpStart::Maybe) return std::nullopt;
    c.http = true;
    if (c.over_limit) {
        return refusal_of(Refusal::TooManyConnections, 0, "over --connections-max");
    }
    c.worker.stats().http_requests++;
    Verdict verdict;
    verdict.pass = true;
    return verdict;
}

// What may be said of a whole CONNECT.
static Verdict judge(const Connection& c) {
    const uint8_t level = c.connect.level;
    if (c.plain_on_tls) {
        return refusal_of(Refusal::PlainOnTls, level,
                          "MQTT in the clear on a TLS port: the client must use TLS (mqtts)");
    }
    if (c.connect.packet_length > c.worker.config().connect_size_max_bytes) {
        return refusal_of(Refusal::TooLarge, level, "CONNECT over --connect-size-max");
    }
    if (c.over_limit) {
        return refusal_of(Refusal::TooManyConnections, level, "over --connections-max");
    }
    if (std::optional<Verdict> broken = broken_match(c)) return *broken;
    Verdict verdict;
    verdict.pass = true;
    return verdict;
}

// Judges what has come so far: nothing while more is needed.
static std::optional<Verdict> consider(Connection& c) {
    const std::span<const uint8_t> bytes = c.greeting.bytes(c.worker.buffers());
    if (bytes.empty()) return std::nullopt;
    if (c.worker.snapshot().routes_http) {
        const HttpStart start = begins_http_request(bytes);
        if (start != HttpStart::No) return consider_http(c, start);
    }
    const mqtt::ConnectResult result = mqtt::parse_connect(bytes);
    if (const auto* invalid = std::get_if<mqtt::Invalid>(&result)) {
        return refusal_of(*invalid, bytes);
    }
    if (const auto* more = std::get_if<mqtt::NeedMore>(&result)) {
        // Without the level the answer could not be in the client's version: it is near.
        const uint32_t size_max = c.worker.config().connect_size_max_bytes;
        if (more->total <= size_max || more->level == 0) return std::nullopt;
        return refusal_of(Refusal::TooLarge, more->level, "CONNECT over --connect-size-max");
    }
    c.connect = std::get<mqtt::ConnectView>(result);
    const Verdict verdict = judge(c);
    if (verdict.pass) c.worker.stats().connect_accepted(c.connect.level);
    return verdict;
}

Task<Verdict> read_greeting(Connection& c) {
    if (!static_cast<SetupDeadline&>(c).running()) {
        c.start_deadline(c.worker.config().setup_timeout_ms);
    }
    for (;;) {
        std::optional<Verdict> verdict = consider(c);
        if (verdict) {
            c.stop_deadline();
            co_return *verdict;
        }
        Completion done;
        if (c.client_engine == nullptr) {
            done = co_await receive(c, c.client, c.greeting);
        } else {
            done = co_await receive_plaintext(c);
        }
        if (done.result <= 0) {
            c.stop_deadline();
            co_return lost(c, done);
        }
    }
}

}  // namespace jumpgate
