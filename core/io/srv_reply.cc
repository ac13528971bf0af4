#include "core/io/srv_reply.h"

#define CARES_NO_DEPRECATED  // 1.34 has newer calls that 1.18 has not
#include <ares.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "core/base/host_port.h"

namespace jumpgate {

static constexpr uint16_t kTypeCname = 5;
static constexpr uint16_t kTypeSrv = 33;
static constexpr size_t kHeaderBytes = 12;
static constexpr size_t kSrvFixedBytes = 6;  // priority, weight, port

// Reads one field after the other; `good` stays false after the first that is not there.
struct ReplyReader {
    uint16_t u16() {
        if (!has(2)) return 0;
        at += 2;
        return static_cast<uint16_t>(reply[at - 2] << 8U | reply[at - 1]);
    }
    uint32_t u32() {
        const uint32_t high = u16();
        return high << 16U | u16();
    }
    void skip(size_t count) {
        if (has(count)) at += count;
    }
    // RFC 1035 4.1.4: a name may end in a pointer to an earlier one; c-ares follows it.
    std::string name() {
        char* expanded = nullptr;
        long length = 0;
        good = good && at < reply.size() &&
               ares_expand_name(reply.data() + at, reply.data(), static_cast<int>(reply.size()),
                                &expanded, &length) == ARES_SUCCESS;
        if (!good) return "";
        at += static_cast<size_t>(length);
        std::string text = expanded;
        ares_free_string(expanded);
        return text;
    }
    bool has(size_t count) {
        good = good && reply.size() - at >= count;
        return good;
    }

    std::span<const uint8_t> reply;
    size_t at = 0;
    bool good = true;
};

// "broker-12.example" -> 12; names without a number, or with an endless one, come last.
static uint64_t ordinal(const std::string& host) {
    constexpr size_t kDigitsMax = 18;
    const std::string label = host.substr(0, host.find('.'));
    const size_t digits = label.size() - (label.find_last_not_of("0123456789") + 1);
    if (digits == 0 || digits > kDigitsMax) return std::numeric_limits<uint64_t>::max();
    uint64_t number = 0;
    for (char digit : label.substr(label.size() - digits)) {
        number = number * 10 + static_cast<uint64_t>(digit - '0');
    }
    return number;
}

static void sort(std::vector<SrvRecord>& records) {
    const auto place = [](const SrvRecord& record) {
        return std::make_tuple(ordinal(record.host), record.host, record.port, record.priority,
                               record.weight);
    };
    std::ranges::sort(records, {}, place);
    const auto repeated = std::ranges::unique(records, [](const auto& one, const auto& other) {
        return one.host == other.host && one.port == other.port;
    });
    records.erase(repeated.begin(), repeated.end());
}

// False: the target is no host name.
static bool take_record(ReplyReader& reader, std::vector<SrvRecord>& records) {
    SrvRecord record;
    record.priority = reader.u16();
    record.weight = reader.u16();
    record.port = reader.u16();
    const std::string target = reader.name();
    if (!reader.good) return false;
    if (target.empty() || target == ".") return true;
    Parsed<std::string> host = parse_name(target);
    if (std::holds_alternative<Problem>(host) || record.port == 0) return false;
    record.host = std::get<std::string>(host);
    records.push_back(std::move(record));
    return true;
}

std::optional<SrvReply> parse_srv_reply(std::span<const uint8_t> reply) {
    ReplyReader reader{.reply = reply};
    reader.skip(4);  // id and flags, which c-ares has checked
    const uint16_t questions = reader.u16();
    const uint16_t answers = reader.u16();
    reader.skip(kHeaderBytes - 8);
    for (uint16_t i = 0; i < questions && reader.good; ++i) {
        reader.name();
        reader.skip(4);
    }
    SrvReply out;
    out.ttl_s = std::numeric_limits<uint32_t>::max();
    for (uint16_t i = 0; i < answers && reader.good; ++i) {
        reader.name();
        const uint16_t type = reader.u16();
        reader.skip(2);  // class
        const uint32_t ttl_s = reader.u32();
        const uint16_t length = reader.u16();
        if (!reader.has(length)) break;
        const size_t end = reader.at + length;
        if (type == kTypeSrv) {
            if (length <= kSrvFixedBytes || !take_record(reader, out.records) || reader.at != end) {
                return std::nullopt;
            }
        }
        if (type == kTypeSrv || type == kTypeCname) out.ttl_s = std::min(out.ttl_s, ttl_s);
        reader.at = end;
    }
    if (!reader.good) return std::nullopt;
    // RFC 2181 8: a TTL with its highest bit set counts as 0; so does one of no record at all.
    if (out.ttl_s > std::numeric_limits<int32_t>::max()) out.ttl_s = 0;
    sort(out.records);
    return out;
}

}  // namespace jumpgate
