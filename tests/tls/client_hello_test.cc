#include "tls/client_hello.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/rng.h"
#include "tests/tls/hellos.h"

namespace jumpgate::tls {
namespace {

using Read = std::variant<ClientHello, HelloNeedsMore, HelloInvalid>;
using Octets = std::vector<uint8_t>;

constexpr std::string_view kHellos[] = {kHelloOfTls13, kHelloOfTls12, kHelloWithoutName,
                                        kHelloOfTls11};

bool needs_more(const Read& read) { return std::holds_alternative<HelloNeedsMore>(read); }
std::string_view fault(const Read& read) {
    const auto* invalid = std::get_if<HelloInvalid>(&read);
    return invalid != nullptr ? invalid->text : "";
}
ClientHello hello(const Octets& bytes) {
    const Read read = read_client_hello(bytes);
    EXPECT_TRUE(std::holds_alternative<ClientHello>(read)) << fault(read);
    const auto* found = std::get_if<ClientHello>(&read);
    return found != nullptr ? *found : ClientHello{};
}
// "rsa ecdsa"
std::string keys(KeyTypes types) {
    std::string text = types.rsa ? "rsa " : "";
    if (types.ecdsa) text += "ecdsa ";
    if (types.ed25519) text += "ed25519 ";
    if (!text.empty()) text.pop_back();
    return text;
}
void expect_same(const ClientHello& left, const ClientHello& right) {
    EXPECT_EQ(left.server_name, right.server_name);
    EXPECT_EQ(left.version_max, right.version_max);
    EXPECT_EQ(left.alpn, right.alpn);
    EXPECT_EQ(keys(left.checks), keys(right.checks));
}

// ---- Making hellos

void put(Octets& out, const Octets& more) { out.insert(out.end(), more.begin(), more.end()); }
Octets numbered(size_t length_bytes, const Octets& body) {
    Octets out;
    for (size_t i = length_bytes; i-- > 0;)
        out.push_back(static_cast<uint8_t>(body.size() >> (8 * i)));
    put(out, body);
    return out;
}
Octets octets(std::string_view text) { return {text.begin(), text.end()}; }
Octets record(const Octets& fragment) {
    Octets out = {22, 3, 1};
    put(out, numbered(2, fragment));
    return out;
}
Octets extension(uint16_t type, const Octets& body) {
    Octets out = {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)};
    put(out, numbered(2, body));
    return out;
}
Octets name_extension(std::string_view name) {
    Octets entry = {0};
    put(entry, numbered(2, octets(name)));
    return extension(0, numbered(2, entry));
}

struct Parts {
    uint16_t version = 0x0303;
    Octets session_id{};
    Octets ciphers = {0x13, 0x01};
    Octets compression = {0};
    Octets extensions{};
    Octets behind{};  // the extensions, inside of the message
};
Octets message(const Parts& parts) {
    Octets body = {static_cast<uint8_t>(parts.version >> 8), static_cast<uint8_t>(parts.version)};
    body.resize(2 + 32, 0xab);
    put(body, numbered(1, parts.session_id));
    put(body, numbered(2, parts.ciphers));
    put(body, numbered(1, parts.compression));
    put(body, numbered(2, parts.extensions));
    put(body, parts.behind);
    Octets out = {1};
    put(out, numbered(3, body));
    return out;
}
Octets hello_of(const Parts& parts) { return record(message(parts)); }
Octets with_extensions(const Octets& extensions) { return hello_of({.extensions = extensions}); }

// ---- What is read

TEST(ReadClientHello, ReadsWhatOpensslSends) {
    const ClientHello tls13 = hello(from_hex(kHelloOfTls13));
    EXPECT_EQ(tls13.server_name, "broker.example.org");  // sent as "Broker.Example.org."
    EXPECT_EQ(tls13.version_max, 0x0304);
    EXPECT_EQ(tls13.alpn, (std::vector<std::string>{"mqtt", "http/1.1"}));

    const ClientHello tls12 = hello(from_hex(kHelloOfTls12));
    EXPECT_EQ(tls12.server_name, "a_b.example");
    EXPECT_EQ(tls12.version_max, 0x0303);
    EXPECT_TRUE(tls12.alpn.empty());

    EXPECT_EQ(hello(from_hex(kHelloWithoutName)).server_name, "");
    EXPECT_EQ(hello(from_hex(kHelloOfTls11)).version_max, 0x0302);
}

TEST(ReadClientHello, AsksForMoreAtEveryTruncation) {
    for (const std::string_view hex : kHellos) {
        const Octets whole = from_hex(hex);
        for (size_t size = 0; size < whole.size(); ++size) {
            const std::span<const uint8_t> cut(whole.data(), size);
            EXPECT_TRUE(needs_more(read_client_hello(cut))) << size;
            if (size > 0) {
                EXPECT_TRUE(looks_like_tls(cut)) << size;
            }
        }
    }
}

TEST(ReadClientHello, ReadsTheSameHoweverItIsSplitIntoRecords) {
    for (const std::string_view hex : kHellos) {
        const Octets whole = from_hex(hex);
        const ClientHello expected = hello(whole);
        for (size_t split = 6; split < whole.size(); ++split) {
            Octets two = record({whole.begin() + 5, whole.begin() + static_cast<long>(split)});
            put(two, record({whole.begin() + static_cast<long>(split), whole.end()}));
            expect_same(hello(two), expected);
            two.pop_back();
            EXPECT_TRUE(needs_more(read_client_hello(two))) << split;
        }
        Octets ones;
        for (size_t i = 5; i < whole.size(); ++i) put(ones, record({whole[i]}));
        expect_same(hello(ones), expected);
    }
}

TEST(ReadClientHello, LooksAtNothingBehindTheHello) {
    for (const std::string_view hex : kHellos) {
        Octets bytes = from_hex(hex);
        const ClientHello expected = hello(bytes);
        bytes.insert(bytes.end(), 2 * kHelloBytesMax, 0xff);
        expect_same(hello(bytes), expected);
    }
}

TEST(ReadClientHello, ReadsNamesInLowerCaseAndRefusesWhatIsNone) {
    const std::string most = std::string(63, 'a') + "." + std::string(189, 'b');
    EXPECT_EQ(hello(with_extensions(name_extension(most))).server_name, most);  // 253
    EXPECT_EQ(hello(with_extensions(name_extension(most + "."))).server_name, most);
    EXPECT_EQ(hello(with_extensions(name_extension("A-1_B.Z0"))).server_name, "a-1_b.z0");
    EXPECT_EQ(hello(with_extensions(name_extension("192.0.2.1"))).server_name, "192.0.2.1");

    using std::string_view_literals::operator""sv;
    const std::string_view wrong[] = {
        ""sv,    "."sv,    ".."sv,          ".a"sv,       "a..b"sv, "a.."sv,
        "a b"sv, "a\0b"sv, "a.example\0"sv, "\xc3\xa4"sv, "*.a"sv,  "a/b"sv,
        "a:1"sv, "::1"sv,  "a\n"sv,         "\x7f"sv,     "a@b"sv,  "%41"sv,
    };
    for (const std::string_view name : wrong)
        EXPECT_EQ(fault(read_client_hello(with_extensions(name_extension(name)))),
                  "the ClientHello has a server_name that is no host name")
            << name;
    EXPECT_EQ(fault(read_client_hello(with_extensions(name_extension(most + "b")))),
              "the ClientHello has a server_name that is no host name");
}

TEST(ReadClientHello, PassesOverNamesOfOtherTypes) {
    Octets list = {7, 0, 2, 0xff, 0xff, 0, 0, 1, 'a', 9, 0, 0};
    EXPECT_EQ(hello(with_extensions(extension(0, numbered(2, list)))).server_name, "a");
    list = {7, 0, 2, 0xff, 0xff};
    EXPECT_EQ(hello(with_extensions(extension(0, numbered(2, list)))).server_name, "");
}

TEST(ReadClientHello, TakesTheHighestVersionThatItKnows) {
    struct Case {
        uint16_t legacy;
        Octets versions;  // of supported_versions; empty: not sent
        uint16_t expected;
    };
    const Case cases[] = {
        {0x0303, {3, 4, 3, 3}, 0x0304},
        {0x0303, {3, 2, 3, 4, 3, 3}, 0x0304},
        {0x0303, {0x5a, 0x5a, 3, 4, 0x7f, 0x1c}, 0x0304},  // GREASE and a draft
        {0x0303, {3, 5, 3, 4}, 0x0305},
        {0x0303, {3, 3}, 0x0303},
        {0x0303, {0x0a, 0x0a}, 0},  // nothing known: the legacy version does not count
        {0x0304, {}, 0x0303},       // RFC 8446 4.2.1: without the extension at most TLS 1.2
        {0xffff, {}, 0x0303},
        {0x0302, {}, 0x0302},
        {0x0300, {}, 0x0300},
    };
    for (const Case& c : cases) {
        const Octets sent = c.versions.empty() ? Octets{} : extension(43, numbered(1, c.versions));
        const ClientHello read = hello(hello_of({.version = c.legacy, .extensions = sent}));
        EXPECT_EQ(read.version_max, c.expected) << c.legacy << " " << c.versions.size();
    }
}

TEST(ReadClientHello, TakesAHelloWithoutExtensions) {
    Octets body = {3, 3};
    body.resize(2 + 32, 0xab);
    put(body, {0, 0, 2, 0x13, 0x01, 1, 0});
    Octets bytes = {1};
    put(bytes, numbered(3, body));
    const ClientHello read = hello(record(bytes));
    EXPECT_EQ(read.version_max, 0x0303);
    EXPECT_EQ(read.server_name, "");
}

TEST(ReadClientHello, ReadsAtMost64Protocols) {
    Octets list;
    for (int i = 0; i < 64; ++i) put(list, {1, static_cast<uint8_t>('0' + i)});
    EXPECT_EQ(hello(with_extensions(extension(16, numbered(2, list)))).alpn.size(), 64u);
    put(list, {1, 'z'});
    EXPECT_EQ(fault(read_client_hello(with_extensions(extension(16, numbered(2, list))))),
              "the ClientHello offers more than 64 protocols (ALPN)");
}

TEST(ReadClientHello, TellsWhichCertificatesTheClientCanCheck) {
    EXPECT_EQ(keys(hello(from_hex(kHelloOfTls13)).checks), "rsa ecdsa ed25519");
    EXPECT_EQ(keys(hello(from_hex(kHelloOfTls12)).checks), "rsa ecdsa ed25519");
    EXPECT_EQ(keys(hello(from_hex(kHelloWithoutName)).checks), "ecdsa ed25519");  // by its suite
    EXPECT_EQ(keys(hello(from_hex(kHelloOfTls11)).checks), "");
    const Octets suites_of_both = {0xc0, 0x2b, 0xc0, 0x2f};
    struct Case {
        Octets ciphers;
        Octets algorithms;  // empty: no extension
        std::string keys;
    };
    const Case cases[] = {
        {suites_of_both, {}, "rsa ecdsa"},
        {suites_of_both, {4, 3}, "ecdsa"},
        {suites_of_both, {4, 1, 8, 7}, "rsa ed25519"},
        {suites_of_both, {2, 1, 2, 3}, ""},  // with SHA-1
        {{0xc0, 0x2f}, {4, 3, 8, 4}, "rsa"},
        {{0xcc, 0xa9}, {4, 3, 8, 4}, "ecdsa"},
        {{0xcc, 0xa8}, {6, 3, 6, 1}, "rsa"},
        {{0x00, 0x2f}, {4, 3, 4, 1}, ""},  // RSA key exchange: never agreed on
    };
    for (const Case& c : cases) {
        Octets extensions;
        if (!c.algorithms.empty()) extensions = extension(13, numbered(2, c.algorithms));
        const ClientHello tls12 = hello(hello_of({.ciphers = c.ciphers, .extensions = extensions}));
        EXPECT_EQ(keys(tls12.checks), c.keys);
    }
    // In TLS 1.3 the suites say nothing of keys.
    Octets extensions = extension(13, numbered(2, {4, 3, 8, 4}));
    put(extensions, extension(43, {2, 3, 4}));
    EXPECT_EQ(keys(hello(with_extensions(extensions)).checks), "rsa ecdsa");
}

// ---- What is refused

TEST(ReadClientHello, SaysWhatIsWrongWithTheMessage) {
    Octets session_id(33, 1);
    struct Case {
        Octets bytes;
        std::string_view fault;
    };
    const Case cases[] = {
        {hello_of({.version = 0x0200}), "the ClientHello is of a version before SSL 3.0"},
        {hello_of({.session_id = session_id}),
         "the ClientHello has a session id of more than 32 bytes"},
        {hello_of({.ciphers = {}}), "the ClientHello has a malformed list of cipher suites"},
        {hello_of({.ciphers = {0x13}}), "the ClientHello has a malformed list of cipher suites"},
        {hello_of({.compression = {}}), "the ClientHello has no compression method"},
        {hello_of({.behind = {0}}),
         "the ClientHello has extensions of another length than it says"},
        {record({1, 0, 0, 3, 3, 3, 0}), "the ClientHello is cut short"},
        {record({1, 0, 0, 0}), "the ClientHello is cut short"},
        {with_extensions({0, 0, 0}), "the ClientHello has a malformed extension"},
        {with_extensions({0, 99, 0, 1}), "the ClientHello has a malformed extension"},
        {with_extensions({0, 99, 0, 0, 0, 99, 0, 0}), "the ClientHello has an extension twice"},
        {with_extensions({0, 0, 0, 0}), "the ClientHello has a malformed server_name"},
        {with_extensions(extension(0, {0, 0})), "the ClientHello has a malformed server_name"},
        {with_extensions(extension(0, {0, 3, 0, 0, 9})),
         "the ClientHello has a malformed server_name"},
        {with_extensions(extension(0, {0, 4, 0, 0, 1, 'a', 0})),
         "the ClientHello has a malformed server_name"},
        {with_extensions(extension(0, {0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'})),
         "the ClientHello names two servers"},
        {with_extensions(extension(43, {})), "the ClientHello has malformed supported_versions"},
        {with_extensions(extension(43, {0})), "the ClientHello has malformed supported_versions"},
        {with_extensions(extension(43, {3, 3, 4, 3})),
         "the ClientHello has malformed supported_versions"},
        {with_extensions(extension(43, {2, 3, 4, 0})),
         "the ClientHello has malformed supported_versions"},
        {with_extensions(extension(13, {})), "the ClientHello has malformed signature_algorithms"},
        {with_extensions(extension(13, {0, 0})),
         "the ClientHello has malformed signature_algorithms"},
        {with_extensions(extension(13, {0, 1, 4})),
         "the ClientHello has malformed signature_algorithms"},
        {with_extensions(extension(13, {0, 2, 4, 3, 0})),
         "the ClientHello has malformed signature_algorithms"},
        {with_extensions(extension(16, {})), "the ClientHello has a malformed ALPN list"},
        {with_extensions(extension(16, {0, 0})), "the ClientHello has a malformed ALPN list"},
        {with_extensions(extension(16, {0, 1, 0})), "the ClientHello has a malformed ALPN list"},
        {with_extensions(extension(16, {0, 2, 2, 'a'})),
         "the ClientHello has a malformed ALPN list"},
        {with_extensions(extension(16, {0, 2, 1, 'a', 0})),
         "the ClientHello has a malformed ALPN list"},
    };
    for (const Case& c : cases) EXPECT_EQ(fault(read_client_hello(c.bytes)), c.fault);
}

TEST(ReadClientHello, RefusesWhatIsNoHandshakeAtItsFirstWrongByte) {
    struct Case {
        Octets bytes;
        std::string_view fault;
    };
    const Case cases[] = {
        {{0x10}, "the client begins with no handshake record"},  // CONNECT
        {{'G', 'E', 'T'}, "the client begins with no handshake record"},
        {{0x80, 0x2e, 1, 3, 1}, "the client begins with no handshake record"},  // SSLv2's hello
        {{23, 3, 3, 0, 1}, "the client begins with no handshake record"},
        {{21, 3, 3, 0, 2, 1, 0}, "the client begins with no handshake record"},
        {{22, 2}, "the ClientHello has a record of no TLS version"},
        {{22, 3, 5}, "the ClientHello has a record of no TLS version"},
        {{22, 3, 1, 0, 0}, "the ClientHello has an empty record"},
        {{22, 3, 1, 0x48, 1}, "the ClientHello has a record that is too long"},
        {{22, 3, 1, 0, 9, 2}, "the client begins with no ClientHello"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(fault(read_client_hello(c.bytes)), c.fault);
        EXPECT_FALSE(looks_like_tls(c.bytes)) << c.fault;
        const std::span<const uint8_t> before(c.bytes.data(), c.bytes.size() - 1);
        if (c.bytes[0] == 22 && c.fault != "the client begins with no handshake record") {
            EXPECT_TRUE(needs_more(read_client_hello(before))) << c.fault;
        }
    }
    EXPECT_TRUE(looks_like_tls(Octets{22, 3, 1, 0x48, 0, 1}));
    EXPECT_FALSE(looks_like_tls({}));
}

TEST(ReadClientHello, RefusesOtherRecordsAmongTheHellos) {
    const Octets whole = from_hex(kHelloOfTls13);
    Octets bytes = record({whole.begin() + 5, whole.begin() + 50});
    put(bytes, {20, 3, 3, 0, 1, 1});
    EXPECT_EQ(fault(read_client_hello(bytes)), "the client begins with no handshake record");
}

TEST(ReadClientHello, HoldsToItsLimit) {
    // `around` is all but the body of one unknown extension.
    const size_t around = with_extensions(extension(99, {})).size();
    const Octets most = with_extensions(extension(99, Octets(kHelloBytesMax - around)));
    ASSERT_EQ(most.size(), kHelloBytesMax);
    EXPECT_EQ(hello(most).version_max, 0x0303);
    Octets more = with_extensions(extension(99, Octets(kHelloBytesMax - around + 1)));
    EXPECT_EQ(fault(read_client_hello(more)), "the ClientHello takes more than 16 KiB");
    more.resize(kHelloBytesMax - 1);
    EXPECT_TRUE(needs_more(read_client_hello(more)));

    EXPECT_EQ(fault(read_client_hello(Octets{22, 3, 1, 0, 9, 1, 0, 0x3f, 0xfd})),
              "the ClientHello is longer than 16 KiB");  // known as soon as the length is
    EXPECT_TRUE(needs_more(read_client_hello(Octets{22, 3, 1, 0, 9, 1, 0, 0x3f, 0xfc})));

    Octets ones;  // 6 bytes each
    for (const uint8_t byte : message({.extensions = extension(99, Octets(3'000))}))
        put(ones, record({byte}));
    ASSERT_GT(ones.size(), kHelloBytesMax);
    EXPECT_EQ(fault(read_client_hello(ones)), "the ClientHello takes more than 16 KiB");
}

// ASan and UBSan judge this one; without them it proves that the answer does not depend on luck.
TEST(ReadClientHello, GivesTheSameAnswerForEveryMutationTwice) {
    Rng rng(20'260'214);
    for (int round = 0; round < 30'000; ++round) {
        Octets bytes = from_hex(kHellos[rng.below(std::size(kHellos))]);
        for (uint64_t left = 1 + rng.below(4); left > 0; --left)
            bytes[rng.below(bytes.size())] = static_cast<uint8_t>(rng.next());
        bytes.resize(rng.below(4) == 0 ? rng.below(bytes.size()) : bytes.size());
        const Octets copy = bytes;
        const Read first = read_client_hello(bytes);
        const Read second = read_client_hello(copy);
        ASSERT_EQ(first.index(), second.index());
        if (const auto* read = std::get_if<ClientHello>(&first)) {
            expect_same(*read, std::get<ClientHello>(second));
            EXPECT_TRUE(looks_like_tls(bytes));
            EXPECT_LE(read->server_name.size(), 253u);
            EXPECT_LE(read->version_max, 0x03ff);
        }
        EXPECT_EQ(fault(first), fault(second));
    }
}

}  // namespace
}  // namespace jumpgate::tls
