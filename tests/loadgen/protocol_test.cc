// What a subscriber makes of the packets it receives.
#include <gtest/gtest.h>

#include "loadgen/message.h"
#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

using Bytes = std::vector<uint8_t>;

// A PUBLISH as publisher 9 of a `jumpload pub` would have sent it just now.
Bytes publish(uint32_t sequence, uint8_t qos, uint16_t packet_id, bool dup = false) {
    Bytes payload(kMessageHeaderBytes);
    write_header(payload, {9, sequence, monotonic_ns()});
    mqtt::PublishView view;
    view.topic = "t";
    view.payload = payload;
    view.qos = qos;
    view.packet_id = packet_id;
    view.dup = dup;
    Bytes bytes(mqtt::encode_publish({}, view, 4));
    mqtt::encode_publish(bytes, view, 4);
    return bytes;
}

void accept_subscriber(Peer& peer, uint8_t qos) {
    peer.accept_session(false);
    EXPECT_EQ(peer.receive_first_byte(), 0x82);
    peer.send({0x90, 3, 0, 1, qos});
}

Recorder subscribe(const char* qos, Count until, uint64_t n, ScriptedBroker::Script script) {
    ScriptedBroker broker(1, std::move(script));
    CrewRun run(Mode::Sub, broker.port(), {"-c", "1", "-V", "4", "-t", "t", "-q", qos});
    run.start();
    run.wait_for(until, n);
    return run.finish();
}

TEST(Protocol, TakesPacketsCutAnywhere) {
    const Recorder recorder = subscribe("0", Count::Received, 40, [](Peer& peer, int) {
        accept_subscriber(peer, 0);
        Bytes stream;
        for (uint32_t n = 0; n < 40; ++n) {
            const Bytes one = publish(n, 0, 0);
            stream.insert(stream.end(), one.begin(), one.end());
        }
        for (size_t at = 0, step = 1; at < stream.size(); at += step, step = step % 37 + 1) {
            const size_t end = std::min(stream.size(), at + step);
            peer.send(Bytes(stream.begin() + static_cast<ptrdiff_t>(at),
                            stream.begin() + static_cast<ptrdiff_t>(end)));
        }
        peer.receive();
    });
    EXPECT_EQ(recorder[Count::Received], 40U);
    EXPECT_EQ(recorder[Count::Reordered], 0U);
    EXPECT_EQ(recorder[Count::LostOnLiveConnections], 0U);
    EXPECT_EQ(recorder.service.count(), 40U);
}

TEST(Protocol, AcknowledgesQos1AndCountsWhatIsRepeatedMissingOrLate) {
    const Recorder recorder = subscribe("1", Count::Duplicated, 1, [](Peer& peer, int) {
        accept_subscriber(peer, 1);
        uint16_t id = 0;
        for (const uint32_t sequence : {7U, 8U, 11U, 9U, 8U}) {
            peer.send(publish(sequence, 1, ++id));
            EXPECT_EQ(peer.receive(), (Bytes{0x40, 2, 0, static_cast<uint8_t>(id)}));
        }
        peer.receive();
    });
    EXPECT_EQ(recorder[Count::Received], 4U);
    EXPECT_EQ(recorder[Count::Reordered], 1U);
    EXPECT_EQ(recorder[Count::Duplicated], 1U);
    EXPECT_EQ(recorder[Count::LostOnLiveConnections], 1U);  // 10; what is before 7 is not ours
}

TEST(Protocol, AQos2MessageCountsOnceUntilItIsReleased) {
    const Recorder recorder = subscribe("2", Count::Received, 2, [](Peer& peer, int) {
        accept_subscriber(peer, 2);
        peer.send(publish(0, 2, 5));
        EXPECT_EQ(peer.receive(), (Bytes{0x50, 2, 0, 5}));
        peer.send(publish(0, 2, 5, true));
        EXPECT_EQ(peer.receive(), (Bytes{0x50, 2, 0, 5}));
        peer.send({0x62, 2, 0, 5});
        EXPECT_EQ(peer.receive(), (Bytes{0x70, 2, 0, 5}));
        peer.send(publish(1, 2, 5));
        EXPECT_EQ(peer.receive(), (Bytes{0x50, 2, 0, 5}));
        peer.receive();
    });
    EXPECT_EQ(recorder[Count::Received], 2U);
    EXPECT_EQ(recorder[Count::Duplicated], 0U);
}

TEST(Protocol, CountsMessagesThatAreNotOurs) {
    const Recorder recorder = subscribe("0", Count::Received, 1, [](Peer& peer, int) {
        accept_subscriber(peer, 0);
        peer.send({0x30, 5, 0, 1, 't', 'h', 'i'});
        peer.receive();
    });
    EXPECT_EQ(recorder[Count::Received], 1U);
    EXPECT_EQ(recorder.service.count(), 0U);
}

// One client that publishes to itself, against a broker that sends ten messages back as it likes.
Recorder play_ten(const char* qos, const std::vector<uint32_t>& order) {
    ScriptedBroker broker(1, [&](Peer& peer, int) {
        const auto level = static_cast<uint8_t>(qos[0] - '0');
        accept_subscriber(peer, level);
        std::vector<Bytes> messages;
        for (uint16_t n = 0; n < 10; ++n) {
            messages.push_back(peer.receive());
            if (level == 1) peer.send({0x40, 2, 0, static_cast<uint8_t>(n + 1)});
        }
        for (const uint32_t n : order) peer.send(messages[n]);
        while (!peer.receive().empty()) continue;
    });
    CrewRun run(
        Mode::Pubsub, broker.port(),
        {"-c", "1", "-V", "4", "-t", "t%i", "-I", "1", "-q", qos, "-s", "16", "--drain-ms", "300"});
    run.start(10 * kNanosPerMilli);
    return run.join();
}

TEST(Protocol, TheAccountOfAPlanIsExact) {
    // 5, and 9 at the end, are lost; 4 comes twice and 7 three times; 2 comes late, and so does 0.
    const std::vector<uint32_t> order = {1, 3, 2, 4, 4, 6, 7, 7, 8, 7, 0};
    for (const char* qos : {"0", "1"}) {
        const Recorder recorder = play_ten(qos, order);
        EXPECT_EQ(recorder[Count::Sent], 10U);
        EXPECT_EQ(recorder[Count::Received], 8U);
        EXPECT_EQ(recorder[Count::LostOnLiveConnections], 2U);
        EXPECT_EQ(recorder[Count::LostInFlight], 0U);
        EXPECT_EQ(recorder[Count::Duplicated], 3U);
        EXPECT_EQ(recorder[Count::DuplicatedAgainstQos], qos[0] == '0' ? 3U : 0U);
        EXPECT_EQ(recorder[Count::Reordered], 2U);
        EXPECT_EQ(recorder[Count::Unexpected], 0U);
        EXPECT_EQ(recorder.latency.count(), 8U);
    }
}

TEST(Protocol, WhatAllArriveOfIsFoundComplete) {
    const Recorder recorder = play_ten("0", {9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
    EXPECT_EQ(recorder[Count::Received], 10U);
    EXPECT_EQ(recorder[Count::Reordered], 9U);
    EXPECT_EQ(recorder[Count::LostOnLiveConnections] + recorder[Count::LostInFlight], 0U);
}

}  // namespace
}  // namespace jumpgate::load
