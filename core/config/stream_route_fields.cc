// The fields of a stream route: which clients it is for, and where they go.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/cidr.h"
#include "core/config/object_fields.h"
#include "core/config/server_names.h"

namespace jumpgate {

namespace {

struct StreamRouteDraft : StreamRouteConfig {
    const Value* upstream = nullptr;
    std::vector<uint8_t> plugin_levels;
    bool has_plugin_levels = false;
    bool is_mqisdp = false;
};

StreamRouteDraft& same(StreamRouteDraft& draft) { return draft; }

constexpr const char* kTextMatchAllowed =
    "the exact text, or a map with one of exact, prefix, glob, regex";

// The one member of a map such as {prefix: "flow-"}.
const Member* only_member(const Value& value, const Place& place) {
    if (value.kind == Value::Kind::Map && value.members.size() == 1) return &value.members[0];
    const bool is_map = value.kind == Value::Kind::Map;
    place.error(value.mark,
                is_map ? fmt::format("has {} members", value.members.size()) : kind_problem(value),
                kTextMatchAllowed);
    return nullptr;
}

void read_text_match(const Value& value, const Place& place, TextMatch& target) {
    using Kind = TextMatch::Kind;
    Kind kind = Kind::Exact;
    Place inside = place;
    const Value* written = &value;
    std::optional<std::string> pattern = shape::spelled(value);
    if (!pattern) {
        const Member* member = only_member(value, place);
        if (member == nullptr) return;
        constexpr std::pair<std::string_view, Kind> kKinds[] = {{"exact", Kind::Exact},
                                                                {"prefix", Kind::Prefix},
                                                                {"glob", Kind::Glob},
                                                                {"regex", Kind::Regex}};
        const auto* named =
            std::ranges::find(kKinds, member->key, [](const auto& word) { return word.first; });
        inside = place.at(member->key);
        if (named == std::end(kKinds))
            return inside.error(member->mark, "is unknown", kTextMatchAllowed);
        kind = named->second;
        written = &member->value;
        pattern = shape::read_text(member->value, inside, 1, 1'024, "text of 1 to 1024 characters");
        if (!pattern) return;
    }
    if (pattern->empty()) return inside.error(value.mark, "is empty", kTextMatchAllowed);
    Parsed<TextMatch> match = TextMatch::make(kind, *pattern);
    if (const Problem* problem = std::get_if<Problem>(&match))
        return shape::complain_of(*written, inside, problem->text, kTextMatchAllowed);
    target = std::get<TextMatch>(std::move(match));
}

Value text_match_schema() {
    Value any = make_list();
    any.items = {schema_of({{"type", make_text("string")}})};
    for (const char* kind : {"exact", "prefix", "glob", "regex"}) {
        Value required = make_list();
        required.items = {make_text(kind)};
        Value properties = schema_of({{kind, schema_of({{"type", make_text("string")}})}});
        any.items.push_back(schema_of({{"type", make_text("object")},
                                       {"properties", std::move(properties)},
                                       {"required", std::move(required)},
                                       {"additionalProperties", make_boolean(false)}}));
    }
    return schema_of({{"anyOf", std::move(any)}});
}

// Sorted, each once; empty where 0 is among them: any.
std::vector<uint8_t> levels_of(std::vector<uint8_t> given) {
    if (std::ranges::find(given, 0) != given.end()) return {};
    std::ranges::sort(given);
    given.erase(std::unique(given.begin(), given.end()), given.end());
    return given;
}

const Fields<StreamRouteDraft>& match_fields() {
    static const Fields<StreamRouteDraft> kFields = [] {
        Fields<StreamRouteDraft> fields;
        const auto text = [&fields](std::string name, TextMatch RouteMatch::*target,
                                    std::string help) {
            const auto read = [target](const Value& value, const Place& place,
                                       StreamRouteDraft& draft) {
                read_text_match(value, place, draft.match.*target);
            };
            fields.custom(std::move(name), kTextMatchAllowed, text_match_schema(), read, "any",
                          std::move(help));
        };
        text("client_id", &RouteMatch::client_id, "The client id in the CONNECT.");
        text("username", &RouteMatch::username, "The user name in the CONNECT.");
        text("cert_cn", &RouteMatch::cert_cn, "The CN of the client's certificate.");
        fields.add(
            "level", shape::one_or_list(shape::integer<uint8_t>(3, 5), 3),
            [](StreamRouteDraft& draft, std::vector<uint8_t> levels) {
                draft.match.levels = levels_of(std::move(levels));
            },
            "any", "The version of MQTT: 3 is 3.1, 4 is 3.1.1, 5 is 5.0.");
        fields.add(
            "protocol",
            shape::choice<Protocol>({{"mqtt", Protocol::Mqtt}, {"http", Protocol::Http}}),
            [](StreamRouteDraft& draft, Protocol protocol) { draft.match.protocol = protocol; },
            "mqtt", "What the client speaks.");
        return fields;
    }();
    return kFields;
}

// --- plugins ------------------------------------------------------------------------------------

bool is_disabled(const Value& plugin) {
    const Value* meta = plugin.find("_meta");
    const Value* disable = meta == nullptr ? nullptr : meta->find("disable");
    return disable != nullptr && disable->kind == Value::Kind::Bool && disable->boolean;
}

const Fields<StreamRouteDraft>& meta_fields() {
    static const Fields<StreamRouteDraft> kFields = [] {
        Fields<StreamRouteDraft> fields;
        fields.noted("disable", shape::boolean(), "true: as if the plugin were not there.");
        fields.ignored("priority", "there is no order among plugins");
        fields.ignored("error_response", "it is about HTTP");
        fields.refused("filter", "write the condition under match");
        fields.refused("pre_function", "no code is run; write conditions under match");
        return fields;
    }();
    return kFields;
}

Shape<uint8_t> plugin_level() {
    Shape<uint8_t> shape = shape::integer<uint8_t>(0, 5);
    shape.read = [in_range = shape.read](const Value& value, const Place& place) {
        std::optional<uint8_t> level = in_range(value, place);
        if (level != 1 && level != 2) return level;
        place.error(value.mark, fmt::format("{} is no version of MQTT", *level),
                    "0 (any), 3, 4, 5");
        return std::optional<uint8_t>();
    };
    return shape;
}

const Fields<StreamRouteDraft>& mqtt_proxy_fields() {
    static const Fields<StreamRouteDraft> kFields = [] {
        Fields<StreamRouteDraft> fields;
        fields.add("protocol_name", shape::choice<bool>({{"MQTT", false}, {"MQIsdp", true}}),
                   &StreamRouteDraft::is_mqisdp, "MQTT", "MQIsdp is the name of MQTT 3.1.");
        fields.add(
            "protocol_level", shape::one_or_list(plugin_level(), 8),
            [](StreamRouteDraft& draft, std::vector<uint8_t> levels) {
                draft.plugin_levels = levels_of(std::move(levels));
                draft.has_plugin_levels = true;
            },
            "0: any", "The version of MQTT: 3 is 3.1, 4 is 3.1.1, 5 is 5.0; or a list of them.");
        fields.refused("upstream",
                       "APISIX took it here before 2.11; write it below the stream route itself");
        fields.object("_meta", meta_fields(), same, "");
        return fields;
    }();
    return kFields;
}

const Fields<StreamRouteDraft>& plugins_fields() {
    static const Fields<StreamRouteDraft> kFields = [] {
        Fields<StreamRouteDraft> fields;
        const auto mqtt = [](const Value& value, const Place& place, StreamRouteDraft& draft) {
            if (!is_disabled(value)) mqtt_proxy_fields().read_into(value, place, &draft);
        };
        FieldRow& row = fields.custom("mqtt-proxy", "a map", mqtt_proxy_fields().schema(), mqtt, "",
                                      "Which versions of MQTT come in.");
        row.inner = &mqtt_proxy_fields();
        const auto refuse = [&fields](std::string name, std::string instead) {
            const auto read = [instead](const Value& value, const Place& place, auto&) {
                if (!is_disabled(value)) place.error(value.mark, "is not supported: " + instead);
            };
            fields.custom(std::move(name), "", {}, read, "", "").in_schema = false;
        };
        refuse("ip-restriction", "write remote_addr on the stream route");
        refuse("limit-conn", "--connections-max bounds the connections");
        refuse("traffic-split", "give the nodes of one upstream weights");
        refuse("syslog", "write lines with --access-log and let the system forward them");
        fields.ignored("prometheus", "the numbers are at /metrics of --admin already");
        return fields;
    }();
    return kFields;
}

// --- the route ----------------------------------------------------------------------------------

void add_conditions(Fields<StreamRouteDraft>& fields) {
    const std::string network = "an IP address or a network, as in 10.0.0.0/8";
    fields.add(
        "sni", shape::server_name(),
        [](StreamRouteDraft& draft, std::string name) { draft.match.snis = {std::move(name)}; },
        "any", "The name that a TLS client asks for.");
    fields.add(
        "snis", shape::list(shape::server_name(), 1, kServerNamesMax),
        [](StreamRouteDraft& draft, std::vector<std::string> names) {
            draft.match.snis = std::move(names);
        },
        "any", "Several of them, instead of sni.");
    fields.add(
        "remote_addr", shape::parsed<Cidr>(parse_cidr, network),
        [](StreamRouteDraft& draft, Cidr cidr) { draft.match.remote_addr = cidr; }, "any",
        "Where the client comes from.");
    fields.add(
        "server_addr", shape::parsed<Cidr>(parse_cidr, network),
        [](StreamRouteDraft& draft, Cidr cidr) { draft.match.server_addr = cidr; }, "any",
        "The address of this proxy that it came to.");
    fields.add(
        "server_port", shape::integer<uint16_t>(1, 65'535),
        [](StreamRouteDraft& draft, uint16_t port) { draft.match.server_port = port; }, "any",
        "The port of this proxy that it came to.");
    fields.object("match", match_fields(), same, "Conditions that APISIX does not have.");
    constexpr int32_t kLow = std::numeric_limits<int32_t>::min();
    fields.add("priority", shape::integer<int32_t>(kLow, std::numeric_limits<int32_t>::max()),
               &StreamRouteDraft::priority, "0",
               "The greater is tried first among routes whose conditions say as much.");
    fields.object("plugins", plugins_fields(), same, "The plugins of APISIX that are known here.");
}

const Fields<StreamRouteDraft>& draft_fields() {
    static const Fields<StreamRouteDraft> kFields = [] {
        Fields<StreamRouteDraft> fields;
        add_common_fields(fields);
        fields.add("name", shape::text(1, 256), &StreamRouteDraft::name, "",
                   "For people and logs.");
        add_conditions(fields);
        fields.add("upstream_id", shape::id(), &StreamRouteDraft::upstream_id, "",
                   "The upstream that serves these clients.");
        fields.custom(
            "upstream", "a map", upstream_fields().schema(),
            [](const Value& value, const Place&, StreamRouteDraft& draft) {
                draft.upstream = &value;
            },
            "", "An upstream of this route's own, instead of upstream_id.");
        fields.refused("service_id", "write upstream_id or upstream, and plugins, on the route");
        fields.refused("protocol", "xRPC is not spoken; match.protocol is mqtt or http");
        return fields;
    }();
    return kFields;
}

void check_levels(const Value& map, StreamRouteDraft& draft, const Place& place) {
    const Value* match = map.find("match");
    const Value* match_level = match == nullptr ? nullptr : match->find("level");
    const bool plugin_says = draft.has_plugin_levels || draft.is_mqisdp;
    if (match_level != nullptr && plugin_says)
        return place.at("match").at("level").error(
            match_level->mark, "is given by plugins.mqtt-proxy as well", "one of both");
    const std::vector<uint8_t> mqisdp = {3};
    if (draft.is_mqisdp && !draft.plugin_levels.empty() && draft.plugin_levels != mqisdp)
        return place.at("plugins")
            .at("mqtt-proxy")
            .at("protocol_level")
            .error(map.find("plugins")->mark, "does not go with MQIsdp, which is MQTT 3.1", "3");
    if (plugin_says) draft.match.levels = draft.is_mqisdp ? mqisdp : draft.plugin_levels;
}

void check_upstream(const Value& map, const StreamRouteDraft& draft, const Place& place) {
    const Value* id = map.find("upstream_id");
    if (id != nullptr && draft.upstream != nullptr)
        place.at("upstream_id").error(id->mark, "stands beside upstream", "one of both");
    const bool is_elsewhere = map.find("service_id") != nullptr;  // complained of already
    if (id == nullptr && draft.upstream == nullptr && !is_elsewhere)
        place.error(map.mark, "has no upstream", "upstream_id or upstream");
}

void check_http(const Value& map, const StreamRouteDraft& draft, const Place& place) {
    if (draft.match.protocol != Protocol::Http) return;
    const RouteMatch& match = draft.match;
    using Kind = TextMatch::Kind;
    if (match.client_id.kind() != Kind::Any || match.username.kind() != Kind::Any ||
        !match.levels.empty())
        place.at("match").warning(map.find("match")->mark,
                                  "no client meets it: HTTP has no client id, user name or level");
}

}  // namespace

StreamRouteRead read_stream_route(const Value& map, const Place& place) {
    StreamRouteDraft draft;
    draft_fields().read_into(map, place, &draft);
    if (map.find("sni") != nullptr && map.find("snis") != nullptr)
        place.at("snis").error(map.find("snis")->mark, "stands beside sni", "one of both");
    check_levels(map, draft, place);
    check_upstream(map, draft, place);
    check_http(map, draft, place);
    const Value* upstream = draft.upstream;
    return {std::move(draft), upstream};
}

const FieldTable& stream_route_fields() { return draft_fields(); }

}  // namespace jumpgate
