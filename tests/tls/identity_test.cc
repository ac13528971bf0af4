#include "tls/identity.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/rng.h"
#include "tests/tls/certificates.h"
#include "tests/tls/hellos.h"

namespace jumpgate::tls {
namespace {

using Octets = std::vector<uint8_t>;
using Names = std::vector<std::string>;
using std::string_view_literals::operator""sv;

// The certificate with the first `from` replaced by `to`, of the same length.
Octets with(Octets certificate, std::string_view from, std::string_view to) {
    EXPECT_EQ(from.size(), to.size());
    const auto found = std::search(certificate.begin(), certificate.end(), from.begin(), from.end(),
                                   [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
    if (found == certificate.end()) {
        ADD_FAILURE() << "not in the certificate: " << from;
    } else {
        std::ranges::copy(to, found);
    }
    return certificate;
}

TEST(Identify, ReadsEveryKindOfName) {
    const std::optional<Identity> device = identify(from_hex(kDevice));
    ASSERT_TRUE(device);
    EXPECT_EQ(device->common_name, "device-0017");
    EXPECT_EQ(device->names, (Names{"d17.example", "*.d.example", "urn:dev:mac:0024befffe804ff1",
                                    "192.0.2.17", "2001:db8::17", "d17@example.org"}));
    const std::optional<Identity> nameless = identify(from_hex(kNameless));
    ASSERT_TRUE(nameless);
    EXPECT_EQ(nameless->common_name, "");
    EXPECT_EQ(nameless->names, Names{"only.example"});
}

// wolfSSL takes the last, brokers the first: either would be somebody else's name to the other.
TEST(Identify, TakesNoneOfSeveralCommonNames) {
    const std::optional<Identity> read = identify(from_hex(kForever));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->common_name, "");
    EXPECT_TRUE(read->names.empty());
    // The first made another attribute (2.5.4.5, serialNumber): the last is the only one.
    const auto one = identify(with(from_hex(kForever),
                                   "\x04\x03\x0c\x07"
                                   "Devices",
                                   "\x04\x05\x0c\x07"
                                   "Devices"));
    ASSERT_TRUE(one);
    EXPECT_EQ(one->common_name, "Ger\xc3\xa4t \xe6\xb0\xb4");
}

// As `openssl x509 -fingerprint -sha256` prints them.
TEST(Identify, HashesTheCertificate) {
    const auto fingerprint = [](std::string_view hex) {
        const std::optional<Identity> read = identify(from_hex(hex));
        return read ? Octets(read->fingerprint.begin(), read->fingerprint.end()) : Octets{};
    };
    EXPECT_EQ(fingerprint(kDevice),
              from_hex("65262fe84ff1f928b2963c000d9e24b634990c6ff82c1cf9aaadd617c453c813"));
    EXPECT_EQ(fingerprint(kForever),
              from_hex("9f299c0518415042e7743a8ad5fb01617502c773353bd7246781c2c927697a3e"));
}

// As `date -u +%s` computes them.
TEST(Identify, ReadsBothFormsOfTime) {
    const auto not_after_s = [](const Octets& der) {
        const std::optional<Identity> read = identify(der);
        return read ? read->not_after_s : 1;
    };
    const Octets utc = from_hex(kDevice);
    const Octets general = from_hex(kNameless);
    EXPECT_EQ(not_after_s(utc), 2'524'607'999u);
    EXPECT_EQ(not_after_s(general), 2'524'608'000u);
    EXPECT_EQ(not_after_s(from_hex(kForever)), 253'402'300'799u);
    EXPECT_EQ(not_after_s(with(utc, "491231235959Z", "240229120000Z")), 1'709'208'000u);
    EXPECT_EQ(not_after_s(with(utc, "491231235959Z", "000101000000Z")), 946'684'800u);
    EXPECT_EQ(not_after_s(with(utc, "491231235959Z", "700101000001Z")), 1u);
    EXPECT_EQ(not_after_s(with(utc, "491231235959Z", "500101000000Z")), 0u);  // 1950
    EXPECT_EQ(not_after_s(with(general, "20500101000000Z", "19700101000010Z")), 10u);
    EXPECT_EQ(not_after_s(with(general, "20500101000000Z", "21000301000000Z")), 4'107'542'400u);
}

TEST(Identify, RefusesTimesThatAreNone) {
    const Octets utc = from_hex(kDevice);
    const Octets general = from_hex(kNameless);
    for (const std::string_view time :
         {"491331235959Z"sv, "490031235959Z"sv, "491232235959Z"sv, "491200235959Z"sv,
          "490229235959Z"sv, "491231245959Z"sv, "491231236059Z"sv, "491231235960Z"sv,
          "49123123595aZ"sv, "491231235959z"sv, "4912312359+01"sv, " 91231235959Z"sv})
        EXPECT_FALSE(identify(with(utc, "491231235959Z", time))) << time;
    for (const std::string_view time :
         {"20500229000000Z"sv, "2050010100000.Z"sv, "205001010000+01"sv, "21000229000000Z"sv,
          "x0500101000000Z"sv})
        EXPECT_FALSE(identify(with(general, "20500101000000Z", time))) << time;
}

TEST(Identify, RefusesACertificateWithANameThatIsNone) {
    const Octets device = from_hex(kDevice);
    ASSERT_TRUE(identify(with(device, "device-0017", "d\xc3\xa9vice 017")));
    for (const std::string_view name :
         {"device\0.evl"sv, "\0evice-0017"sv, "device-001\0"sv, "device\n0017"sv, "device\t0017"sv,
          "device\x7f"
          "0017"sv,
          "device\xff"
          "0017"sv,
          "device-001\xc3"sv,
          "device\xc0\x80"
          "017"sv,
          "device\xed\xa0\x80"
          "17"sv,
          "device\xf4\x90\x80\x80"
          "7"sv,
          "device\x80"
          "0017"sv})
        EXPECT_FALSE(identify(with(device, "device-0017", name))) << name;
    EXPECT_FALSE(identify(with(device, "d17.example", "d17\0example"sv)));
    EXPECT_FALSE(identify(with(device, "d17@example.org", "d17@example\0org"sv)));
    EXPECT_FALSE(identify(with(device, "mac:0024", "mac:\r\n24")));
}

TEST(Identify, RefusesAnAddressOfAnotherSize) {
    const Octets device = from_hex(kDevice);
    ASSERT_TRUE(identify(with(device, "\x87\x04\xc0\x00\x02\x11"sv, "\x87\x04\xff\xff\xff\xff"sv)));
    // 4 bytes become 2 and an empty registeredID behind them.
    EXPECT_FALSE(
        identify(with(device, "\x87\x04\xc0\x00\x02\x11"sv, "\x87\x02\xc0\x00\x88\x00"sv)));
}

TEST(Identify, RefusesWhatIsNotOneCertificate) {
    EXPECT_FALSE(identify({}));
    EXPECT_FALSE(identify(from_hex("3000")));
    for (const std::string_view hex : {kDevice, kForever, kNameless}) {
        Octets der = from_hex(hex);
        for (size_t size = 0; size < der.size(); ++size)
            EXPECT_FALSE(identify({der.data(), size})) << size;
        der.push_back(0);
        EXPECT_FALSE(identify(der));
    }
}

TEST(Identify, SurvivesMutations) {
    Rng rng(3);
    int read = 0;
    for (int round = 0; round < 20'000; ++round) {
        Octets der = from_hex(round % 2 == 0 ? kDevice : kNameless);
        for (uint64_t left = 1 + rng.below(3); left > 0; --left)
            der[rng.below(der.size())] = static_cast<uint8_t>(rng.next());
        const std::optional<Identity> found = identify(der);
        if (!found) continue;
        ++read;
        ASSERT_EQ(unpack(pack(*found, 65'536)), found);
    }
    EXPECT_GT(read, 1'000);  // the signature's bytes alone are a fifth of it
}

// ---- Packing

Identity sample() {
    return {"device-0017", {"d17.example", "2001:db8::17"}, {1, 2, 3}, 2'524'607'999};
}

TEST(PackIdentity, ComesBackAsItWas) {
    Identity bare;
    for (const Identity& identity : {sample(), bare, *identify(from_hex(kDevice))}) {
        const Octets packed = pack(identity, 4'096);
        ASSERT_FALSE(packed.empty());
        EXPECT_EQ(unpack(packed), identity);
    }
    EXPECT_EQ(pack(bare, 4'096).size(), 43u);
}

TEST(PackIdentity, GivesNothingOverTheLimit) {
    const size_t size = pack(sample(), 4'096).size();
    EXPECT_EQ(size, 43u + 11 + 2 + 11 + 2 + 12);
    EXPECT_EQ(pack(sample(), size).size(), size);
    EXPECT_TRUE(pack(sample(), size - 1).empty());
    Identity long_name = sample();
    long_name.names[0].assign(65'535, 'a');
    EXPECT_EQ(unpack(pack(long_name, 100'000)), long_name);
    long_name.names[0].push_back('a');
    EXPECT_TRUE(pack(long_name, 100'000).empty());
}

TEST(UnpackIdentity, TakesNothingOdd) {
    const Octets packed = pack(sample(), 4'096);
    const auto refused = [](Octets bytes, size_t at, uint8_t value) {
        bytes.at(at) = value;
        return !unpack(bytes).has_value();
    };
    EXPECT_FALSE(unpack({}));
    EXPECT_TRUE(refused(packed, 0, 0));  // another version
    EXPECT_TRUE(refused(packed, 0, 2));
    EXPECT_TRUE(refused(packed, 42, 12));  // lengths no longer fit
    EXPECT_TRUE(refused(packed, 41, 1));
    EXPECT_TRUE(refused(packed, 43, 0));  // a NUL in a name
    EXPECT_TRUE(refused(packed, 43, '\n'));
    EXPECT_TRUE(refused(packed, 43, 0xff));
    EXPECT_TRUE(refused(packed, packed.size() - 1, 0));
    Octets longer = packed;
    longer.insert(longer.end(), {0, 0});  // an empty name
    EXPECT_FALSE(unpack(longer));
    longer.pop_back();
    EXPECT_FALSE(unpack(longer));
}

TEST(UnpackIdentity, TakesNoTruncation) {
    // Cut between two names it is a shorter identity: the ticket's AEAD keeps the length.
    const Octets packed = pack(sample(), 4'096);
    for (size_t size = 0; size < packed.size(); ++size) {
        const bool between = size == 43 + 11 || size == 43 + 11 + 2 + 11;
        EXPECT_EQ(unpack({packed.data(), size}).has_value(), between) << size;
    }
}

}  // namespace
}  // namespace jumpgate::tls
