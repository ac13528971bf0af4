#include "loadgen/identity.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

using Filters = std::vector<std::string>;

Options options_of(Mode mode, std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(mode, arguments, 20'000));
}

TEST(Identity, APairSharesTenantAndTopic) {
    const Options options = options_of(Mode::P2p, {"-c", "40", "--tenants", "7"});
    Identity subscriber;
    Identity publisher;
    identify(options, 24, subscriber);
    identify(options, 25, publisher);
    identify_topic(options, 12, 0, publisher);
    EXPECT_EQ(subscriber.client_id, "tenant5/sub12");
    EXPECT_EQ(publisher.client_id, "tenant5/pub12");
    EXPECT_EQ(publisher.topic, "tenant5/p2p/12");
    EXPECT_EQ(filters_of(options, 12), Filters{"tenant5/p2p/12"});
}

TEST(Identity, BothEndsUseThePublishersIdInTheTopic) {
    const Options options = options_of(Mode::P2p, {"-c", "4", "-t", "a/%c/%u", "-u", "%r-user%i"});
    Identity subscriber;
    Identity publisher;
    identify(options, 2, subscriber);
    identify_topic(options, 1, 0, publisher);
    EXPECT_EQ(publisher.topic, "a/jumpload-pub1/pub-user1");
    EXPECT_EQ(filters_of(options, 1), Filters{publisher.topic});
    EXPECT_EQ(subscriber.client_id, "jumpload-sub1");
    EXPECT_EQ(subscriber.username, "sub-user1");
}

TEST(Identity, CountsFromTheStartNumber) {
    const Options options =
        options_of(Mode::Pub, {"-n", "100", "-t", "%u/%i", "-u", "joe", "-P", "p%i"});
    Identity identity;
    identify(options, 5, identity);
    EXPECT_EQ(identity.client_id, "jumpload-pub105");
    EXPECT_EQ(identity.password, "p105");
    identify_topic(options, 5, 0, identity);
    EXPECT_EQ(identity.topic, "joe/105");
}

TEST(Identity, ASubscriberOfAFanOutAsksForEachPublishersTopic) {
    const Options options =
        options_of(Mode::Fanout, {"--publishers", "3", "--subscribers", "9", "-n", "10"});
    EXPECT_EQ(filters_of(options, 4),
              (Filters{"jumpload/fanout/10", "jumpload/fanout/11", "jumpload/fanout/12"}));
}

TEST(Identity, AboveAHundredTopicsAWildcardTakesTheirPlace) {
    const Options options =
        options_of(Mode::Fanout, {"--publishers", "101", "--subscribers", "1", "-t", "a/%i/b/x%c"});
    EXPECT_EQ(filters_of(options, 0), Filters{"a/+/b/+"});
}

TEST(Identity, WhatDiffersFromMessageToMessageIsAWildcard) {
    const Options options = options_of(Mode::P2p, {"-c", "4", "-t", "a/%c/%s"});
    Identity identity;
    identify_topic(options, 1, 7, identity);
    EXPECT_EQ(identity.topic, "a/jumpload-pub1/7");
    EXPECT_EQ(filters_of(options, 1), Filters{"a/jumpload-pub1/+"});
}

TEST(Identity, AFanInHasATopicForEachSubscriber) {
    const Options options = options_of(Mode::Fanin, {"-c", "10", "--subscribers", "3"});
    Identity identity;
    for (uint32_t publisher = 0; publisher < 7; ++publisher) {
        identify_topic(options, publisher, 0, identity);
        EXPECT_EQ(Filters{identity.topic}, filters_of(options, publisher % 3));
    }
    EXPECT_EQ(filters_of(options, 2), Filters{"jumpload/fanin/2"});
}

TEST(Identity, MembersOfAGroupShareOneFilter) {
    const Options one =
        options_of(Mode::Sharedsub, {"-c", "10", "--subscribers", "3", "-t", "test/%i"});
    EXPECT_EQ(filters_of(one, 0), Filters{"$share/benchmark/test/+"});
    EXPECT_EQ(filters_of(one, 2), filters_of(one, 0));
    const Options two = options_of(
        Mode::Sharedsub, {"-c", "10", "--subscribers", "3", "--groups", "2", "--group", "g"});
    EXPECT_EQ(filters_of(two, 1), Filters{"$share/g/jumpload/sharedsub/1/+"});
    Identity identity;
    identify_topic(two, 3, 0, identity);
    EXPECT_EQ(identity.topic, "jumpload/sharedsub/1/3");
}

TEST(Identity, AClientThatDoesBothHearsItselfOrItsNeighbour) {
    const Options own = options_of(Mode::Pubsub, {"-c", "3"});
    Identity identity;
    identify(own, 2, identity);
    EXPECT_EQ(identity.client_id, "jumpload-pubsub2");
    EXPECT_EQ(filters_of(own, 2), Filters{"jumpload/pubsub/2"});
    const Options next = options_of(Mode::Pubsub, {"-c", "3", "--neighbour", "-t", "a/%c"});
    EXPECT_EQ(filters_of(next, 0), Filters{"a/jumpload-pubsub2"});
}

TEST(Identity, AFilterOfTheUsersIsInTheSubscribersWords) {
    const Options options = options_of(Mode::Fanout, {"-c", "5", "--filter", "x/%i/%c/#"});
    EXPECT_EQ(filters_of(options, 3), Filters{"x/3/jumpload-sub3/#"});
}

}  // namespace
}  // namespace jumpgate::load
