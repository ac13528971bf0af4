#include "core/proxy/trusted_peers.h"

#include <gtest/gtest.h>

namespace jumpgate {
namespace {

TrustedPeers peers(const std::vector<std::string>& texts) {
    const Parsed<TrustedPeers> parsed = TrustedPeers::parse(texts);
    const auto* problem = std::get_if<Problem>(&parsed);
    EXPECT_EQ(problem, nullptr) << problem->text;
    return problem == nullptr ? std::get<TrustedPeers>(parsed) : TrustedPeers{};
}
bool contains(const TrustedPeers& trusted, std::string_view host) {
    return trusted.contains(Address::parse(host, 50'000).value());
}

TEST(TrustedPeers, HoldTheAddressesOfTheirNetworks) {
    const TrustedPeers trusted = peers({"10.0.0.0/8", "192.0.2.7", "::1/128", "2001:db8::/32"});
    EXPECT_FALSE(trusted.empty());
    for (const std::string_view host : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "::1",
                                        "2001:db8:ffff::1", "::ffff:10.1.2.3", "::ffff:192.0.2.7"})
        EXPECT_TRUE(contains(trusted, host)) << host;
    for (const std::string_view host : {"9.255.255.255", "11.0.0.0", "192.0.2.8", "127.0.0.1",
                                        "::", "::2", "2001:db9::", "::ffff:11.0.0.0", "::10.1.2.3"})
        EXPECT_FALSE(contains(trusted, host)) << host;
    EXPECT_FALSE(trusted.contains(Address{}));
}

TEST(TrustedPeers, TrustNobodyWhereNobodyIsNamed) {
    EXPECT_TRUE(TrustedPeers{}.empty());
    EXPECT_FALSE(contains(TrustedPeers{}, "127.0.0.1"));
    EXPECT_FALSE(contains(peers({}), "::1"));
    EXPECT_FALSE(peers({"::/0"}).contains(Address{}));
    EXPECT_FALSE(peers({"0.0.0.0/0"}).contains(Address{}));
}

TEST(TrustedPeers, SayWhichTextIsWrongAndWhatIsRight) {
    const std::vector<std::string> texts = {"::1", "10.1.2.3/8"};
    const Parsed<TrustedPeers> parsed = TrustedPeers::parse(texts);
    ASSERT_TRUE(std::holds_alternative<Problem>(parsed));
    EXPECT_EQ(std::get<Problem>(parsed).text,
              "10.1.2.3/8 has bits set behind its prefix: write 10.0.0.0/8");
}

}  // namespace
}  // namespace jumpgate
