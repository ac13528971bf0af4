// Context: what all connections of one kind share: certificates, keys, CAs, CRLs, ciphers.
//
// Law: immutable once made; threads share it; a reload makes a new one and the old one lives until
// the last handshake that began with it is over. Everything is checked here: a context that was
// made works. It takes contents, no paths: who reads files puts their names into `label`, and the
// problem names it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tls/ticket_keys.h"

namespace jumpgate::tls {

// Text in PEM and the name under which a person knows it (a file name, as a rule).
struct Pem {
    std::string label;
    std::string text;
    bool empty() const { return text.empty(); }
};

enum class Version : uint8_t { Tls12, Tls13 };
enum class ClientAuth : uint8_t { None, Optional, Required };
enum class Verify : uint8_t { Full, Ca, None };  // chain and name, chain only, nothing

// What is wrong, in one sentence that names the label: "server.crt: does not match server.key".
struct Problem {
    std::string text;
};

// Certificate (the chain, leaf first) and its private key.
struct Pair {
    Pem certificate;
    Pem key;
};

inline constexpr uint32_t kChainDepthMax = 100;  // wolfSSL itself stops at 9 certificates

// Certificates, the names (SNI) by which clients choose them, and the terms for these clients.
// Which group a client is of is settled by its ClientHello; a ticket opens under the same terms
// only.
struct ServerGroup {
    std::string label;        // put before problems: "ssls 1"; may be empty
    std::vector<Pair> pairs;  // at least one; the client gets the first whose key it can check
    // "a.example.org", "*.example.org" (every name below), "*" (any); each is of one group alone.
    // Empty: each pair is chosen by the names of its certificate, "*." there is for one label.
    std::vector<std::string> names;
    ClientAuth client_auth = ClientAuth::None;
    Pem client_ca;                           // required unless client_auth is None
    Pem client_crl;                          // empty: no revocation check
    uint32_t client_depth = kChainDepthMax;  // intermediates between a client and a CA of client_ca
    Version min_version = Version::Tls12;
    Version max_version = Version::Tls13;
};

// The group that it is itself serves those, too, who send no name or an unknown one.
struct ServerOptions : ServerGroup {
    std::vector<ServerGroup> others;  // exact names before wildcards, over all groups
    bool strict_sni = false;          // refuse a client whose name has no pair
    std::string ciphers;            // names divided by ':', OpenSSL's or IANA's; empty: the default
    std::string curves;             // "X25519:P-256"; empty: X25519, P-256, P-384. TLS 1.2: the
                                    // client's first that wolfSSL knows (these and P-521)
    std::vector<std::string> alpn;  // in order of preference; empty: ALPN is ignored
    TicketKeys ticket_keys;
    bool tickets = true;  // hand out session tickets
};

struct ClientOptions {
    Verify verify = Verify::Full;
    Pem ca;         // empty: the system's
    Pair identity;  // sent when the server asks; both empty: none
    Pem crl;        // empty: no revocation check
    Version min_version = Version::Tls12;
    Version max_version = Version::Tls13;
    std::string ciphers;
    std::string curves;
    std::vector<std::string> alpn;
};

class ServerContext;
class ClientContext;
using ServerContextRef = std::shared_ptr<const ServerContext>;
using ClientContextRef = std::shared_ptr<const ClientContext>;

std::variant<ServerContextRef, Problem> make_server_context(const ServerOptions& options);
std::variant<ClientContextRef, Problem> make_client_context(const ClientOptions& options);

// The last second that the first certificate of a text holds, Unix time; 0: none can be read.
uint64_t expiry_s(const Pem& certificate);

// "5.7.2", of wolfSSL.
std::string_view library_version();
// AES and SHA by the processor's own instructions; without, they are some 30 times slower.
bool library_has_assembly();

}  // namespace jumpgate::tls
