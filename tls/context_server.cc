// The server's context: one wolfSSL context for each certificate, with the terms of its group.

#include <algorithm>
#include <cctype>

#include "tls/contexts.h"
#include "tls/engine_state.h"
#include "tls/identity.h"
#include "tls/load.h"
#include "tls/tickets.h"
#include "tls/verify.h"

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

std::array<uint8_t, 32> policy_of(const ServerGroup& group) {
    const bool asks = group.client_auth != ClientAuth::None;
    Digest digest;
    digest.add("jumpgate session policy 2");
    digest.add(std::to_string(static_cast<int>(group.client_auth)));
    digest.add(std::to_string(static_cast<int>(group.min_version)));
    digest.add(std::to_string(static_cast<int>(group.max_version)));
    digest.add(asks ? std::to_string(group.client_depth) : "");
    digest.add(asks ? group.client_ca.text : "");
    digest.add(asks ? group.client_crl.text : "");
    return digest.finish();
}

// As names are compared: in lower case and without the final dot.
std::string as_sni(std::string_view name) {
    std::string lower = in_lower_case(name);
    if (lower.ends_with('.')) lower.pop_back();
    return lower;
}

std::vector<std::string> names_of(const Identity& identity) {
    std::vector<std::string> names;
    for (const std::string& name : identity.names) names.push_back(as_sni(name));
    if (names.empty() && !identity.common_name.empty())
        names.push_back(as_sni(identity.common_name));
    return names;
}

KeyType key_type_of(const std::vector<uint8_t>& certificate_der) {
    DecodedCert certificate;
    wc_InitDecodedCert(&certificate, certificate_der.data(),
                       static_cast<word32>(certificate_der.size()), nullptr);
    const bool parsed = wc_ParseCert(&certificate, CERT_TYPE, NO_VERIFY, nullptr) == 0;
    const word32 key = parsed ? certificate.keyOID : 0;
    wc_FreeDecodedCert(&certificate);
    if (key == ED25519k) return KeyType::Ed25519;
    return key == ECDSAk ? KeyType::Ecdsa : KeyType::Rsa;
}

std::optional<Problem> ask_for_clients(WOLFSSL_CTX* context, const ServerGroup& group) {
    if (group.client_auth == ClientAuth::None) {
        wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, nullptr);
        return std::nullopt;
    }
    const int required =
        group.client_auth == ClientAuth::Required ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER | required, Engine::State::verify);
    if (auto wrong = load_authorities(context, group.client_ca)) return wrong;
    if (group.client_crl.empty()) return std::nullopt;
    return load_revocations(context, group.client_crl, group.client_ca);
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

std::variant<Site, Problem> make_site(const ServerOptions& options, const ServerGroup& group,
                                      const Pair& pair) {
    auto made = make_wolf_context(
        {Side::Server, group.min_version, group.max_version, options.ciphers, options.curves});
    if (auto* wrong = std::get_if<Problem>(&made)) return *wrong;
    Site site;
    site.context = std::move(std::get<WolfContext>(made));
    WOLFSSL_CTX* context = site.context.get();
    if (auto wrong = load_pair(context, pair)) return *wrong;
    if (auto wrong = ask_for_clients(context, group)) return *wrong;
    const bool tickets = options.tickets && !options.ticket_keys.empty();
    if (!use_tickets(context, tickets)) return Problem{"wolfSSL refuses the session tickets"};
    wolfSSL_CTX_SetIORecv(context, Engine::State::receive);
    wolfSSL_CTX_SetIOSend(context, Engine::State::send);
    site.terms = {group.client_auth, group.client_depth, group.min_version, policy_of(group)};
    const std::vector<uint8_t> leaf = first_certificate(pair.certificate);
    site.key_type = key_type_of(leaf);
    if (const std::optional<Identity> identity = identify(leaf))
        site.certified = names_of(*identity);
    return site;
}

// The sites of a group, and the names that lead to them, behind those that are there.
std::optional<Problem> add_group(const ServerOptions& options, const ServerGroup& group,
                                 uint32_t number, ServerContext& server) {
    if (group.pairs.empty()) return Problem{"a TLS server needs a certificate and its key"};
    if (group.client_auth != ClientAuth::None && group.client_ca.empty())
        return Problem{"client certificates can only be checked with a CA file"};
    if (group.min_version > group.max_version)
        return Problem{"the lowest TLS version is above the highest"};
    for (const Pair& pair : group.pairs) {
        auto made = make_site(options, group, pair);
        if (auto* wrong = std::get_if<Problem>(&made)) return *wrong;
        const auto index = static_cast<uint32_t>(server.sites.size());
        Site& site = server.sites.emplace_back(std::move(std::get<Site>(made)));
        site.group = number;
        site.title = group.label.empty() ? pair.certificate.label : group.label;
        const auto& names = group.names.empty() ? site.certified : group.names;
        for (const std::string& name : names)
            server.names.push_back({as_sni(name), index, !group.names.empty()});
    }
    return std::nullopt;
}

// Sorts the names. A name of two groups would leave it open what its clients must show; but an
// address, which no client should send (RFC 6066 3) and certificates share, is the first one's.
std::optional<Problem> sort_names(ServerContext& server) {
    std::ranges::stable_sort(server.names, std::ranges::less(), &SiteName::name);
    std::vector<SiteName> sorted;
    for (SiteName& next : server.names) {
        const bool is_same = !sorted.empty() && sorted.back().name == next.name;
        const Site& second = server.sites[next.site];
        if (is_same && server.sites[sorted.back().site].group != second.group) {
            if (is_ip_literal(next.name)) continue;
            return Problem{second.title + ": the name " + next.name + " is also one of " +
                           server.sites[sorted.back().site].title +
                           "; a name (SNI) can choose one of them only"};
        }
        sorted.push_back(std::move(next));
    }
    server.names = std::move(sorted);
    return std::nullopt;
}

}  // namespace

std::variant<ServerContextRef, Problem> make_server_context(const ServerOptions& options) {
    auto server = std::make_shared<ServerContext>();
    uint32_t groups = 0;
    const auto add = [&](const ServerGroup& group) {
        std::optional<Problem> wrong = add_group(options, group, groups++, *server);
        if (wrong && !group.label.empty()) wrong->text = group.label + ": " + wrong->text;
        return wrong;
    };
    if (auto wrong = add(options)) return *wrong;
    server->default_sites = static_cast<uint32_t>(server->sites.size());
    for (const ServerGroup& group : options.others) {
        if (auto wrong = add(group)) return *wrong;
    }
    if (auto wrong = sort_names(*server)) return *wrong;
    server->strict_sni = options.strict_sni;
    server->alpn = options.alpn;
    server->ticket_keys = options.ticket_keys;
    return ServerContextRef(std::move(server));
}

uint64_t expiry_s(const Pem& certificate) {
    const std::optional<Identity> identity = identify(first_certificate(certificate));
    return identity ? identity->not_after_s : 0;
}

}  // namespace jumpgate::tls
