#include "tls/engine.h"

#include <algorithm>
#include <ctime>

#include "tls/engine_state.h"
#include "tls/verify.h"

namespace jumpgate::tls {
namespace {

constexpr size_t kRecordBytesMax = 16'384;  // of plaintext, RFC 8446 5.1

// wolfSSL 5.7 makes up a session id for a TLS 1.2 ticket, and a client that has one takes a server
// that does not resume for an attack (RFC 5077 3.4 lets it send none). A connection that ends
// before it began leaves the session without.
bool drop_session_id(WOLFSSL_CTX* context, WOLFSSL_SESSION* session) {
    const WolfConnection scratch(wolfSSL_new(context));
    return scratch != nullptr && wolfSSL_set_session(scratch.get(), session) == WOLFSSL_SUCCESS &&
           wolfSSL_FreeHandshakeResources(scratch.get()) == 0;
}

}  // namespace

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

void Engine::feed(std::span<const uint8_t> ciphertext) { state_->input = ciphertext; }
size_t Engine::unread() const { return state_->input.size(); }
bool Engine::ended_cleanly() const { return state_->peer_closed; }

Step Engine::read(std::span<uint8_t> room, size_t& length) {
    State& state = *state_;
    length = 0;
    if (state.failure != Failure::None) return Step::Failed;
    if (state.peer_closed) return Step::Closed;
    if (!state.established) return state.fail(Failure::Internal, "read before the handshake");
    const int size = static_cast<int>(std::min<size_t>(room.size(), 1U << 30));
    const int result = wolfSSL_read(state.wolf.get(), room.data(), size);
    if (result <= 0) return state.explain(result);
    length = static_cast<size_t>(result);
    return Step::Done;
}

Step Engine::write(std::span<const uint8_t> plaintext) {
    State& state = *state_;
    if (state.failure != Failure::None) return Step::Failed;
    if (!state.established || state.shut)
        return state.fail(Failure::Internal, "write before the handshake or after the end");
    const size_t records = plaintext.size() / kRecordBytesMax + 1;
    const size_t needed =
        state.output.size() + plaintext.size() + records * kRecordOverheadBytesMax;
    if (needed > state.output.capacity() && !plaintext.empty()) state.output.reserve(needed);
    while (!plaintext.empty()) {
        const size_t chunk = std::min<size_t>(plaintext.size(), 1U << 30);
        const int result =
            wolfSSL_write(state.wolf.get(), plaintext.data(), static_cast<int>(chunk));
        if (result <= 0) {
            state.explain(result);
            return state.fail(Failure::Internal, "wolfSSL took no plaintext");
        }
        plaintext = plaintext.subspan(static_cast<size_t>(result));
    }
    return Step::Done;
}

void Engine::shut() {
    State& state = *state_;
    if (state.shut || state.wolf == nullptr || state.failure != Failure::None) return;
    state.shut = true;
    wolfSSL_shutdown(state.wolf.get());
}

size_t Engine::output_bytes() const { return state_->output.size(); }
Bytes Engine::take_output() { return std::move(state_->output); }
void Engine::reuse(Bytes&& spare) {
    if (!state_->output.empty() || spare.capacity() <= state_->output.capacity()) return;
    state_->output = std::move(spare);
    state_->output.clear();
}

Failure Engine::failure() const { return state_->failure; }
uint8_t Engine::alert() const { return state_->alert; }
std::string_view Engine::detail() const { return state_->detail; }

bool Engine::established() const { return state_->established; }
bool Engine::resumed() const {
    return state_->established && wolfSSL_session_reused(state_->wolf.get()) != 0;
}
const Identity* Engine::identity() const {
    return state_->established ? state_->identity.get() : nullptr;
}
const Identity* Engine::claimed_identity() const {
    const bool refused = !state_->established && state_->failure != Failure::None;
    return refused ? state_->identity.get() : nullptr;
}
void Engine::forget_identity() { state_->identity.reset(); }
std::string_view Engine::server_name() const { return state_->server_name; }

std::string_view Engine::alpn() const {
    char* name = nullptr;
    unsigned short size = 0;
    if (state_->wolf == nullptr ||
        wolfSSL_ALPN_GetProtocol(state_->wolf.get(), &name, &size) != WOLFSSL_SUCCESS)
        return {};
    return {name, size};
}

std::string_view Engine::version() const {
    if (!state_->established) return {};
    return wolfSSL_get_version(state_->wolf.get());
}

std::string_view Engine::cipher() const {
    if (!state_->established) return {};
    const int suite = wolfSSL_get_current_cipher_suite(state_->wolf.get());
    const char* name = wolfSSL_get_cipher_name_iana_from_suite(
        static_cast<unsigned char>(suite >> 8), static_cast<unsigned char>(suite));
    return name == nullptr ? "" : name;
}

SessionRef Engine::session() const {
    State& state = *state_;
    if (!state.established || state.client == nullptr || !state.has_ticket) return nullptr;
    // A copy: wolfSSL goes on changing its own, and would change it under a second connection.
    WOLFSSL_SESSION* own = wolfSSL_get1_session(state.wolf.get());
    if (own == nullptr) return nullptr;
    WOLFSSL_SESSION* copy = wolfSSL_SESSION_dup(own);
    wolfSSL_SESSION_free(own);
    if (copy == nullptr) return nullptr;
    const bool usable = wolfSSL_GetVersion(state.wolf.get()) != WOLFSSL_TLSV1_2 ||
                        drop_session_id(state.client->context.get(), copy);
    if (!usable) {
        wolfSSL_SESSION_free(copy);
        return nullptr;
    }
    return std::make_shared<Session>(copy, state.client, state.server_name, state.peer_not_after_s);
}

}  // namespace jumpgate::tls
