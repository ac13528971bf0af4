// The handshake: what the client says first is judged before wolfSSL gets any memory for it.

#include <algorithm>
#include <array>
#include <ctime>

#include "tls/client_hello.h"
#include "tls/engine_state.h"
#include "tls/verify.h"

namespace jumpgate::tls {
namespace {

constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kAlertRecord = 21;
constexpr uint8_t kFatal = 2;  // AlertLevel, RFC 8446 6

bool use_alpn(WOLFSSL* wolf, std::span<const std::string> names) {
    if (names.empty()) return true;
    std::string list;
    for (const std::string& name : names) {
        if (!list.empty()) list += ',';
        list += name;
    }
    return wolfSSL_UseALPN(wolf, list.data(), static_cast<unsigned>(list.size()),
                           WOLFSSL_ALPN_CONTINUE_ON_MISMATCH) == WOLFSSL_SUCCESS;
}

// The first of ours that the client offers; empty: none, which is no failure.
std::span<const std::string> choose_alpn(std::span<const std::string> ours,
                                         std::span<const std::string> offered) {
    for (size_t i = 0; i < ours.size(); ++i) {
        if (std::ranges::find(offered, ours[i]) != offered.end()) return ours.subspan(i, 1);
    }
    return {};
}

// The alert of a client that refuses our certificate before it encrypts anything; 0: none. OpenSSL
// does so in TLS 1.3, where wolfSSL expects it encrypted and sees a broken record.
uint8_t refusal_in_the_clear(std::span<const uint8_t> bytes) {
    constexpr std::array<uint8_t, 6> kStart{kAlertRecord, 3, 3, 0, 2, kFatal};
    const bool is_one = bytes.size() > kStart.size() && std::ranges::equal(kStart, bytes.first(6));
    return is_one ? bytes[kStart.size()] : 0;
}

}  // namespace

std::unique_ptr<Engine> Engine::accept(ServerContextRef context) {
    auto state = std::make_unique<State>();
    state->server = std::move(context);
    state->setup = std::make_unique<State::Setup>();
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

std::unique_ptr<Engine> Engine::connect(ClientContextRef context, std::string_view server_name,
                                        const SessionRef& resume) {
    auto state = std::make_unique<State>();
    state->client = std::move(context);
    state->setup = std::make_unique<State::Setup>();
    state->server_name = server_name;
    const ClientContext& client = *state->client;
    if (state->greet(client.context.get(), client.alpn) != Step::Done) return nullptr;
    WOLFSSL* wolf = state->wolf.get();
    const bool is_name = !server_name.empty() && !is_ip_literal(server_name);
    std::string_view name = server_name;
    if (name.ends_with('.')) name.remove_suffix(1);  // RFC 6066 3
    if (is_name && wolfSSL_UseSNI(wolf, WOLFSSL_SNI_HOST_NAME, name.data(),
                                  static_cast<unsigned short>(name.size())) != WOLFSSL_SUCCESS)
        return nullptr;
    wolfSSL_set_SessionTicket_cb(wolf, State::note_ticket, state.get());
    const auto now_s = static_cast<uint64_t>(std::time(nullptr));
    if (resume != nullptr && resume->fits(state->client, server_name, now_s)) {
        WOLFSSL_SESSION* copy = wolfSSL_SESSION_dup(resume->get());
        if (copy != nullptr && wolfSSL_set_session(wolf, copy) == WOLFSSL_SUCCESS)
            state->peer_not_after_s = resume->not_after_s();
        wolfSSL_SESSION_free(copy);
    }
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Step Engine::State::greet(WOLFSSL_CTX* context, std::span<const std::string> alpn) {
    wolf.reset(wolfSSL_new(context));
    if (wolf == nullptr || !use_alpn(wolf.get(), alpn))
        return fail(Failure::Internal, "out of memory");
    wolfSSL_SetIOReadCtx(wolf.get(), this);
    wolfSSL_SetIOWriteCtx(wolf.get(), this);
    wolfSSL_SetCertCbCtx(wolf.get(), this);
    return Step::Done;
}

Step Engine::State::read_hello() {
    if (input.empty()) return Step::WantInput;
    // A hello in one piece is read where it lies; one in pieces is gathered.
    Bytes& held = setup->hello;
    const bool whole = held.empty();
    if (!whole) {
        const size_t taken = std::min(input.size(), kHelloBytesMax - held.size());
        held.append(input.first(taken));
        input = input.subspan(taken);
    }
    const std::span<const uint8_t> bytes = whole ? input : held.span();
    if (!looks_like_tls(bytes))
        return fail(Failure::NotTls, "the client begins with no TLS record");
    const auto judged = read_client_hello(bytes);
    if (std::holds_alternative<HelloNeedsMore>(judged)) {
        if (whole) {
            held.append(input);
            input = {};
        }
        return Step::WantInput;
    }
    if (const auto* invalid = std::get_if<HelloInvalid>(&judged)) {
        say(50);  // decode_error
        return fail(Failure::BadHello, invalid->text.data());
    }
    return meet(std::get<ClientHello>(judged));
}

// All that is asked of this client hangs on the site from here on: its certificate and versions,
// the CAs that it must be of, the tickets that open.
Step Engine::State::meet(const ClientHello& hello) {
    server_name = hello.server_name;
    site = server->choose(hello);
    if (site == nullptr) {
        say(112);  // unrecognized_name
        return fail(Failure::UnknownServerName, "no certificate for the name");
    }
    if (hello.version_max < (site->terms.min_version == Version::Tls13 ? kTls13 : kTls12)) {
        say(70);  // protocol_version
        return fail(Failure::UnsupportedVersion, "the client's TLS is too old");
    }
    return greet(site->context.get(), choose_alpn(server->alpn, hello.alpn));
}

Step Engine::handshake() {
    State& state = *state_;
    if (state.failure != Failure::None) return Step::Failed;
    if (state.established) return Step::Done;
    if (state.is_over_limit()) return Step::WantOutput;
    if (state.wolf == nullptr) {
        const Step step = state.read_hello();
        if (step != Step::Done) return step;
    }
    if (state.client != nullptr && !state.spoke && !state.input.empty()) {
        state.spoke = true;
        const uint8_t first = state.input.front();
        if (first != kHandshakeRecord && first != kAlertRecord)
            return state.fail(Failure::NotTls, "the server answers with no TLS record");
    }
    if (state.server != nullptr && state.sent_bytes > 0) {
        state.alert = refusal_in_the_clear(state.input);
        if (state.alert != 0) return state.fail(Failure::PeerAlert, "refused by the peer");
    }
    const int result = state.server != nullptr ? wolfSSL_accept(state.wolf.get())
                                               : wolfSSL_connect(state.wolf.get());
    return result == WOLFSSL_SUCCESS ? state.finish() : state.explain(result);
}

// wolfSSL is content; so must we be, whatever it forgot to ask.
Step Engine::State::finish() {
    const bool resumed = wolfSSL_session_reused(wolf.get()) != 0;
    if (resumed && server != nullptr) {
        if (!setup->ticket_opened) return fail(Failure::Internal, "resumed without a ticket");
        identity = std::move(setup->ticket_identity);
    } else if (!setup->verified) {
        identity.reset();
    }
    if (site != nullptr && site->terms.client_auth == ClientAuth::Required && identity == nullptr)
        return fail(Failure::NoCertificate, "the client showed no certificate");
    if (client != nullptr && client->verify != Verify::None && !resumed && !setup->verified)
        return fail(Failure::NoCertificate, "the server showed no certificate");
    established = true;
    wolfSSL_FreeHandshakeResources(wolf.get());
    setup.reset();
    return Step::Done;
}

}  // namespace jumpgate::tls
