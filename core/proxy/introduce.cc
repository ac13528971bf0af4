// Introduce: tells a broker who the client is, with a PROXY header before everything else.
//
// Law: what is said of the client is what we know ourselves: its address from its socket or from a
// trusted peer's header, its certificate from our own handshake.
#include <fmt/format.h>

#include "core/proxy/connection.h"
#include "core/proxy/proxy_header.h"
#include "core/proxy/worker.h"

namespace jumpgate {

Task<Unit> learn_local_address(Connection& c) {
    if (c.local.known()) co_return Unit{};
    install_fd(c.worker.reactor().ring(), c.op, c.client);  // getsockname(2) has no ring operation
    Completion done = co_await c.op;
    if (done.result < 0) co_return Unit{};
    c.local = local_address(done.result);
    close_fd(done.result);
    co_return Unit{};
}

// What v2-tls says beyond the addresses.
static void write_v2_tls(const Connection& c, std::vector<uint8_t>& out) {
    ProxyTlvs tlvs;
    const std::string unique_id = c.worker.next_unique_id();
    tlvs.unique_id = unique_id;
    ProxyTls tls;
    if (const tls::Engine* engine = c.client_engine.get()) {
        tlvs.authority = engine->server_name();
        tls.version = engine->version();
        tls.cipher = engine->cipher();
        if (const tls::Identity* identity = c.identity()) {
            tls.common_name = identity->common_name;
            tls.certificate_on_connection = !engine->resumed();
            tls.certificate_in_session = tls.verified = true;
        }
        tlvs.tls = &tls;
    }
    if (write_proxy_v2(out, c.peer, c.local, &tlvs)) return;
    // A certificate with names beyond every limit of RFC 5280: the broker gets the addresses.
    const bool written = write_proxy_v2(out, c.peer, c.local);
    CHECK(written);
}

void write_proxy_header(Connection& c, tls::Bytes& out) {
    std::vector<uint8_t> header;
    switch (c.worker.config().proxy_protocol.send) {
        case SendProxy::Off:
            return;
        case SendProxy::V1:
            write_proxy_v1(header, c.peer, c.local);
            break;
        case SendProxy::V2: {
            const bool written = write_proxy_v2(header, c.peer, c.local);
            CHECK(written);
            break;
        }
        case SendProxy::V2Tls:
            write_v2_tls(c, header);
            break;
    }
    out.append(header);
}

}  // namespace jumpgate
