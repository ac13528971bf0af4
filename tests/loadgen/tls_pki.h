// Servers' contexts made of the test PKI.
#pragma once

#include <string>
#include <utility>

#include "tests/pki.h"

namespace jumpgate::load {

// A server that shows the certificate NAME.
inline tls::ServerContextRef pki_server(const std::string& name = "server",
                                        tls::ServerOptions options = {}) {
    options.pairs.push_back(pki_pair(name));
    options.ticket_keys = tls::TicketKeys::random();
    auto made = tls::make_server_context(options);
    if (const tls::Problem* problem = std::get_if<tls::Problem>(&made)) {
        ADD_FAILURE() << problem->text;
        return nullptr;
    }
    return std::get<tls::ServerContextRef>(made);
}

// One that wants a certificate of ca.crt.
inline tls::ServerContextRef strict_pki_server(tls::ServerOptions options = {}) {
    options.client_auth = tls::ClientAuth::Required;
    options.client_ca = pki_file("ca.crt");
    return pki_server("server", std::move(options));
}

}  // namespace jumpgate::load
