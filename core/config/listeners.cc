// Listeners as files write them: a part of file_settings.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/near_miss.h"
#include "core/config/file_settings.h"

namespace jumpgate {

namespace {

constexpr uint64_t kRangeMax = 64;  // ports of "2000-2100": as many as there may be listeners
constexpr std::array<std::string_view, 5> kFields = {"listen", "addr", "tls", "proxy_protocol",
                                                     "proxy_protocol_to_upstream"};

// "2000-2100" as its ports; empty: it is no such thing.
std::vector<std::string> ports_of(const FileReading& reading, const Value& value,
                                  const std::string& path) {
    const size_t dash = value.text.find('-');
    const std::string_view text = value.text;
    if (dash == text.npos) return {};
    Parsed<uint64_t> first = parse_number(text.substr(0, dash), 1, 65'535);
    Parsed<uint64_t> last = parse_number(text.substr(dash + 1), 1, 65'535);
    const uint64_t* begin = std::get_if<uint64_t>(&first);
    const uint64_t* end = std::get_if<uint64_t>(&last);
    if (begin == nullptr || end == nullptr || *end < *begin) return {};
    if (*end - *begin >= kRangeMax) {
        reading.complain(value, path, fmt::format("has {} ports", *end - *begin + 1),
                         fmt::format("up to {}", kRangeMax));
        return {"0"};  // it was a range, and is no other mistake
    }
    std::vector<std::string> ports;
    for (uint64_t port = *begin; port <= *end; ++port) ports.push_back(std::to_string(port));
    return ports;
}

void listen_on(const FileReading& reading, const Value& value, const std::string& path, bool tls) {
    const char* row = tls ? "tls-listen" : "listen";
    if (value.kind != Value::Kind::Text && value.kind != Value::Kind::Integer)
        return reading.complain(value, path, "is no address", "a port, or \"ADDR:PORT\"");
    const std::vector<std::string> ports = ports_of(reading, value, path);
    reading.give(row, ports.empty() ? std::vector{scalar_text(value)} : ports, value, path);
}

void check_fields(const FileReading& reading, const Value& map, const std::string& path) {
    for (const Member& member : map.members) {
        if (std::ranges::find(kFields, member.key) != kFields.end()) continue;
        const std::optional<std::string_view> near = near_miss(member.key, kFields);
        Value at;
        at.mark = member.mark;
        reading.complain(at, path + "." + member.key,
                         near ? fmt::format("is unknown; did you mean {}?", *near) : "is unknown",
                         fmt::format("{}", fmt::join(kFields, ", ")));
    }
}

}  // namespace

ListenerEntry read_listener(const FileReading& reading, const Value& value, const std::string& path,
                            const ListenerEntry& defaults) {
    if (value.kind != Value::Kind::Map) {
        listen_on(reading, value, path, false);
        return defaults;
    }
    check_fields(reading, value, path);
    const Value* listen = value.find("listen");
    const Value* addr = value.find("addr");
    const bool tls = reading.truth(value.find("tls"), path + ".tls", false);
    if (listen != nullptr && addr != nullptr)
        reading.complain(*addr, path + ".addr", "stands beside listen, which means the same");
    else if (listen != nullptr)
        listen_on(reading, *listen, path + ".listen", tls);
    else if (addr != nullptr)
        listen_on(reading, *addr, path + ".addr", tls);
    else
        reading.complain(value, path, "has no address", "listen, a port or \"ADDR:PORT\"");
    ListenerEntry entry;
    entry.proxy_protocol = reading.truth(value.find("proxy_protocol"), path + ".proxy_protocol",
                                         defaults.proxy_protocol);
    entry.proxy_protocol_to_upstream =
        reading.truth(value.find("proxy_protocol_to_upstream"),
                      path + ".proxy_protocol_to_upstream", defaults.proxy_protocol_to_upstream);
    return entry;
}

void read_listeners(const FileReading& reading, const Value& document) {
    const Value* list = document.find("listeners");
    if (list == nullptr || !reading.is(Value::Kind::List, *list, "listeners")) return;
    for (size_t i = 0; i < list->items.size(); ++i) {
        const std::string path = fmt::format("listeners[{}]", i);
        const ListenerEntry entry = read_listener(reading, list->items[i], path, {});
        if (entry.proxy_protocol || entry.proxy_protocol_to_upstream)
            reading.complain(list->items[i], path,
                             "the PROXY protocol is not a listener's but the peer's; write "
                             "proxy_protocol_from and send_proxy under jumpgate");
    }
}

}  // namespace jumpgate
