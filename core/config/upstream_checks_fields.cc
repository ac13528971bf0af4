// The fields of `checks`: how the proxy finds out which brokers are alive.
#include <fmt/format.h>

#include <utility>

#include "core/config/object_fields.h"

namespace jumpgate {

namespace {

constexpr uint32_t kCountMax = 254;  // as APISIX has it

Shape<std::vector<uint16_t>> statuses() {
    return shape::list(shape::integer<uint16_t>(100, 599), 1, 100);
}

Parsed<std::string> parse_path(std::string_view path) {
    const auto is_printed = [](char c) { return c > ' ' && c < 127; };
    for (const char c : path)
        if (!is_printed(c)) return Problem{"has a character that no path has"};
    if (path.size() > 1'024 || !path.starts_with('/')) return Problem{"is no path"};
    return std::string(path);
}

// What a CONNECT holds behind two bytes of length (MQTT 3.1.1, 1.5.3). A password is bytes
// (3.1.3.5); a user name is text, without U+0000 (MQTT-1.5.3-2).
Shape<std::string> connect_text(bool is_name) {
    constexpr size_t kBytesMax = 65'535;
    std::string allowed = "text of 1 to 65535 bytes";
    if (is_name) allowed += " without U+0000";
    Value schema = shape::text(1, kBytesMax).schema;  // at most as many characters as bytes
    if (is_name) set(schema, "pattern", make_text("^[^\\u0000]*$"));
    const auto read = [is_name, allowed](const Value& value,
                                         const Place& place) -> std::optional<std::string> {
        std::optional<std::string> text = shape::read_text(value, place, 1, SIZE_MAX, allowed);
        if (!text) return std::nullopt;
        const bool fits = text->size() <= kBytesMax;
        if (fits && !(is_name && text->find('\0') != text->npos)) return text;
        place.error(value.mark, fits ? "holds U+0000" : fmt::format("has {} bytes", text->size()),
                    allowed);
        return std::nullopt;
    };
    return {allowed, std::move(schema), read};
}

const Fields<ActiveCheck>& healthy_fields() {
    static const Fields<ActiveCheck> kFields = [] {
        Fields<ActiveCheck> fields;
        fields.add("interval", shape::seconds(100, 3'600'000), &ActiveCheck::healthy_interval_ms,
                   "1", "Between two checks of a broker that is up.");
        fields.add("successes", shape::integer<uint32_t>(1, kCountMax),
                   &ActiveCheck::healthy_successes, "2",
                   "In a row, after which a broker that was down is up.");
        fields.add("http_statuses", statuses(), &ActiveCheck::healthy_http_statuses, "200, 302",
                   "Statuses of an http check that count as success.");
        return fields;
    }();
    return kFields;
}

const Fields<ActiveCheck>& unhealthy_fields() {
    static const Fields<ActiveCheck> kFields = [] {
        Fields<ActiveCheck> fields;
        fields.add("interval", shape::seconds(100, 3'600'000), &ActiveCheck::unhealthy_interval_ms,
                   "1", "Between two checks of a broker that is down.");
        const auto count = [&fields](std::string name, uint32_t ActiveCheck::*target,
                                     std::string value, std::string help) {
            fields.add(std::move(name), shape::integer<uint32_t>(1, kCountMax), target,
                       std::move(value), std::move(help));
        };
        count("tcp_failures", &ActiveCheck::unhealthy_tcp_failures, "2",
              "Failures to connect in a row, after which a broker is down.");
        count("timeouts", &ActiveCheck::unhealthy_timeouts, "3",
              "Timeouts in a row, after which a broker is down.");
        count("http_failures", &ActiveCheck::unhealthy_http_failures, "5",
              "Bad answers in a row, after which a broker is down: statuses below, or a CONNACK "
              "other than success.");
        fields.add("http_statuses", statuses(), &ActiveCheck::unhealthy_http_statuses,
                   "429, 404, 500 to 505", "Statuses of an http check that count as failure.");
        return fields;
    }();
    return kFields;
}

void add_probe(Fields<ActiveCheck>& fields) {
    fields.add("type",
               shape::choice<CheckType>(
                   {{"mqtt", CheckType::Mqtt}, {"tcp", CheckType::Tcp}, {"http", CheckType::Http}}),
               &ActiveCheck::type, "mqtt",
               "mqtt: CONNECT, CONNACK, DISCONNECT. tcp: a connection is enough. http: a GET of "
               "http_path. APISIX's default is http, which marks every broker down.");
    fields.add("timeout", shape::seconds(10, 600'000), &ActiveCheck::timeout_ms, "1",
               "For a whole check.");
    fields.add("host", shape::parsed<std::string>(parse_name, "a host name"), &ActiveCheck::host,
               "the node's",
               "The Host header of an http check. Over TLS the name is the same as for clients.");
    fields.add("port", shape::integer<uint16_t>(1, 65'535), &ActiveCheck::port, "the node's",
               "The port to check.");
    fields.add("http_path",
               shape::parsed<std::string>(parse_path, "\"/\" and up to 1023 more characters"),
               &ActiveCheck::http_path, "/", "What an http check asks for.");
    fields.add("username", connect_text(true), &ActiveCheck::username, "",
               "The user name in the CONNECT of an mqtt check.");
    fields.add("password", connect_text(false), &ActiveCheck::password, "",
               "The password in the CONNECT of an mqtt check.");
}

}  // namespace

const Fields<ActiveCheck>& active_check_fields() {
    static const Fields<ActiveCheck> kFields = [] {
        Fields<ActiveCheck> fields;
        add_probe(fields);
        const auto same = [](ActiveCheck& check) -> ActiveCheck& { return check; };
        fields.object("healthy", healthy_fields(), same, "What brings a broker up.");
        fields.object("unhealthy", unhealthy_fields(), same, "What takes a broker down.");
        fields.add(
            "http_method", shape::choice<bool>({{"GET", true}}), [](ActiveCheck&, bool) {}, "GET",
            "The method of an http check.");
        fields.ignored("concurrency", "every broker is checked at its own time");
        fields.ignored("http_req_body", "a GET has no body");
        fields.ignored("https_verify_certificate", "there is no https check");
        fields.refused("req_headers", "an http check sends Host alone; leave it away");
        return fields;
    }();
    return kFields;
}

const Fields<PassiveCheck>& passive_check_fields() {
    static const Fields<PassiveCheck> kUnhealthy = [] {
        Fields<PassiveCheck> fields;
        fields.add("tcp_failures", shape::integer<uint32_t>(0, kCountMax),
                   &PassiveCheck::unhealthy_tcp_failures, "2",
                   "Dials refused in a row, after which a broker is down; 0: none is.");
        fields.add("timeouts", shape::integer<uint32_t>(0, kCountMax),
                   &PassiveCheck::unhealthy_timeouts, "7",
                   "Dials without answer in a row, after which a broker is down; 0: none is.");
        fields.ignored("http_failures", "clients' traffic is not HTTP");
        fields.ignored("http_statuses", "clients' traffic is not HTTP");
        return fields;
    }();
    static const Fields<PassiveCheck> kFields = [] {
        Fields<PassiveCheck> fields;
        fields.object(
            "unhealthy", kUnhealthy, [](PassiveCheck & check) -> auto& { return check; },
            "What takes a broker down.");
        fields.ignored("healthy",
                       "a broker is up again by the active check, or after --fail-timeout-ms");
        fields.ignored("type", "it is the clients' own dials that tell");
        return fields;
    }();
    return kFields;
}

}  // namespace jumpgate
