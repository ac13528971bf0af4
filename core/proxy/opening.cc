// Opening: what may stand before a client's first MQTT byte: a PROXY header, a TLS handshake.
//
// Law: a header is required from the peers of --proxy-protocol-from and believed from no other.
// Bytes behind it belong to what follows. A client that speaks in the clear on a TLS port is heard
// to the end of its CONNECT, so that it can be told; nothing of it goes to a broker.
#include <cerrno>

#include "core/proxy/connection.h"
#include "core/proxy/proxy_header.h"
#include "core/proxy/worker.h"

namespace jumpgate {

static Verdict no_header(std::string_view words) {
    Verdict verdict;
    verdict.refusal = Refusal::ProxyHeader;
    verdict.words = words;
    return verdict;
}

// The header may come in any number of pieces.
static Task<Verdict> read_proxy_header(Connection& c) {
    BufferRing& buffers = c.worker.buffers();
    for (;;) {
        const ProxyHeaderRead result = parse_proxy_header(c.wire.bytes(buffers));
        if (const auto* invalid = std::get_if<ProxyHeaderInvalid>(&result)) {
            co_return no_header(invalid->text);
        }
        if (const auto* header = std::get_if<ProxyHeader>(&result)) {
            c.wire.skip(header->header_bytes);
            c.proxied = !header->local && header->source.known();
            if (c.proxied) {
                c.peer = header->source;
                c.local = header->destination;
            }
            Verdict verdict;
            verdict.pass = true;
            co_return verdict;
        }
        Completion done = co_await receive(c, c.client, c.wire);
        if (done.result <= 0) co_return lost(c, done);
    }
}

// The first byte of an MQTT CONNECT, wrong flags included; the types of TLS records, 0x14 to 0x17
// (RFC 8446 5.1), would be CONNECTs with wrong flags.
static bool is_connect(uint8_t first_byte) {
    constexpr uint8_t kTypeConnect = 1;
    const bool tls_record = first_byte >= 0x14 && first_byte <= 0x17;
    return first_byte >> 4U == kTypeConnect && !tls_record;
}

static Task<Verdict> read_opening(Connection& c) {
    BufferRing& buffers = c.worker.buffers();
    Completion done = co_await receive(c, c.client, c.wire);
    if (done.result <= 0) co_return lost(c, done);
    if (c.worker.sends_proxy_header(c.peer)) {
        Verdict verdict = co_await read_proxy_header(c);
        if (!verdict.pass) co_return verdict;
    }
    if (c.tls && c.wire.bytes(buffers).empty()) {
        done = co_await receive(c, c.client, c.wire);
        if (done.result <= 0) co_return lost(c, done);
    }
    if (c.tls && begins_proxy_header(c.wire.bytes(buffers))) {
        Verdict verdict;
        verdict.refusal = Refusal::ProxyNotTrusted;
        verdict.words = kProxyNotTrusted;
        co_return verdict;
    }
    c.plain_on_tls = c.tls && is_connect(c.wire.bytes(buffers)[0]);
    if (c.tls && !c.plain_on_tls) {
        Verdict verdict = co_await shake_hands(c);
        co_return verdict;
    }
    c.greeting.take(c.wire);
    Verdict verdict;
    verdict.pass = true;
    co_return verdict;
}

Task<Verdict> open_stream(Connection& c) {
    const Config& config = c.worker.config();
    c.enter(c.tls ? Phase::Handshake : Phase::Peek);
    c.start_deadline(c.tls ? config.tls.handshake_timeout_ms : config.setup_timeout_ms);
    Verdict verdict = co_await read_opening(c);
    if (c.tls || !verdict.pass) c.stop_deadline();  // else the CONNECT has what is left of it
    co_return verdict;
}

}  // namespace jumpgate
