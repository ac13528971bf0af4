// The fields of an ssl: certificates for the devices' side (type server) or for brokers (client).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/config/object_fields.h"
#include "core/config/pem.h"
#include "core/config/server_names.h"

namespace jumpgate {

namespace {

constexpr size_t kPairsMax = 256;

struct SslDraft : SslConfig {
    PemPair first;
    std::vector<PemSource> certificates;  // certs
    std::vector<PemSource> keys;
};

SslDraft& same(SslDraft& draft) { return draft; }

Parsed<TlsVersion> parse_protocol(std::string_view text) {
    if (text == "TLSv1.2") return TlsVersion::Tls12;
    if (text == "TLSv1.3") return TlsVersion::Tls13;
    if (text == "TLSv1.1" || text == "TLSv1") return Problem{"is broken (RFC 8996) and not spoken"};
    return Problem{"is unknown"};
}

const Fields<SslDraft>& client_fields() {
    static const Fields<SslDraft> kFields = [] {
        Fields<SslDraft> fields;
        fields
            .add("ca", shape::pem(), &SslDraft::client_ca, "",
                 "The CAs whose certificates clients must show.")
            .required = true;
        fields.add("depth", shape::integer<uint32_t>(0, 100), &SslDraft::client_depth, "1",
                   "Intermediate certificates between the client's and the CA's, at most.");
        fields.add("crl", shape::pem(), &SslDraft::client_crl, "",
                   "Revocation lists of those CAs.");
        fields.ignored("skip_mtls_uri_regex", "it is about HTTP");
        return fields;
    }();
    return kFields;
}

void add_certificates(Fields<SslDraft>& fields) {
    fields
        .add(
            "cert", shape::pem(),
            [](SslDraft& draft, PemSource pem) { draft.first.certificate = std::move(pem); }, "",
            "The certificate, intermediate CAs behind it.")
        .required = true;
    fields
        .add(
            "key", shape::pem(),
            [](SslDraft& draft, PemSource pem) { draft.first.key = std::move(pem); }, "",
            "Its private key, not encrypted. The Admin API never shows it.")
        .required = true;
    fields.add("certs", shape::list(shape::pem(), 0, kPairsMax - 1), &SslDraft::certificates, "",
               "Further certificates for the same names, as of another kind of key.");
    fields.add("keys", shape::list(shape::pem(), 0, kPairsMax - 1), &SslDraft::keys, "",
               "Their keys, in the same order.");
}

void add_terms(Fields<SslDraft>& fields) {
    fields.add("type",
               shape::choice<SslType>({{"server", SslType::Server}, {"client", SslType::Client}}),
               &SslDraft::type, "server",
               "server: shown to clients. client: shown to brokers by tls.client_cert_id.");
    fields.add(
        "sni", shape::server_name(),
        [](SslDraft& draft, std::string name) { draft.snis = {std::move(name)}; },
        "the names in the certificate", "The name that clients ask for.");
    fields.add("snis", shape::list(shape::server_name(), 1, kServerNamesMax), &SslDraft::snis,
               "the names in the certificate", "Several of them, instead of sni.");
    fields.object("client", client_fields(), same, "Clients must show a certificate.");
    fields.add(
        "ssl_protocols",
        shape::list(shape::parsed<TlsVersion>(parse_protocol, "TLSv1.2, TLSv1.3"), 1, 3),
        [](SslDraft& draft, std::vector<TlsVersion> versions) {
            draft.min_version = std::ranges::min(versions);
            draft.max_version = std::ranges::max(versions);
        },
        "both", "The versions of TLS that clients may use.");
    fields.add(
        "status", shape::integer<uint32_t>(0, 1),
        [](SslDraft& draft, uint32_t status) { draft.enabled = status == 1; }, "1",
        "0: as if it were not there.");
}

const Fields<SslDraft>& draft_fields() {
    static const Fields<SslDraft> kFields = [] {
        Fields<SslDraft> fields;
        add_common_fields(fields);
        fields.noted("name", shape::text(1, 256), "For people.");
        add_certificates(fields);
        add_terms(fields);
        for (const char* name : {"validity_start", "validity_end", "exptime"})
            fields.noted(name, shape::anything(), "");  // the certificate says it
        return fields;
    }();
    return kFields;
}

void pair_up(const Value& map, SslDraft& draft, const Place& place) {
    draft.pairs.push_back(std::move(draft.first));
    const auto count = [&map](const char* field) {
        const Value* list = map.find(field);
        return list == nullptr ? 0 : list->items.size();
    };
    if (count("certs") != count("keys"))
        place.at("certs").error(
            map.mark,
            fmt::format("has {} certificates, and keys has {} keys", count("certs"), count("keys")),
            "as many of both");
    for (size_t i = 0; i < std::min(draft.certificates.size(), draft.keys.size()); ++i)
        draft.pairs.push_back({std::move(draft.certificates[i]), std::move(draft.keys[i])});
}

void check_type(const Value& map, const SslDraft& draft, const Place& place) {
    if (draft.type != SslType::Client) return;
    for (const char* field : {"sni", "snis", "client", "ssl_protocols"})
        if (const Value* value = map.find(field))
            place.at(field).warning(value->mark, "has no effect: it is for type server");
}

}  // namespace

SslConfig read_ssl(const Value& map, const Place& place) {
    SslDraft draft;
    draft_fields().read_into(map, place, &draft);
    if (map.find("sni") != nullptr && map.find("snis") != nullptr)
        place.at("snis").error(map.find("snis")->mark, "stands beside sni", "one of both");
    pair_up(map, draft, place);
    check_type(map, draft, place);
    return draft;
}

const FieldTable& ssl_fields() { return draft_fields(); }

}  // namespace jumpgate
