// The two callbacks that decide who a peer is: its certificate, or the ticket it shows instead.

#include <algorithm>
#include <ctime>

#include "tls/chain.h"
#include "tls/engine_state.h"
#include "tls/tickets.h"
#include "tls/verify.h"

namespace jumpgate::tls {

// wolfSSL calls it for each certificate of the chain that it refuses, and always for the leaf
// (WOLFSSL_ALWAYS_VERIFY_CB). 1: go on, 0: refuse.
int Engine::State::verify(int fine, WOLFSSL_X509_STORE_CTX* store) {
    auto& state = *static_cast<State*>(store->userCtx);
    if (fine != 0 && store->error_depth != 0) return 1;
    if (state.setup == nullptr) return 0;
    const std::span shown(store->certs, static_cast<size_t>(store->totalCerts));
    const std::span<const uint8_t> leaf =
        shown.empty() ? std::span<const uint8_t>()
                      : std::span<const uint8_t>(shown[0].buffer, shown[0].length);
    std::optional<Identity> identity = identify(leaf);
    if (identity) state.identity = std::make_unique<Identity>(std::move(*identity));
    if (fine == 0) {
        state.fail(certificate_failure(store->error), store->error);
        return 0;
    }
    if (shown.empty()) {  // TLS 1.2: the client has none; 1.3 does not come here
        // Where one is required wolfSSL says so one message later, with the alert of RFC 5246
        // 7.4.6, and `finish` asks again. From here it would be bad_certificate.
        if (state.server != nullptr) return 1;
        state.fail(Failure::NoCertificate, NO_PEER_CERT);
        return 0;
    }
    WOLFSSL_CTX* context = wolfSSL_get_SSL_CTX(state.wolf.get());
    const uint32_t depth = state.site != nullptr ? state.site->terms.client_depth : kChainDepthMax;
    const Failure unchained = chain_failure(wolfSSL_CTX_GetCertManager(context), shown, depth);
    if (unchained != Failure::None) {
        state.fail(unchained, ASN_NO_SIGNER_E);
        return 0;
    }
    if (state.identity == nullptr) {
        state.fail(Failure::BadCertificate, "the certificate's names cannot be read");
        return 0;
    }
    if (state.client != nullptr && state.client->verify == Verify::Full &&
        !certificate_names(leaf, state.server_name)) {
        state.fail(Failure::WrongName, DOMAIN_NAME_MISMATCH);
        return 0;
    }
    state.peer_not_after_s = state.identity->not_after_s;
    state.setup->verified = true;
    return 1;
}

// Seals a new ticket, or opens what the client shows. One ticket alone may open in a handshake:
// wolfSSL says nowhere which of several it took, and they may be of several clients.
int Engine::State::ticket(WOLFSSL* wolf, unsigned char* name, unsigned char* nonce,
                          unsigned char* tag, int seal, unsigned char* bytes, int length,
                          int* out_length, void* /*context*/) {
    auto& state = *static_cast<State*>(wolfSSL_GetIOReadCtx(wolf));
    const Terms& terms = state.site->terms;
    const TicketScope scope{state.server->ticket_keys, terms.policy, state.server_name,
                            terms.client_auth == ClientAuth::Required,
                            static_cast<uint64_t>(std::time(nullptr))};
    const TicketSeal sealed{{name, WOLFSSL_TICKET_NAME_SZ},
                            {nonce, WOLFSSL_TICKET_IV_SZ},
                            {tag, WOLFSSL_TICKET_MAC_SZ}};
    if (seal != 0) {
        const bool resumed = wolfSSL_session_reused(wolf) != 0 && state.setup != nullptr;
        const Identity* who = resumed ? state.setup->ticket_identity.get() : state.identity.get();
        const size_t total = seal_ticket(scope, {bytes, static_cast<size_t>(*out_length)},
                                         static_cast<size_t>(length), who, sealed);
        *out_length = static_cast<int>(total);
        return total == 0 ? WOLFSSL_TICKET_RET_REJECT : WOLFSSL_TICKET_RET_OK;
    }
    if (state.setup == nullptr) return WOLFSSL_TICKET_RET_REJECT;
    Setup& setup = *state.setup;
    const std::span<const uint8_t> shown(tag, setup.ticket_tag.size());
    if (setup.ticket_opened && !std::ranges::equal(setup.ticket_tag, shown))
        return WOLFSSL_TICKET_RET_REJECT;
    OpenedTicket opened = open_ticket(scope, {bytes, static_cast<size_t>(length)}, sealed);
    if (opened.result == TicketKeys::Opened::No) return WOLFSSL_TICKET_RET_REJECT;
    std::ranges::copy(shown, setup.ticket_tag.begin());
    setup.ticket_opened = true;
    setup.ticket_identity = std::move(opened.identity);
    *out_length = static_cast<int>(opened.length);
    // wolfSSL's part begins with the version. In TLS 1.3 each handshake ends with a new ticket
    // anyway, and wolfSSL 5.7 would not resume at all were it told to renew.
    const bool tls13 = bytes[1] == 4;
    return opened.result == TicketKeys::Opened::WithOldKey && !tls13 ? WOLFSSL_TICKET_RET_CREATE
                                                                     : WOLFSSL_TICKET_RET_OK;
}

int Engine::State::note_ticket(WOLFSSL*, const unsigned char*, int, void* state) {
    static_cast<State*>(state)->has_ticket = true;
    return 0;
}

}  // namespace jumpgate::tls
