// The fields of an upstream.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/host_port.h"
#include "core/config/object_fields.h"
#include "core/config/pem.h"
#include "core/config/upstream_nodes.h"

namespace jumpgate {

namespace {

constexpr uint32_t kRetriesMax = 15;  // --dial-attempts-max counts the first one too

// What an upstream is read into: its nodes wait for the scheme, which may stand behind them.
struct UpstreamDraft : UpstreamConfig {
    std::vector<NodeRead> read_nodes;
    bool nodes_are_map = false;
};

UpstreamDraft& same(UpstreamDraft& draft) { return draft; }

Parsed<std::optional<char>> parse_character(std::string_view text) {
    if (text.size() != 1) return Problem{"is not one character"};
    return std::optional<char>(text[0]);
}

void add_balance(Fields<UpstreamDraft>& fields) {
    fields.add(
        "type",
        shape::choice<Balance>({{"chash", Balance::ConsistentHash},
                                {"roundrobin", Balance::RoundRobin},
                                {"least_conn", Balance::LeastConnections}}),
        &UpstreamDraft::type, "roundrobin",
        "How a client finds its broker: chash, by a consistent hash of `key`, always the "
        "same one; roundrobin, in turn; least_conn, where this process has the fewest clients.");
    fields.add("key",
               shape::choice<HashKey>({{"mqtt_client_id", HashKey::ClientId},
                                       {"mqtt_username", HashKey::Username},
                                       {"remote_addr", HashKey::RemoteAddr},
                                       {"cert_cn", HashKey::CertCn}}),
               &UpstreamDraft::key, "mqtt_client_id", "What chash hashes.");
    fields.add("key_prefix_until",
               shape::parsed<std::optional<char>>(parse_character, "one character"),
               &UpstreamDraft::key_prefix_until, "",
               "Hashes only what stands in front of the first such character: with \"/\", all "
               "devices of \"tenant7/...\" meet at one broker.");
    fields.add(
        "hash_on", shape::choice<bool>({{"vars", true}}), [](UpstreamDraft&, bool) {}, "vars",
        "Only `key` is hashed.");
    fields.add("hash",
               shape::choice<HashMethod>(
                   {{"jump", HashMethod::Jump}, {"rendezvous", HashMethod::Rendezvous}}),
               &UpstreamDraft::hash, "jump",
               "jump: add and remove nodes at the end of the list. rendezvous: anywhere, but the "
               "time grows with the nodes.");
    fields.custom(
        "hash_balance_factor", "0, or 101 to 1000 percent", shape::integer_schema(0, 1'000),
        [](const Value& value, const Place& place, UpstreamDraft& draft) {
            const auto percent = shape::read_integer(value, place, 0, 1'000);
            if (!percent) return;
            if (*percent > 0 && *percent <= 100)
                return place.error(value.mark, fmt::format("{} is out of range", *percent),
                                   "0 (off), or 101 to 1000 percent of the mean");
            draft.hash_balance_factor_percent = static_cast<uint32_t>(*percent);
        },
        "0: off", "No broker gets more than this share of the mean load; the rest moves on.");
}

void add_nodes(Fields<UpstreamDraft>& fields) {
    fields
        .custom(
            "nodes", "a map {\"host:port\": weight}, or a list; 1 to 4096 nodes", nodes_schema(),
            [](const Value& value, const Place& place, UpstreamDraft& draft) {
                draft.read_nodes = read_nodes(value, place);
                draft.nodes_are_map = value.kind == Value::Kind::Map;
            },
            "", "The brokers. The order of a list routes; a map is sorted by host and port.")
        .required = true;
    fields.custom(
        "scheme", "one of tcp, tls", shape::choice_schema({"tcp", "tls", "http"}),
        [](const Value& value, const Place& place, UpstreamDraft& draft) {
            if (value.kind == Value::Kind::Text && value.text == "http")
                return place.warning(value.mark, "http means tcp here, as in APISIX");
            const Shape<bool> tls = shape::choice<bool>({{"tcp", false}, {"tls", true}});
            draft.scheme_tls = tls.read(value, place).value_or(false);
        },
        "tcp", "tls: every node is reached over TLS.");
}

Shape<std::optional<UpstreamVerify>> verify_shape() {
    const std::string allowed = "true or \"full\", \"ca\", false or \"none\"";
    auto words = shape::choice<std::optional<UpstreamVerify>>({{"full", UpstreamVerify::Full},
                                                               {"ca", UpstreamVerify::Ca},
                                                               {"none", UpstreamVerify::None}});
    const auto read = [words, allowed](
                          const Value& value,
                          const Place& place) -> std::optional<std::optional<UpstreamVerify>> {
        std::optional<std::optional<UpstreamVerify>> verify;
        if (value.kind == Value::Kind::Bool)
            verify = value.boolean ? UpstreamVerify::Full : UpstreamVerify::None;
        else if (value.kind != Value::Kind::Text)
            place.error(value.mark, kind_problem(value), allowed);
        else
            verify = words.read(value, place);
        if (verify == std::optional(UpstreamVerify::None))
            place.warning(value.mark, "accepts any broker: nothing is verified");
        return verify;
    };
    Value any = make_list();
    any.items = {schema_of({{"type", make_text("boolean")}}), words.schema};
    return {allowed, schema_of({{"anyOf", std::move(any)}}), read};
}

const Fields<UpstreamTlsConfig>& tls_fields() {
    static const Fields<UpstreamTlsConfig> kFields = [] {
        Fields<UpstreamTlsConfig> fields;
        using Tls = UpstreamTlsConfig;
        fields.add(
            "client_cert", shape::pem(),
            [](Tls& tls, PemSource pem) { tls.identity.certificate = std::move(pem); }, "",
            "The certificate that brokers see, intermediate CAs behind it.");
        fields.add(
            "client_key", shape::pem(),
            [](Tls& tls, PemSource pem) { tls.identity.key = std::move(pem); }, "", "Its key.");
        fields.add("client_cert_id", shape::id(), &Tls::client_cert_id, "",
                   "The id of an ssl of type client, instead of both.");
        fields.add("ca", shape::pem(), &Tls::ca, "the system's",
                   "The CAs that vouch for the brokers.");
        fields.add("verify", verify_shape(), &Tls::verify, "what --upstream-verify says: full",
                   "What must be right about a broker's certificate: its CA and its name; its CA; "
                   "nothing.");
        fields.add("server_name", shape::parsed<std::string>(parse_name, "a host name"),
                   &Tls::server_name, "the node's host",
                   "The name that is asked for and verified.");
        return fields;
    }();
    return kFields;
}

const Fields<UpstreamDraft>& timeout_fields() {
    static const Fields<UpstreamDraft> kFields = [] {
        Fields<UpstreamDraft> fields;
        fields.add("connect", shape::seconds(10, 600'000), &UpstreamDraft::connect_timeout_ms,
                   "what --dial-timeout-ms says: 3", "One attempt to reach a broker.");
        fields.ignored("send", "a relay lives as long as both sides want it");
        fields.ignored("read", "a relay lives as long as both sides want it");
        return fields;
    }();
    return kFields;
}

const Fields<UpstreamDraft>& checks_fields() {
    static const Fields<UpstreamDraft> kFields = [] {
        Fields<UpstreamDraft> fields;
        fields.object(
            "active", active_check_fields(),
            [](UpstreamDraft& draft) -> ActiveCheck& { return draft.active.emplace(); },
            "The proxy asks the brokers, whether clients come or not.");
        fields.object(
            "passive", passive_check_fields(),
            [](UpstreamDraft& draft) -> PassiveCheck& { return draft.passive.emplace(); },
            "What the dials of clients teach. Without it, --fail-max does.");
        return fields;
    }();
    return kFields;
}

void add_dialling(Fields<UpstreamDraft>& fields) {
    const Shape<uint32_t> retries_shape = shape::integer<uint32_t>(0, 65'535);
    fields.custom(
        "retries",
        fmt::format("{}; over {} is {}", retries_shape.allowed, kRetriesMax, kRetriesMax),
        retries_shape.schema,
        [retries_shape](const Value& value, const Place& place, UpstreamDraft& draft) {
            const auto retries = retries_shape.read(value, place);
            if (!retries) return;
            draft.retries = std::min(*retries, kRetriesMax);
            if (*retries > kRetriesMax)
                place.warning(value.mark, fmt::format("{} is cut to {}", *retries, kRetriesMax));
        },
        "what --dial-attempts-max says, less one: 2",
        "Further brokers to try for one client when the first cannot be reached.");
    fields.object("timeout", timeout_fields(), same, "In seconds; fractions are allowed.");
    fields.object("checks", checks_fields(), same, "Health checks.");
    fields.add("all_down",
               shape::choice<AllDown>({{"refuse", AllDown::Refuse}, {"use_all", AllDown::UseAll}}),
               &UpstreamDraft::all_down, "refuse",
               "What clients get while every broker is down: a refusal, or any broker.");
    fields.add("slow_start_s", shape::integer<uint32_t>(0, 86'400), &UpstreamDraft::slow_start_s,
               "0: off", "Seconds in which a broker that came up grows to its full weight.");
    fields.object(
        "tls", tls_fields(), [](UpstreamDraft& draft) -> UpstreamTlsConfig& { return draft.tls; },
        "With scheme tls.");
}

void add_foreign(Fields<UpstreamDraft>& fields) {
    fields.ignored("retry_timeout", "retries and timeout.connect bound the attempts");
    fields.ignored("pass_host", "it is about HTTP");
    fields.ignored("upstream_host", "it is about HTTP");
    fields.ignored("keepalive_pool", "each client has a connection of its own");
    for (const char* name : {"service_name", "discovery_type", "discovery_args"})
        fields.refused(name, "list the brokers under nodes; a host may name SRV records");
}

const Fields<UpstreamDraft>& draft_fields() {
    static const Fields<UpstreamDraft> kFields = [] {
        Fields<UpstreamDraft> fields;
        add_common_fields(fields);
        fields.add("name", shape::text(1, 256), &UpstreamDraft::name, "", "For people and logs.");
        add_nodes(fields);
        add_balance(fields);
        add_dialling(fields);
        add_foreign(fields);
        return fields;
    }();
    return kFields;
}

// --- between the fields -------------------------------------------------------------------------

Mark mark_of(const Value& map, std::string_view field) {
    const Value* value = map.find(field);
    return value == nullptr ? map.mark : value->mark;
}

void check_balance(const Value& map, const UpstreamConfig& upstream, const Place& place) {
    if (upstream.type == Balance::ConsistentHash) return;
    for (const char* field : {"key", "key_prefix_until", "hash", "hash_balance_factor"})
        if (const Value* value = map.find(field))
            place.at(field).warning(value->mark, "has no effect: only type chash hashes");
}

void check_tls(const Value& map, const UpstreamConfig& upstream, const Place& place) {
    const Value* tls = map.find("tls");
    if (tls == nullptr || tls->kind != Value::Kind::Map) return;
    const Place inside = place.at("tls");
    if (!upstream.scheme_tls && !tls->members.empty())
        inside.error(tls->mark, "protects nothing: the scheme is tcp", "write scheme: tls as well");
    const bool has_certificate = !upstream.tls.identity.certificate.empty();
    const bool has_key = !upstream.tls.identity.key.empty();
    if (has_certificate && tls->find("client_key") == nullptr)
        inside.error(tls->mark, "client_cert has no key", "give client_key as well");
    if (has_key && tls->find("client_cert") == nullptr)
        inside.error(tls->mark, "client_key has no certificate", "give client_cert as well");
    if (!upstream.tls.client_cert_id.empty() && (has_certificate || has_key))
        inside.error(mark_of(*tls, "client_cert_id"), "there are two client certificates",
                     "client_cert_id, or client_cert and client_key");
}

void check_checks(const Value& map, const UpstreamConfig& upstream, const Place& place) {
    if (!upstream.active) return;
    const ActiveCheck& check = *upstream.active;
    const Place inside = place.at("checks").at("active");
    const Value* checks = map.find("checks");
    const Value* active = checks == nullptr ? nullptr : checks->find("active");
    const bool is_named = active != nullptr && active->find("username") != nullptr;
    if (!check.password.empty() && !is_named)  // MQTT-3.1.2-22
        inside.at("password")
            .error(mark_of(map, "checks"), "has no user name", "give username as well");
    if (!check.username.empty() && check.type != CheckType::Mqtt)
        inside.at("username")
            .warning(mark_of(map, "checks"), "has no effect: only type mqtt logs in");
}

}  // namespace

UpstreamConfig read_upstream(const Value& map, const Place& place) {
    UpstreamDraft draft;
    draft_fields().read_into(map, place, &draft);
    draft.nodes =
        complete_nodes(std::move(draft.read_nodes), draft.nodes_are_map, draft.scheme_tls, place);
    check_balance(map, draft, place);
    check_tls(map, draft, place);
    check_checks(map, draft, place);
    return draft;
}

const FieldTable& upstream_fields() { return draft_fields(); }

}  // namespace jumpgate
