#include "tls/tickets.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate::tls {
namespace {

using Opened = TicketKeys::Opened;

struct Sealed {
    std::vector<uint8_t> bytes = std::vector<uint8_t>(300, 7);
    std::array<uint8_t, 16> name{};
    std::array<uint8_t, 16> nonce{};
    std::array<uint8_t, 32> tag{};
    TicketSeal seal() { return {name, nonce, tag}; }
};

class Tickets : public testing::Test {
  protected:
    static constexpr size_t kInnerBytes = 100;

    TicketScope scope(std::string_view name = "a.example", uint64_t now_s = 1'000'000,
                      bool needs_identity = false) const {
        return {keys_, policy_, name, needs_identity, now_s};
    }
    Sealed seal(const TicketScope& by, const Identity* identity = nullptr) const {
        Sealed sealed;
        const size_t size = seal_ticket(by, sealed.bytes, kInnerBytes, identity, sealed.seal());
        sealed.bytes.resize(size);
        return sealed;
    }
    static OpenedTicket open(const TicketScope& by, Sealed sealed) {  // a copy: it is changed
        return open_ticket(by, sealed.bytes, sealed.seal());
    }
    static Identity somebody() {
        Identity identity;
        identity.common_name = "device-1";
        identity.names = {"device-1.example"};
        identity.not_after_s = 1'005'000;
        return identity;
    }

    TicketKeys keys_ = TicketKeys::random();
    std::array<uint8_t, 32> policy_{1, 2, 3};
};

TEST_F(Tickets, GiveBackWhatWasSealed) {
    const Identity identity = somebody();
    const Sealed sealed = seal(scope(), &identity);
    const OpenedTicket opened = open(scope(), sealed);
    EXPECT_EQ(opened.result, Opened::Yes);
    EXPECT_EQ(opened.length, kInnerBytes);
    ASSERT_NE(opened.identity, nullptr);
    EXPECT_EQ(*opened.identity, identity);
    const OpenedTicket nobody = open(scope(), seal(scope()));
    EXPECT_EQ(nobody.result, Opened::Yes);
    EXPECT_EQ(nobody.length, kInnerBytes);
    EXPECT_EQ(nobody.identity, nullptr);
}

TEST_F(Tickets, OpenUnderTheirPolicyAndNameOnly) {
    const Sealed sealed = seal(scope());
    EXPECT_EQ(open(scope("b.example"), sealed).result, Opened::No);
    EXPECT_EQ(open(scope(""), sealed).result, Opened::No);
    const std::array<uint8_t, 32> other{1, 2, 4};
    EXPECT_EQ(open({keys_, other, "a.example", false, 1'000'000}, sealed).result, Opened::No);
    EXPECT_EQ(open(scope(), sealed).result, Opened::Yes);
}

TEST_F(Tickets, AreFreshForTwoHours) {
    const Sealed sealed = seal(scope());
    EXPECT_EQ(open(scope("a.example", 1'000'000 + kTicketLifetimeS - 1), sealed).result,
              Opened::Yes);
    EXPECT_EQ(open(scope("a.example", 1'000'000 + kTicketLifetimeS), sealed).result, Opened::No);
    EXPECT_EQ(open(scope("a.example", 1'000'000 - 30), sealed).result, Opened::Yes);  // skew
    EXPECT_EQ(open(scope("a.example", 1'000'000 - 90), sealed).result, Opened::No);
}

TEST_F(Tickets, EndWithTheCertificate) {
    const Identity identity = somebody();
    const Sealed sealed = seal(scope(), &identity);
    EXPECT_EQ(open(scope("a.example", 1'004'999), sealed).result, Opened::Yes);
    EXPECT_EQ(open(scope("a.example", 1'005'000), sealed).result, Opened::No);
}

TEST_F(Tickets, WithoutIdentityDoNotServeWhereOneIsNeeded) {
    EXPECT_EQ(open(scope("a.example", 1'000'000, true), seal(scope())).result, Opened::No);
    const Identity identity = somebody();
    EXPECT_EQ(open(scope("a.example", 1'000'000, true), seal(scope(), &identity)).result,
              Opened::Yes);
}

TEST_F(Tickets, OpenNowhereWhereTheIdentityDoesNotFit) {
    Identity identity = somebody();
    identity.common_name = std::string(400, 'x');
    const Sealed sealed = seal(scope(), &identity);
    ASSERT_FALSE(sealed.bytes.empty());
    EXPECT_EQ(open(scope(), sealed).result, Opened::No);
    EXPECT_EQ(open(scope("a.example", 0), sealed).result, Opened::Yes);  // in 1970
}

TEST_F(Tickets, NeedAKey) {
    const TicketKeys none;
    Sealed sealed;
    EXPECT_EQ(seal_ticket({none, policy_, "a", false, 1}, sealed.bytes, kInnerBytes, nullptr,
                          sealed.seal()),
              0U);
}

}  // namespace
}  // namespace jumpgate::tls
