#include "tls/identity.h"

#include <arpa/inet.h>
#include <wolfssl/options.h>  // before all others of wolfSSL
//
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "tls/reader.h"

namespace jumpgate::tls {
namespace {

constexpr uint8_t kPackedVersion = 1;
constexpr size_t kPackedNameBytesMax = 0xffff;

// ---- Text

bool is_between(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

// Bytes of the well-formed UTF-8 sequence that `at` begins with (Unicode 15 table 3-7), or 0.
size_t sequence_size(ByteView at) {
    const uint8_t lead = at[0];
    if (lead < 0x80) return 1;
    if (!is_between(lead, 0xC2, 0xF4)) return 0;
    const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (at.size() < size) return 0;
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    const auto follows = [](uint8_t byte) { return is_between(byte, 0x80, 0xBF); };
    return is_between(at[1], low, high) && std::ranges::all_of(at.subspan(2, size - 2), follows)
               ? size
               : 0;
}

// A name as people know it: not empty, UTF-8, no control byte. "a.example\0.evil" is the classic
// among those that read differently to different programs.
bool is_name(std::string_view text) {
    ByteView left(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    if (left.empty()) return false;
    while (!left.empty()) {
        const bool control = left[0] < 0x20 || left[0] == 0x7F;
        const size_t size = control ? 0 : sequence_size(left);
        if (size == 0) return false;
        left = left.subspan(size);
    }
    return true;
}

// ---- Time

// `digits` in pairs; -1 where they are none.
int pair_at(std::string_view digits, size_t at) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!digit(digits[at]) || !digit(digits[at + 1])) return -1;
    return (digits[at] - '0') * 10 + (digits[at + 1] - '0');
}

// Unix seconds of a UTCTime or GeneralizedTime, each with seconds and Z (RFC 5280 4.1.2.5), as in
// DER, tag first. Times before 1970 are 0: long over.
std::optional<uint64_t> read_time(ByteView der) {
    Reader reader(der);
    const uint8_t tag = reader.u8();
    std::string_view text = as_text(reader.vector8());
    const bool utc = tag == ASN_UTC_TIME;
    if (!utc && tag != ASN_GENERALIZED_TIME) return std::nullopt;
    if (!reader.finished() || text.size() != (utc ? 13 : 15) || text.back() != 'Z')
        return std::nullopt;
    int century = 0;
    if (!utc) {
        century = pair_at(text, 0);
        text.remove_prefix(2);
    }
    int part[6];  // year, month, day, hour, minute, second
    for (size_t i = 0; i < 6; ++i) part[i] = pair_at(text, 2 * i);
    if (century < 0 || std::ranges::any_of(part, [](int value) { return value < 0; }))
        return std::nullopt;
    if (utc) century = part[0] >= 50 ? 19 : 20;
    if (part[3] > 23 || part[4] > 59 || part[5] > 59) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(century * 100 + part[0]),
                                           std::chrono::month(static_cast<unsigned>(part[1])),
                                           std::chrono::day(static_cast<unsigned>(part[2])));
    if (!date.ok()) return std::nullopt;
    const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const int seconds_of_day = (part[3] * 60 + part[4]) * 60 + part[5];
    const int64_t seconds = days * 86'400 + seconds_of_day;
    return static_cast<uint64_t>(std::max<int64_t>(seconds, 0));
}

// ---- Certificates

// The contents of the DER value that `in` is at, of tag `tag`; what it says in vain fails `in`.
ByteView contents(Reader& in, uint8_t tag) {
    const bool tagged = in.u8() == tag;
    size_t length = in.u8();
    if (length > 0x80) {  // so many bytes of length follow
        size_t left = length - 0x80;
        for (length = left > 3 ? SIZE_MAX : 0; left > 0 && left <= 3; --left)
            length = length << 8 | in.u8();
    }
    return in.take(tagged ? length : SIZE_MAX);
}

// True where one SEQUENCE is all of `der` (X.690 8.1.3). wolfSSL passes over what lies behind it,
// and the fingerprint would be the client's to choose.
bool is_one_sequence(ByteView der) {
    Reader reader(der);
    contents(reader, ASN_SEQUENCE | ASN_CONSTRUCTED);
    return reader.finished();
}

// How many common names a subject has: RDNSequence, of sets of type and value (RFC 5280 4.1.2.4).
// `subject`: its contents; 0 where they are not in that form.
size_t count_common_names(ByteView subject) {
    constexpr std::array<uint8_t, 3> kCommonName{0x55, 0x04, 0x03};  // 2.5.4.3
    size_t count = 0;
    Reader sets(subject);
    while (sets.ok() && !sets.empty()) {
        Reader pairs(contents(sets, ASN_SET | ASN_CONSTRUCTED));
        while (pairs.ok() && !pairs.empty()) {
            Reader pair(contents(pairs, ASN_SEQUENCE | ASN_CONSTRUCTED));
            if (std::ranges::equal(contents(pair, ASN_OBJECT_ID), kCommonName)) ++count;
            if (!pair.ok()) return 0;
        }
        if (!pairs.ok()) return 0;
    }
    return sets.ok() ? count : 0;
}

// wolfSSL's own reading, so that what is read here is what it verified.
struct Certificate {
    DecodedCert decoded;
    bool ok;
    explicit Certificate(ByteView der) {
        wc_InitDecodedCert(&decoded, der.data(), static_cast<word32>(der.size()), nullptr);
        ok = wc_ParseCert(&decoded, CERT_TYPE, NO_VERIFY, nullptr) == 0;
    }
    ~Certificate() { wc_FreeDecodedCert(&decoded); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;
};

std::string_view view(const char* text, int length) {
    return {text, static_cast<size_t>(std::max(length, 0))};
}

std::optional<std::string> ip_text(std::string_view bytes) {
    char text[INET6_ADDRSTRLEN];
    if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
    inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
    return text;
}

// False where a name is none; kinds that we do not use are passed over.
bool add_names(const DNS_entry* entry, std::vector<std::string>& names) {
    const auto first = static_cast<ptrdiff_t>(names.size());
    for (; entry != nullptr; entry = entry->next) {
        const std::string_view name = view(entry->name, entry->len);
        if (entry->type == ASN_IP_TYPE) {
            std::optional<std::string> text = ip_text(name);
            if (!text) return false;
            names.push_back(std::move(*text));
        } else if (entry->type == ASN_DNS_TYPE || entry->type == ASN_RFC822_TYPE ||
                   entry->type == ASN_URI_TYPE) {
            if (!is_name(name)) return false;
            names.emplace_back(name);
        }
    }
    std::reverse(names.begin() + first, names.end());  // wolfSSL's lists begin with the last
    return true;
}

// ---- Packing

void put(std::vector<uint8_t>& out, uint64_t value, size_t bytes) {
    while (bytes-- > 0) out.push_back(static_cast<uint8_t>(value >> (8 * bytes)));
}

void put_name(std::vector<uint8_t>& out, std::string_view name) {
    put(out, name.size(), 2);
    out.insert(out.end(), name.begin(), name.end());
}

}  // namespace

std::optional<Identity> identify(ByteView certificate_der) {
    if (!is_one_sequence(certificate_der)) return std::nullopt;
    const Certificate certificate(certificate_der);
    const DecodedCert& decoded = certificate.decoded;
    if (!certificate.ok) return std::nullopt;

    Identity identity;
    // Of several, wolfSSL takes the last and others the first: a name that reads differently to
    // different programs is none.
    const ByteView subject(decoded.subjectRaw,
                           static_cast<size_t>(std::max(decoded.subjectRawLen, 0)));
    const bool named = decoded.subjectCN != nullptr && decoded.subjectCNLen > 0;
    if (named && count_common_names(subject) == 1) {
        identity.common_name = view(decoded.subjectCN, decoded.subjectCNLen);
        if (!is_name(identity.common_name)) return std::nullopt;
    }
    if (!add_names(decoded.altNames, identity.names) ||
        !add_names(decoded.altEmailNames, identity.names))
        return std::nullopt;
    const std::optional<uint64_t> not_after_s =
        read_time({decoded.afterDate, static_cast<size_t>(std::max(decoded.afterDateLen, 0))});
    if (!not_after_s) return std::nullopt;
    identity.not_after_s = *not_after_s;
    if (wc_Sha256Hash(certificate_der.data(), static_cast<word32>(certificate_der.size()),
                      identity.fingerprint.data()) != 0)
        return std::nullopt;
    return identity;
}

// u8 version, fingerprint, u64 notAfter, then each name behind its u16 length: the common name
// first. An empty common name has length 0; no other name may be empty.
std::vector<uint8_t> pack(const Identity& identity, size_t bytes_max) {
    size_t size = 1 + identity.fingerprint.size() + 8 + 2 + identity.common_name.size();
    size_t longest = identity.common_name.size();
    for (const std::string& name : identity.names) {
        size += 2 + name.size();
        longest = std::max(longest, name.size());
    }
    std::vector<uint8_t> out;
    if (size > bytes_max || longest > kPackedNameBytesMax) return out;
    out.reserve(size);
    out.push_back(kPackedVersion);
    out.insert(out.end(), identity.fingerprint.begin(), identity.fingerprint.end());
    put(out, identity.not_after_s, 8);
    put_name(out, identity.common_name);
    for (const std::string& name : identity.names) put_name(out, name);
    return out;
}

std::optional<Identity> unpack(ByteView packed) {
    Identity identity;
    Reader reader(packed);
    if (reader.u8() != kPackedVersion) return std::nullopt;
    std::ranges::copy(reader.take(identity.fingerprint.size()), identity.fingerprint.begin());
    identity.not_after_s = reader.u64();
    identity.common_name = as_text(reader.vector16());
    if (!identity.common_name.empty() && !is_name(identity.common_name)) return std::nullopt;
    while (reader.ok() && !reader.empty()) {
        identity.names.emplace_back(as_text(reader.vector16()));
        if (!is_name(identity.names.back())) return std::nullopt;
    }
    if (!reader.finished()) return std::nullopt;
    return identity;
}

}  // namespace jumpgate::tls
