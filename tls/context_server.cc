// The server's context: one wolfSSL context for each certificate, chosen by SNI.

#include <algorithm>
#include <cctype>

#include "tls/contexts.h"
#include "tls/engine_state.h"
#include "tls/identity.h"
#include "tls/load.h"
#include "tls/tickets.h"

namespace jumpgate::tls {
namespace {

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

// SHA-256 over the fields, each with its length in front, so that none runs into the next.
class Digest {
  public:
    Digest() { wc_InitSha256(&state_); }
    ~Digest() { wc_Sha256Free(&state_); }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    void add(std::string_view field) {
        const uint64_t length = field.size();
        wc_Sha256Update(&state_, reinterpret_cast<const byte*>(&length), sizeof length);
        wc_Sha256Update(&state_, reinterpret_cast<const byte*>(field.data()),
                        static_cast<word32>(field.size()));
    }
    std::array<uint8_t, 32> finish() {
        std::array<uint8_t, 32> digest{};
        wc_Sha256Final(&state_, digest.data());
        return digest;
    }

  private:
    wc_Sha256 state_{};
};

std::array<uint8_t, 32> policy_of(const ServerOptions& options) {
    const bool asks = options.client_auth != ClientAuth::None;
    Digest digest;
    digest.add("jumpgate session policy 1");
    digest.add(std::to_string(static_cast<int>(options.client_auth)));
    digest.add(std::to_string(static_cast<int>(options.min_version)));
    digest.add(asks ? options.client_ca.text : "");
    digest.add(asks ? options.client_crl.text : "");
    return digest.finish();
}

std::vector<std::string> names_of(const Pem& certificate) {
    std::vector<std::string> names;
    const std::optional<Identity> identity = identify(first_certificate(certificate));
    if (!identity) return names;
    for (const std::string& name : identity->names) names.push_back(in_lower_case(name));
    if (names.empty() && !identity->common_name.empty())
        names.push_back(in_lower_case(identity->common_name));
    return names;
}

std::optional<Problem> ask_for_clients(WOLFSSL_CTX* context, const ServerOptions& options) {
    if (options.client_auth == ClientAuth::None) {
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, nullptr);
        return std::nullopt;
    }
    const int required =
        options.client_auth == ClientAuth::Required ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | required, Engine::State::verify);
    if (auto wrong = load_authorities(context, options.client_ca)) return wrong;
    if (options.client_crl.empty()) return std::nullopt;
    return load_revocations(context, options.client_crl, options.client_ca);
}

bool use_tickets(WOLFSSL_CTX* context, bool wanted) {
    if (!wanted) {
        return wolfSSL_CTX_set_TicketEncCb(context, nullptr) == WOLFSSL_SUCCESS &&
               wolfSSL_CTX_no_ticket_TLSv13(context) == 0 &&
               wolfSSL_CTX_NoTicketTLSv12(context) == WOLFSSL_SUCCESS;
    }
    return wolfSSL_CTX_set_TicketEncCb(context, Engine::State::ticket) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketHint(context, static_cast<int>(kTicketLifetimeS)) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_timeout(context, static_cast<unsigned>(kTicketLifetimeS)) ==
               WOLFSSL_SUCCESS;
}

std::variant<Site, Problem> make_site(const ServerOptions& options, const Pair& pair) {
    auto made = make_wolf_context(
        {Side::Server, options.min_version, options.max_version, options.ciphers, options.curves});
    if (auto* wrong = std::get_if<Problem>(&made)) return *wrong;
    Site site{std::move(std::get<WolfContext>(made)), {}};
    WOLFSSL_CTX* context = site.context.get();
    if (auto wrong = load_pair(context, pair)) return *wrong;
    if (auto wrong = ask_for_clients(context, options)) return *wrong;
    const bool tickets = options.tickets && !options.ticket_keys.empty();
    if (!use_tickets(context, tickets)) return Problem{"wolfSSL refuses the session tickets"};
    wolfSSL_CTX_SetIORecv(context, Engine::State::receive);
    wolfSSL_CTX_SetIOSend(context, Engine::State::send);
    site.names = names_of(pair.certificate);
    return site;
}

// "*.example.org" stands for "a.example.org", not for "a.b.example.org" nor "example.org".
bool covers(std::string_view pattern, std::string_view name) {
    if (!pattern.starts_with("*.")) return false;
    const size_t dot = name.find('.');
    return dot != 0 && dot != name.npos && name.substr(dot) == pattern.substr(1);
}

}  // namespace

WOLFSSL_CTX* ServerContext::choose(std::string_view server_name) const {
    for (const Site& site : sites) {
        if (std::ranges::find(site.names, server_name) != site.names.end())
            return site.context.get();
    }
    for (const Site& site : sites) {
        for (const std::string& name : site.names) {
            if (covers(name, server_name)) return site.context.get();
        }
    }
    return strict_sni ? nullptr : sites.front().context.get();
}

std::variant<ServerContextRef, Problem> make_server_context(const ServerOptions& options) {
    if (options.pairs.empty()) return Problem{"a TLS server needs a certificate and its key"};
    if (options.client_auth != ClientAuth::None && options.client_ca.empty())
        return Problem{"client certificates can only be checked with a CA file"};
    if (options.min_version > options.max_version)
        return Problem{"the lowest TLS version is above the highest"};
    auto server = std::make_shared<ServerContext>();
    for (const Pair& pair : options.pairs) {
        auto made = make_site(options, pair);
        if (auto* wrong = std::get_if<Problem>(&made)) return *wrong;
        server->sites.push_back(std::move(std::get<Site>(made)));
    }
    server->strict_sni = options.strict_sni;
    server->client_auth = options.client_auth;
    server->min_version = options.min_version;
    server->alpn = options.alpn;
    server->tickets = options.tickets && !options.ticket_keys.empty();
    server->ticket_keys = options.ticket_keys;
    server->policy = policy_of(options);
    return ServerContextRef(std::move(server));
}

}  // namespace jumpgate::tls
