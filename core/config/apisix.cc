// The `apisix:` and `stream_plugins:` of APISIX's config.yaml: a part of file_settings.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/near_miss.h"
#include "core/config/file_settings.h"

namespace jumpgate {

namespace {

struct Ignored {
    std::string_view key;
    std::string_view why;  // empty: nothing worth saying
};

constexpr std::string_view kHttp = "is about HTTP, which jumpgate does not configure; ignored";
constexpr std::string_view kNginx = "is about nginx; ignored";
constexpr std::string_view kTls =
    "is ignored: write tls_min_version, tls_ciphers, tls_curves and the like under jumpgate, or "
    "ssl_protocols in ssls";

// Keys of `apisix:` that are not read.
constexpr std::array<Ignored, 30> kIgnored = {{
    {"enable_reuseport", ""},
    {"enable_ipv6", ""},
    {"node_listen", kHttp},
    {"proxy_mode", "has no meaning here: jumpgate always serves streams; ignored"},
    {"enable_http2", kHttp},
    {"router", kHttp},
    {"proxy_cache", kHttp},
    {"delete_uri_tail_slash", kHttp},
    {"normalize_uri_like_servlet", kHttp},
    {"show_upstream_status_in_response_header", kHttp},
    {"enable_server_tokens", kHttp},
    {"trusted_addresses", kHttp},
    {"ssl", kTls},
    {"enable_dev_mode", "is ignored: write threads under jumpgate"},
    {"dns_resolver_valid", "is ignored: names are kept as long as their TTL says"},
    {"resolver_timeout", "is ignored"},
    {"enable_resolv_search_opt", "is ignored"},
    {"enable_control", "is ignored: the Admin API answers /healthz and /v1"},
    {"control", "is ignored: the Admin API answers /healthz and /v1"},
    {"status", "is ignored: the Admin API answers /healthz and /ready"},
    {"extra_lua_path", kNginx},
    {"extra_lua_cpath", kNginx},
    {"lua_module_hook", kNginx},
    {"lru", kNginx},
    {"events", kNginx},
    {"tracing", "is ignored"},
    {"worker_startup_time_threshold", kNginx},
    {"disable_sync_configuration_during_start", "is ignored"},
    {"data_encryption", "is ignored: keys of ssls are never shown"},
    {"disable_upstream_healthcheck", "is ignored: leave checks of an upstream away"},
}};
constexpr std::array<std::string_view, 4> kRead = {"stream_proxy", "enable_admin", "proxy_protocol",
                                                   "dns_resolver"};

Value at(const Member& member) {
    Value value;
    value.mark = member.mark;
    return value;
}

void check_keys(const FileReading& reading, const Value& apisix) {
    std::vector<std::string_view> known(kRead.begin(), kRead.end());
    for (const Ignored& ignored : kIgnored) known.push_back(ignored.key);
    for (const Member& member : apisix.members) {
        const std::string path = "apisix." + member.key;
        const auto ignored = std::ranges::find(kIgnored, member.key, &Ignored::key);
        if (ignored != kIgnored.end()) {
            if (!ignored->why.empty()) reading.warn(at(member), path, std::string(ignored->why));
        } else if (std::ranges::find(kRead, member.key) == kRead.end()) {
            const std::optional<std::string_view> near = near_miss(member.key, known);
            reading.complain(
                at(member), path,
                near ? fmt::format("is unknown; did you mean {}?", *near) : "is unknown");
        }
    }
}

ListenerEntry proxy_protocol_of_all(const FileReading& reading, const Value& apisix) {
    const Value* settings = apisix.find("proxy_protocol");
    ListenerEntry entry;
    if (settings == nullptr || !reading.is(Value::Kind::Map, *settings, "apisix.proxy_protocol"))
        return entry;
    const std::string path = "apisix.proxy_protocol.";
    entry.proxy_protocol =
        reading.truth(settings->find("enable_tcp_pp"), path + "enable_tcp_pp", false);
    entry.proxy_protocol_to_upstream = reading.truth(settings->find("enable_tcp_pp_to_upstream"),
                                                     path + "enable_tcp_pp_to_upstream", false);
    return entry;
}

// APISIX turns the PROXY protocol on by listener, jumpgate by peer: the same where all agree.
void agree_on_proxy_protocol(const FileReading& reading, const Value& tcp,
                             const std::vector<ListenerEntry>& entries) {
    constexpr const char* kPath = "apisix.stream_proxy.tcp";
    const auto count = [&](bool ListenerEntry::*field) {
        return static_cast<size_t>(std::ranges::count(entries, true, field));
    };
    const struct {
        size_t times;
        const char* row;
        std::vector<std::string> values;
        const char* words;
    } asked[] = {{count(&ListenerEntry::proxy_protocol),
                  "proxy-protocol-from",
                  {"0.0.0.0/0", "::/0"},
                  "proxy_protocol is on for some listeners; write proxy_protocol_from under "
                  "jumpgate, which names the peers that send it"},
                 {count(&ListenerEntry::proxy_protocol_to_upstream),
                  "send-proxy",
                  {"v1"},
                  "proxy_protocol_to_upstream is on for some listeners; write send_proxy under "
                  "jumpgate, which is for all"}};
    for (const auto& [times, row, values, words] : asked) {
        if (times == 0 || reading.table.row(row)->given()) continue;
        if (times != entries.size()) {
            reading.complain(tcp, kPath, words);
            continue;
        }
        reading.give(row, values, tcp, kPath);
        if (values.size() > 1)
            reading.warn(tcp, kPath,
                         "with proxy_protocol each peer may say who it is; name your load "
                         "balancers in proxy_protocol_from under jumpgate");
    }
}

void read_stream_proxy(const FileReading& reading, const Value& proxy,
                       const ListenerEntry& defaults) {
    const std::string path = "apisix.stream_proxy";
    if (!reading.is(Value::Kind::Map, proxy, path)) return;
    for (const Member& member : proxy.members) {
        if (member.key == "tcp") continue;
        if (member.key == "only")
            reading.warn(at(member), path + ".only",
                         "is obsolete and has no meaning here: jumpgate always serves streams");
        else if (member.key == "udp")
            reading.warn(at(member), path + ".udp", "is not served: MQTT runs over TCP; ignored");
        else
            reading.complain(at(member), path + "." + member.key, "is unknown", "tcp, udp, only");
    }
    const Value* tcp = proxy.find("tcp");
    if (tcp == nullptr || !reading.is(Value::Kind::List, *tcp, path + ".tcp")) return;
    std::vector<ListenerEntry> entries;
    for (size_t i = 0; i < tcp->items.size(); ++i)
        entries.push_back(
            read_listener(reading, tcp->items[i], fmt::format("{}.tcp[{}]", path, i), defaults));
    agree_on_proxy_protocol(reading, *tcp, entries);
}

void read_dns_resolver(const FileReading& reading, const Value& list) {
    const std::string path = "apisix.dns_resolver";
    if (!reading.is(Value::Kind::List, list, path) || reading.table.row("dns-servers")->given())
        return;
    for (size_t i = 0; i < list.items.size(); ++i)
        reading.give("dns-servers", {scalar_text(list.items[i])}, list.items[i],
                     fmt::format("{}[{}]", path, i));
}

void read_stream_plugins(const FileReading& reading, const Value& list) {
    if (!reading.is(Value::Kind::List, list, "stream_plugins")) return;
    for (size_t i = 0; i < list.items.size(); ++i) {
        const Value& item = list.items[i];
        const std::string path = fmt::format("stream_plugins[{}]", i);
        if (reading.is(Value::Kind::Text, item, path) && item.text != "mqtt-proxy")
            reading.warn(item, path,
                         fmt::format("{} does not exist here; there is mqtt-proxy, always on",
                                     shown(item.text)));
    }
}

}  // namespace

void read_apisix(const FileReading& reading, const Value& document) {
    if (const Value* plugins = document.find("stream_plugins"))
        read_stream_plugins(reading, *plugins);
    if (const Value* nginx = document.find("nginx_config"))
        reading.warn(*nginx, "nginx_config",
                     "is about nginx; ignored: write threads and the like under jumpgate");
    const Value* apisix = document.find("apisix");
    if (apisix == nullptr || !reading.is(Value::Kind::Map, *apisix, "apisix")) return;
    check_keys(reading, *apisix);
    const ListenerEntry defaults = proxy_protocol_of_all(reading, *apisix);
    if (const Value* proxy = apisix->find("stream_proxy"))
        read_stream_proxy(reading, *proxy, defaults);
    if (const Value* resolver = apisix->find("dns_resolver")) read_dns_resolver(reading, *resolver);
}

}  // namespace jumpgate
