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

void write_proxy_header(Connection&, tls::Bytes&) {}

}  // namespace jumpgate
