#include "tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/tls/hellos.h"

namespace jumpgate::tls {
namespace {

using Octets = std::vector<uint8_t>;
using Opened = TicketKeys::Opened;

constexpr std::string_view kPlain = "The session of a client.";
constexpr std::string_view kContext = "broker.example.org";
// base64 of the bytes 0 to 47, and of 0 to 79
constexpr std::string_view k48 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v";
constexpr std::string_view k80 =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"
    "MDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk8=";

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }

struct Ticket {
    Octets bytes = octets(kPlain);
    Octets context = octets(kContext);
    std::array<uint8_t, TicketKeys::kNameBytes> name{};
    std::array<uint8_t, TicketKeys::kNonceBytes> nonce{};
    std::array<uint8_t, TicketKeys::kTagBytes> tag{};

    bool seal(const TicketKeys& keys) { return keys.seal(bytes, context, name, nonce, tag); }
    Opened open(const TicketKeys& keys) { return keys.open(bytes, context, name, nonce, tag); }
};

TicketKeys keys_of(std::string_view text) {
    std::variant<TicketKeys, std::string> parsed = TicketKeys::parse(text);
    EXPECT_TRUE(std::holds_alternative<TicketKeys>(parsed)) << std::get<std::string>(parsed);
    auto* keys = std::get_if<TicketKeys>(&parsed);
    return keys != nullptr ? *keys : TicketKeys{};
}
std::string problem(std::string_view text) {
    const std::variant<TicketKeys, std::string> parsed = TicketKeys::parse(text);
    const auto* found = std::get_if<std::string>(&parsed);
    return found != nullptr ? *found : "";
}
// A line whose name begins with `letter`.
std::string line(char letter) { return std::string(64, letter) + "\n"; }

// The other half was made with Python: hmac for HKDF-SHA256 (RFC 5869: salt of 32 zeros, info
// "jumpgate session ticket"), cryptography's AESGCM for the rest.
TEST(TicketKeys, OpensWhatAnIndependentProgramSealed) {
    struct Case {
        std::string_view line;
        std::string_view sealed;  // ciphertext and tag
    };
    const Case cases[] = {
        {k48,
         "a9fbe943ddceb78f9fef539a7592476bbf9008a62bcb9561"
         "5e9db00fbedef93042b7f1e25a094ee7"},
        {k80,
         "8d6e85f73cd9ef8d5c0db3dd869391c468f9a9324b54cdc4"
         "2c52d4bb992f03cb1a36d14ce09e4ec0"},
    };
    for (const Case& c : cases) {
        Ticket ticket;
        const Octets sealed = from_hex(c.sealed);
        ticket.bytes.assign(sealed.begin(), sealed.begin() + static_cast<long>(kPlain.size()));
        std::copy_n(sealed.end() - 16, 16, ticket.tag.begin());
        for (uint8_t i = 0; i < 16; ++i) ticket.name[i] = i;
        for (uint8_t i = 0; i < 12; ++i) ticket.nonce[i] = static_cast<uint8_t>(0x40 + i);
        EXPECT_EQ(ticket.open(keys_of(c.line)), Opened::Yes);
        EXPECT_EQ(ticket.bytes, octets(kPlain));
    }
}

TEST(TicketKeys, OpensWhatItSealed) {
    const TicketKeys keys = TicketKeys::random();
    ASSERT_EQ(keys.size(), 1u);
    Ticket ticket;
    ASSERT_TRUE(ticket.seal(keys));
    EXPECT_NE(ticket.bytes, octets(kPlain));
    const TicketKeys copy = keys;  // as every worker's context has one
    EXPECT_EQ(ticket.open(copy), Opened::Yes);
    EXPECT_EQ(ticket.bytes, octets(kPlain));
}

TEST(TicketKeys, SealsUnderTheNameOfTheKeyAndANewNonce) {
    const TicketKeys keys = keys_of(k48);
    std::set<std::array<uint8_t, TicketKeys::kNonceBytes>> nonces;
    for (int i = 0; i < 100; ++i) {
        Ticket ticket;
        ASSERT_TRUE(ticket.seal(keys));
        nonces.insert(ticket.nonce);
        for (uint8_t at = 0; at < 16; ++at) EXPECT_EQ(ticket.name[at], at);
    }
    EXPECT_EQ(nonces.size(), 100u);
}

TEST(TicketKeys, OpensNothingWhereOneBitWasTouched) {
    const TicketKeys keys = keys_of(line('A') + line('B'));
    Ticket good;
    ASSERT_TRUE(good.seal(keys));
    const auto parts = [](Ticket& t) {
        return std::array<std::span<uint8_t>, 5>{t.bytes, t.context, t.name, t.nonce, t.tag};
    };
    for (size_t part = 0; part < 5; ++part) {
        for (size_t at = 0; at < parts(good)[part].size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                Ticket bad = good;
                parts(bad)[part][at] ^= static_cast<uint8_t>(1 << bit);
                ASSERT_EQ(bad.open(keys), Opened::No) << part << " " << at;
            }
        }
    }
    EXPECT_EQ(good.open(keys), Opened::Yes);
}

TEST(TicketKeys, OpensNothingForAnotherLengthOrAnotherKey) {
    const TicketKeys keys = keys_of(line('A') + line('B'));
    Ticket ticket;
    ASSERT_TRUE(ticket.seal(keys));

    Ticket shorter = ticket;
    shorter.bytes.pop_back();
    EXPECT_EQ(shorter.open(keys), Opened::No);
    Ticket elsewhere = ticket;
    elsewhere.context.clear();
    EXPECT_EQ(elsewhere.open(keys), Opened::No);
    Ticket renamed = ticket;  // a name that is known, of another key
    Ticket of_b;
    ASSERT_TRUE(of_b.seal(keys_of(line('B'))));
    renamed.name = of_b.name;
    EXPECT_EQ(renamed.open(keys), Opened::No);
    EXPECT_EQ(Ticket(ticket).open(TicketKeys::random()), Opened::No);
    EXPECT_EQ(Ticket(ticket).open(TicketKeys{}), Opened::No);
    EXPECT_EQ(ticket.open(keys), Opened::Yes);
}

TEST(TicketKeys, LeavesNoPlaintextOfATicketThatDoesNotOpen) {
    const TicketKeys keys = TicketKeys::random();
    Ticket ticket;
    ASSERT_TRUE(ticket.seal(keys));
    ticket.tag[15] ^= 1;
    ASSERT_EQ(ticket.open(keys), Opened::No);
    EXPECT_EQ(ticket.bytes, Octets(kPlain.size()));
}

TEST(TicketKeys, OpensWithEveryKeyAndSealsWithTheFirst) {
    const TicketKeys before = keys_of(line('A') + line('B'));
    const TicketKeys after = keys_of(line('C') + line('A'));  // C came, B went
    Ticket old;
    ASSERT_TRUE(old.seal(before));
    Ticket oldest;
    ASSERT_TRUE(oldest.seal(keys_of(line('B'))));
    EXPECT_EQ(Ticket(oldest).open(before), Opened::WithOldKey);
    EXPECT_EQ(oldest.open(after), Opened::No);
    EXPECT_EQ(old.open(after), Opened::WithOldKey);
    EXPECT_EQ(old.bytes, octets(kPlain));
    Ticket fresh;
    ASSERT_TRUE(fresh.seal(after));
    EXPECT_EQ(Ticket(fresh).open(before), Opened::No);
    EXPECT_EQ(fresh.open(after), Opened::Yes);
}

TEST(TicketKeys, SealsNothingWithoutAKey) {
    Ticket ticket;
    EXPECT_FALSE(ticket.seal(TicketKeys{}));
    EXPECT_EQ(ticket.bytes, octets(kPlain));
    EXPECT_TRUE(TicketKeys{}.empty());
}

TEST(ParseTicketKeys, PassesOverCommentsAndWhiteSpace) {
    const std::string text = "# of this week\r\n\n  " + line('A') + "\t" + std::string(64, 'B') +
                             " # last week\r\n" + std::string(k80);
    EXPECT_EQ(keys_of(text).size(), 3u);
    std::string most;
    for (size_t i = 0; i < TicketKeys::kKeysMax; ++i) most += line(static_cast<char>('0' + i));
    // The characters from ':' to '@' are none of base64's: take letters for them.
    for (char& c : most)
        if (c > '9' && c < 'A') c = static_cast<char>(c + ('a' - ':'));
    EXPECT_EQ(keys_of(most).size(), 32u);
    EXPECT_EQ(problem(most + line('z')),
              "line 33 is one key too many: 32 are the most; drop the oldest, the last");
}

TEST(ParseTicketKeys, SaysInWhichLineWhatIsWrong) {
    const std::string not_base64 =
        " is not base64 of 48 or 80 bytes; `openssl rand -base64 48` makes a key";
    const std::string allowed = " bytes where 48 or 80 are allowed; a key stands in one line";
    const std::string none = "holds no key; one line of `openssl rand -base64 48` makes one";
    const std::string a = line('A');
    struct Case {
        std::string text;
        std::string problem;
    };
    const Case cases[] = {
        {"", none},
        {"\n \n# only a comment", none},
        {a + "secret!", "line 2" + not_base64},
        {a + "\n" + std::string(63, 'B'), "line 3" + not_base64},
        {std::string(62, 'A') + "=A", "line 1" + not_base64},
        {std::string(61, 'A') + "===", "line 1" + not_base64},
        {std::string(32, 'A') + " " + std::string(31, 'A'), "line 1" + not_base64},
        {std::string(63, 'A') + "-", "line 1" + not_base64},
        {std::string(63, 'A') + std::string(1, '\0'), "line 1" + not_base64},
        {"AAAA", "line 1 holds 3" + allowed},
        {std::string(62, 'A') + "==", "line 1 holds 46" + allowed},
        {std::string(63, 'A') + "=", "line 1 holds 47" + allowed},
        {std::string(108, 'A'), "line 1 holds 81" + allowed},
        {std::string(4'000'000, 'A'), "line 1 holds 3000000" + allowed},
        // `openssl rand -base64 80` breaks its line: the second part is no key
        {std::string(k80.substr(0, 64)) + "\n" + std::string(k80.substr(64)),
         "line 2 holds 32" + allowed},
        {a + line('B') + "#\n" + line('B'),
         "line 4 has the name (the first 16 bytes) of the key in line 2"},
    };
    for (const Case& c : cases) EXPECT_EQ(problem(c.text), c.problem) << c.text.substr(0, 200);
}

TEST(ParseTicketKeys, NamesNoPartOfAKey) {
    const std::string secret = "MySecretMySecretMySecret";
    EXPECT_EQ(problem(secret).find("MySecret"), std::string::npos);
    EXPECT_EQ(problem(secret + "!").find("MySecret"), std::string::npos);
}

}  // namespace
}  // namespace jumpgate::tls
