// The client's context: whom it trusts, and who it is.

#include "tls/contexts.h"
#include "tls/engine_state.h"
#include "tls/load.h"
#include "tls/tickets.h"

namespace jumpgate::tls {
namespace {

std::optional<Problem> trust(WOLFSSL_CTX* context, const ClientOptions& options) {
    if (options.verify == Verify::None) {
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, nullptr);
        return std::nullopt;
    }
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, Engine::State::verify);
    if (options.ca.empty()) {
        if (wolfSSL_CTX_load_system_CA_certs(context) != WOLFSSL_SUCCESS)
            return Problem{
                "the system has no CA certificates: name a CA file, or install "
                "ca-certificates"};
    } else if (auto wrong = load_authorities(context, options.ca)) {
        return wrong;
    }
    if (options.crl.empty()) return std::nullopt;
    return load_revocations(context, options.crl, options.ca);
}

}  // namespace

std::variant<ClientContextRef, Problem> make_client_context(const ClientOptions& options) {
    if (options.min_version > options.max_version)
        return Problem{"the lowest TLS version is above the highest"};
    if (options.identity.certificate.empty() != options.identity.key.empty())
        return Problem{"a client certificate and its key belong together: one is missing"};
    auto made = make_wolf_context(
        {Side::Client, options.min_version, options.max_version, options.ciphers, options.curves});
    if (auto* wrong = std::get_if<Problem>(&made)) return *wrong;
    auto client = std::make_shared<ClientContext>();
    client->context = std::move(std::get<WolfContext>(made));
    WOLFSSL_CTX* context = client->context.get();
    if (!options.identity.certificate.empty()) {
        if (auto wrong = load_pair(context, options.identity)) return *wrong;
    }
    if (auto wrong = trust(context, options)) return *wrong;
    // How long a session serves is the server's to say, not wolfSSL's 500 s.
    const bool tickets = wolfSSL_CTX_UseSessionTicket(context) == WOLFSSL_SUCCESS &&
                         wolfSSL_CTX_set_timeout(context, kTicketLifetimeS) == WOLFSSL_SUCCESS;
    if (!tickets) return Problem{"wolfSSL refuses the session tickets"};
    wolfSSL_CTX_SetIORecv(context, Engine::State::receive);
    wolfSSL_CTX_SetIOSend(context, Engine::State::send);
    client->verify = options.verify;
    client->alpn = options.alpn;
    return ClientContextRef(std::move(client));
}

}  // namespace jumpgate::tls
