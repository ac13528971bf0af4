// The flags about TLS on both legs. Files are named here and read by the server, again on SIGHUP.
#include <algorithm>
#include <string>
#include <utility>

#include "core/config/flags_groups.h"

namespace jumpgate {

namespace {

// An empty value is an unset shell variable, as a rule.
Parsed<std::string> parse_text(std::string_view value) {
    if (value.empty()) return Problem{"is empty"};
    return std::string(value);
}

// The n-th --tls-cert and the n-th --tls-key make the n-th pair, whichever comes first. A pair that
// stays half empty breaks a rule (rules_tls.h).
void add_half(FlagTable& table, std::string name, std::vector<CertificateFiles>& pairs,
              std::string CertificateFiles::*half, std::string help) {
    const auto assign = [&pairs, half](std::string value) {
        const auto free = [half](const CertificateFiles& pair) { return (pair.*half).empty(); };
        auto pair = std::ranges::find_if(pairs, free);
        if (pair == pairs.end()) pair = pairs.emplace(pairs.end());
        (*pair).*half = std::move(value);
    };
    Flag& flag = table.value(std::move(name), parse_text, assign, "FILE", "", std::move(help));
    flag.repeatable = true;
    flag.family = "certificates";
}

void add_certificates(FlagTable& table, DownstreamTls& tls) {
    add_half(table, "tls-cert", tls.certificates, &CertificateFiles::certificate,
             "A certificate of this proxy in PEM, intermediate CAs behind it. The name that a "
             "client asks for (SNI) chooses one, an exact name before a wildcard; the first is for "
             "all others. All files are read at start and again on SIGHUP.");
    add_half(table, "tls-key", tls.certificates, &CertificateFiles::key,
             "The private key of the --tls-cert at the same place in the order, PEM, not "
             "encrypted.");
    table.toggle("tls-strict-sni", tls.strict_sni,
                 "Refuses a client that asks for no name, or for one that no certificate has, "
                 "instead of showing it the first.");
}

void add_client_certificates(FlagTable& table, DownstreamTls& tls) {
    add_text(table, "tls-client-ca", tls.client_ca_file, "FILE",
             "The CAs whose certificates clients may show, PEM.");
    table.choice("tls-client-auth", tls.client_auth,
                 {{"none", ClientAuth::None},
                  {"optional", ClientAuth::Optional},
                  {"required", ClientAuth::Required}},
                 "Asks clients for a certificate. optional: they may come without one, but not "
                 "with a bad one. required: they may not come without.");
    add_text(table, "tls-client-crl", tls.client_crl_file, "FILE",
             "Revocation lists of those CAs, PEM. Refuses certificates that are listed, those "
             "below a CA that is listed, and those of a CA that has no list here, or an outdated "
             "one.");
    table
        .choice("require-client-id-matches", tls.client_id_matches,
                {{"cert_cn", IdMatch::CertCn}, {"san", IdMatch::San}},
                "Refuses a client whose client id is not what its certificate says: the subject's "
                "CN, or one of the subject alternative names (DNS, e-mail, URI, IP). A client "
                "without a certificate, on a "
                "plain port too, is refused.")
        .default_text = "none";
}

void add_algorithms(FlagTable& table, DownstreamTls& tls) {
    table.choice("tls-min-version", tls.min_version,
                 {{"1.2", TlsVersion::Tls12}, {"1.3", TlsVersion::Tls13}},
                 "The lowest version of TLS that clients may use.");
    Flag& ciphers = add_text(table, "tls-ciphers", tls.ciphers, "NAME:NAME...",
                             "Cipher suites, best first, by their OpenSSL or IANA names.");
    ciphers.default_text = "ECDHE with AES-GCM or CHACHA20-POLY1305, all suites of TLS 1.3";
    ciphers.allowed = "some of these";
    Flag& curves = add_text(table, "tls-curves", tls.curves, "NAME:NAME...",
                            "Curves for the key exchange, best first. TLS 1.2 takes any: "
                            "with --tls-min-version 1.3 they bind everybody.");
    curves.default_text = "X25519:P-256:P-384";
    curves.allowed = "X25519, P-256, P-384, P-521";
}

}  // namespace

Flag& add_text(FlagTable& table, std::string name, std::string& target, std::string metavar,
               std::string help) {
    const auto assign = [&target](std::string value) { target = std::move(value); };
    return table.value(std::move(name), parse_text, assign, std::move(metavar), "",
                       std::move(help));
}

void add_tls(FlagTable& table, Config& config) {
    DownstreamTls& tls = config.tls;
    table.group("TLS with clients");
    add_certificates(table, tls);
    add_client_certificates(table, tls);
    add_algorithms(table, tls);
    Flag& tickets = add_text(
        table, "tls-ticket-keys", tls.ticket_keys_file, "FILE",
        "Keys of session tickets, one a line (openssl rand -base64 48). The first seals, all open: "
        "proxies with the same file resume each other's sessions.");
    tickets.default_text = "a random key";
    tickets.allowed = "1 to 32 keys";
    table.number("tls-handshake-timeout-ms", tls.handshake_timeout_ms, 100, 600'000, "ms",
                 "From accept until the handshake is done.");
    table.number("tls-handshakes-max", tls.handshakes_max, 1, 4'096, "steps",
                 "Steps of handshakes that one worker takes before it turns to its relays again; "
                 "in a storm of connects, further handshakes wait.");
}

void add_upstream_tls(FlagTable& table, Config& config) {
    UpstreamTls& tls = config.upstream_tls;
    table.group("TLS with brokers");
    add_text(table, "upstream-ca", tls.ca_file, "FILE",
             "The CAs whose certificates brokers may show, PEM.")
        .default_text = "the system's";
    add_text(table, "upstream-cert", tls.certificate_file, "FILE",
             "What this proxy shows to brokers that ask for a certificate, PEM, intermediate CAs "
             "behind it.");
    add_text(table, "upstream-key", tls.key_file, "FILE",
             "The private key of --upstream-cert, PEM, not encrypted.");
    table.choice("upstream-verify", tls.verify,
                 {{"full", UpstreamVerify::Full},
                  {"ca", UpstreamVerify::Ca},
                  {"none", UpstreamVerify::None}},
                 "What must be right about a broker's certificate before it gets a password. full: "
                 "its CA, its dates, and its name (or IP address). ca: all but the name. none: "
                 "nothing; each start warns of it.");
}

}  // namespace jumpgate
