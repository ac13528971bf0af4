#include "tls/client_hello.h"

#include <algorithm>
#include <bitset>
#include <optional>

#include "tls/reader.h"

namespace jumpgate::tls {
namespace {

constexpr uint8_t kHandshakeRecord = 22;       // RFC 8446 5.1
constexpr uint8_t kClientHelloMessage = 1;     // RFC 8446 4
constexpr uint8_t kMajorVersion = 3;           // SSL 3.0 (0x0300) to TLS 1.3 (0x0304)
constexpr uint8_t kRecordMinorVersionMax = 4;  // in a record's header; 1 and 3 are in use
constexpr size_t kRecordHeaderBytes = 5;       // type, version, length
constexpr size_t kRecordBytesMax =
    16'384 + 2'048;                        // the most that any version allows (RFC 5246 6.2)
constexpr size_t kMessageHeaderBytes = 4;  // type, length of three bytes
constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;

constexpr uint16_t kServerName = 0;            // RFC 6066 3
constexpr uint16_t kSignatureAlgorithms = 13;  // RFC 8446 4.2.3
constexpr uint16_t kAlpn = 16;                 // RFC 7301 3.1
constexpr uint16_t kSupportedVersions = 43;    // RFC 8446 4.2.1

constexpr size_t kNameBytesMax = 253;  // RFC 1035 2.3.4, without length bytes
constexpr size_t kProtocolsMax = 64;   // of ALPN; about 20 are registered

// What is wrong; null where all is well.
using Fault = const char*;

// The handshake message, taken out of its records.
struct Assembled {
    Fault fault = nullptr;
    bool complete = false;
    ByteView message{};             // with its header; in the input, or in `joined`
    std::vector<uint8_t> joined{};  // used where the message is spread over records
};

// The size of the message whose first bytes are `start`; 0: not known yet.
size_t message_size(ByteView start) {
    if (start.size() < kMessageHeaderBytes) return 0;
    Reader reader(start.subspan(1));
    return kMessageHeaderBytes + reader.u24();
}

Fault judge_record_header(ByteView start) {
    if (start[0] != kHandshakeRecord) return "the client begins with no handshake record";
    if (start.size() > 1 && start[1] != kMajorVersion)
        return "the ClientHello has a record of no TLS version";
    if (start.size() > 2 && start[2] > kRecordMinorVersionMax)
        return "the ClientHello has a record of no TLS version";
    if (start.size() < kRecordHeaderBytes) return nullptr;
    const size_t length = static_cast<size_t>(start[3] << 8 | start[4]);
    if (length == 0) return "the ClientHello has an empty record";
    return length > kRecordBytesMax ? "the ClientHello has a record that is too long" : nullptr;
}

Fault judge_message_header(ByteView start) {
    if (!start.empty() && start[0] != kClientHelloMessage)
        return "the client begins with no ClientHello";
    return message_size(start) > kHelloBytesMax ? "the ClientHello is longer than 16 KiB" : nullptr;
}

// Judges what is there of a record as well, so that rubbish is refused as early as it shows.
Assembled assemble(ByteView bytes) {
    Assembled result;
    const bool cut = bytes.size() >= kHelloBytesMax;
    bytes = bytes.first(std::min(bytes.size(), kHelloBytesMax));
    while (!bytes.empty()) {
        result.fault = judge_record_header(bytes);
        if (result.fault != nullptr) return result;
        if (bytes.size() < kRecordHeaderBytes) break;
        const size_t length = static_cast<size_t>(bytes[3] << 8 | bytes[4]);
        bytes = bytes.subspan(kRecordHeaderBytes);
        const ByteView fragment = bytes.first(std::min(length, bytes.size()));
        bytes = bytes.subspan(fragment.size());

        if (result.message.empty()) {
            result.message = fragment;
        } else {
            if (result.joined.empty())
                result.joined.assign(result.message.begin(), result.message.end());
            result.joined.insert(result.joined.end(), fragment.begin(), fragment.end());
            result.message = result.joined;
        }
        result.fault = judge_message_header(result.message);
        if (result.fault != nullptr) return result;
        const size_t size = message_size(result.message);
        if (size != 0 && result.message.size() >= size) {
            result.message = result.message.first(size);
            result.complete = true;
            return result;
        }
    }
    if (cut) result.fault = "the ClientHello takes more than 16 KiB";
    return result;
}

// DNS names in lower case, without the final dot. Stricter than RFC 6066, which allows any ASCII:
// what comes out may be compared, logged and routed by.
std::optional<std::string> host_name(ByteView bytes) {
    std::string name(as_text(bytes));
    if (name.ends_with('.')) name.pop_back();
    if (name.empty() || name.size() > kNameBytesMax) return std::nullopt;
    if (name.front() == '.' || name.back() == '.' || name.find("..") != name.npos)
        return std::nullopt;
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        const bool allowed =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (!allowed) return std::nullopt;
    }
    return name;
}

Fault read_server_name(ByteView extension, ClientHello& hello) {
    Reader reader(extension);
    Reader names(reader.vector16());
    if (!reader.finished() || names.empty()) return "the ClientHello has a malformed server_name";
    bool seen = false;
    while (!names.empty()) {
        const uint8_t type = names.u8();
        const ByteView name = names.vector16();
        if (!names.ok()) return "the ClientHello has a malformed server_name";
        if (type != 0) continue;  // only host_name (0) was ever defined
        if (seen) return "the ClientHello names two servers";  // RFC 6066 3: one of each type
        seen = true;
        std::optional<std::string> text = host_name(name);
        if (!text) return "the ClientHello has a server_name that is no host name";
        hello.server_name = std::move(*text);
    }
    return nullptr;
}

Fault read_versions(ByteView extension, ClientHello& hello) {
    Reader reader(extension);
    Reader versions(reader.vector8());
    if (!reader.finished() || versions.empty())
        return "the ClientHello has malformed supported_versions";
    hello.version_max = 0;  // the extension alone counts; it may hold nothing that we know
    while (!versions.empty()) {
        const uint16_t version = versions.u16();
        if (!versions.ok()) return "the ClientHello has malformed supported_versions";
        // Others are drafts and GREASE (RFC 8701), to be ignored.
        if (version >> 8 == kMajorVersion) hello.version_max = std::max(hello.version_max, version);
    }
    return nullptr;
}

// The algorithms that a TLS 1.2 or 1.3 server may sign with (those with SHA-1 are none).
Fault read_signature_algorithms(ByteView extension, ClientHello& hello) {
    Reader reader(extension);
    Reader algorithms(reader.vector16());
    if (!reader.finished() || algorithms.empty())
        return "the ClientHello has malformed signature_algorithms";
    hello.checks = {};
    while (!algorithms.empty()) {
        const uint16_t algorithm = algorithms.u16();
        if (!algorithms.ok()) return "the ClientHello has malformed signature_algorithms";
        switch (algorithm) {
            case 0x0401:  // rsa_pkcs1_sha256, _sha384, _sha512
            case 0x0501:
            case 0x0601:
            case 0x0804:  // rsa_pss_rsae_sha256, _sha384, _sha512
            case 0x0805:
            case 0x0806:
                hello.checks.rsa = true;
                break;
            case 0x0403:  // ecdsa_secp256r1_sha256, _secp384r1_, _secp521r1_
            case 0x0503:
            case 0x0603:
                hello.checks.ecdsa = true;
                break;
            case 0x0807:
                hello.checks.ed25519 = true;
                break;
            default:
                break;
        }
    }
    return nullptr;
}

// The keys that TLS 1.2's suites are for, of those suites that can be switched on (algorithms.h).
// TLS 1.3's are for any.
KeyTypes keys_of(ByteView cipher_suites) {
    KeyTypes keys;
    for (Reader suites(cipher_suites); !suites.empty();) {
        switch (suites.u16()) {
            case 0xc02b:  // ECDHE-ECDSA (RFC 5289, 7905), for Ed25519 as well (RFC 8422 5.10)
            case 0xc02c:
            case 0xcca9:
                keys.ecdsa = keys.ed25519 = true;
                break;
            case 0xc02f:  // ECDHE-RSA
            case 0xc030:
            case 0xcca8:
                keys.rsa = true;
                break;
            default:
                break;
        }
    }
    return keys;
}

KeyTypes both(KeyTypes a, KeyTypes b) {
    return {a.rsa && b.rsa, a.ecdsa && b.ecdsa, a.ed25519 && b.ed25519};
}

Fault read_alpn(ByteView extension, ClientHello& hello) {
    Reader reader(extension);
    Reader names(reader.vector16());
    if (!reader.finished() || names.empty()) return "the ClientHello has a malformed ALPN list";
    while (!names.empty()) {
        const ByteView name = names.vector8();
        if (name.empty()) return "the ClientHello has a malformed ALPN list";
        if (hello.alpn.size() == kProtocolsMax)
            return "the ClientHello offers more than 64 protocols (ALPN)";
        hello.alpn.emplace_back(as_text(name));
    }
    return nullptr;
}

Fault read_extensions(ByteView bytes, ClientHello& hello) {
    Reader reader(bytes);
    std::bitset<65'536> seen;
    while (!reader.empty()) {
        const uint16_t type = reader.u16();
        const ByteView extension = reader.vector16();
        if (!reader.ok()) return "the ClientHello has a malformed extension";
        if (seen[type]) return "the ClientHello has an extension twice";  // RFC 8446 4.2
        seen[type] = true;
        Fault fault = nullptr;
        if (type == kServerName) fault = read_server_name(extension, hello);
        if (type == kSupportedVersions) fault = read_versions(extension, hello);
        if (type == kSignatureAlgorithms) fault = read_signature_algorithms(extension, hello);
        if (type == kAlpn) fault = read_alpn(extension, hello);
        if (fault != nullptr) return fault;
    }
    return nullptr;
}

// RFC 8446 4.1.2; RFC 5246 7.4.1.2 lets the extensions be missing.
Fault read_message(ByteView body, ClientHello& hello) {
    Reader reader(body);
    const uint16_t legacy_version = reader.u16();
    reader.take(32);  // random
    const ByteView session_id = reader.vector8();
    const ByteView cipher_suites = reader.vector16();
    const ByteView compression_methods = reader.vector8();
    if (!reader.ok()) return "the ClientHello is cut short";
    if (legacy_version >> 8 < kMajorVersion)
        return "the ClientHello is of a version before SSL 3.0";
    if (session_id.size() > 32) return "the ClientHello has a session id of more than 32 bytes";
    if (cipher_suites.empty() || cipher_suites.size() % 2 != 0)
        return "the ClientHello has a malformed list of cipher suites";
    if (compression_methods.empty()) return "the ClientHello has no compression method";
    // Only supported_versions can offer more than TLS 1.2 (RFC 8446 4.2.1).
    hello.version_max = std::min(legacy_version, kTls12);
    hello.checks = {true, true, false};  // by SHA-1, where it does not say (RFC 5246 7.4.1.4.1)
    if (!reader.empty()) {
        const ByteView extensions = reader.vector16();
        if (!reader.finished())
            return "the ClientHello has extensions of another length than it says";
        if (const Fault fault = read_extensions(extensions, hello)) return fault;
    }
    if (hello.version_max < kTls13) hello.checks = both(hello.checks, keys_of(cipher_suites));
    return nullptr;
}

}  // namespace

std::variant<ClientHello, HelloNeedsMore, HelloInvalid> read_client_hello(ByteView bytes) {
    const Assembled assembled = assemble(bytes);
    if (assembled.fault != nullptr) return HelloInvalid{assembled.fault};
    if (!assembled.complete) return HelloNeedsMore{};
    ClientHello hello;
    const Fault fault = read_message(assembled.message.subspan(kMessageHeaderBytes), hello);
    if (fault != nullptr) return HelloInvalid{fault};
    return hello;
}

bool looks_like_tls(ByteView bytes) {
    if (bytes.empty() || judge_record_header(bytes) != nullptr) return false;
    return bytes.size() <= kRecordHeaderBytes || bytes[kRecordHeaderBytes] == kClientHelloMessage;
}

}  // namespace jumpgate::tls
