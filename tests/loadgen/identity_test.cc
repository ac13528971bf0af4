#include "loadgen/identity.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

Options options_of(Mode mode, std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(mode, arguments, 20'000));
}

TEST(Identity, APairSharesTenantAndTopic) {
    const Options options = options_of(Mode::P2p, {"-c", "40", "--tenants", "7"});
    Identity subscriber;
    Identity publisher;
    identify(options, 24, subscriber);
    identify(options, 25, publisher);
    EXPECT_EQ(role_of(options, 24), Role::Subscriber);
    EXPECT_EQ(role_of(options, 25), Role::Publisher);
    EXPECT_EQ(pair_of(options, 24), pair_of(options, 25));
    EXPECT_EQ(subscriber.client_id, "tenant5/sub12");
    EXPECT_EQ(publisher.client_id, "tenant5/pub12");
    EXPECT_EQ(subscriber.topic, "tenant5/p2p/12");
    EXPECT_EQ(publisher.topic, subscriber.topic);
}

TEST(Identity, BothEndsUseThePublishersIdInTheTopic) {
    const Options options = options_of(Mode::P2p, {"-c", "4", "-t", "a/%c/%u", "-u", "%r-user%i"});
    Identity subscriber;
    Identity publisher;
    identify(options, 2, subscriber);
    identify(options, 3, publisher);
    EXPECT_EQ(subscriber.topic, "a/jumpload-pub1/pub-user1");
    EXPECT_EQ(publisher.topic, subscriber.topic);
    EXPECT_EQ(subscriber.client_id, "jumpload-sub1");
    EXPECT_EQ(subscriber.username, "sub-user1");
}

TEST(Identity, CountsFromTheStartNumber) {
    const Options options =
        options_of(Mode::Pub, {"-n", "100", "-t", "%u/%i", "-u", "joe", "-P", "p%i"});
    Identity identity;
    identify(options, 5, identity);
    EXPECT_EQ(identity.client_id, "jumpload-pub105");
    EXPECT_EQ(identity.topic, "joe/105");
    EXPECT_EQ(identity.password, "p105");
    EXPECT_EQ(pair_of(options, 5), 5U);
}

}  // namespace
}  // namespace jumpgate::load
