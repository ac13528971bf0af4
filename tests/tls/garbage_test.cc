// Bytes that no honest peer sends: before, in and after the handshake, at every offset. Seeded.
#include <gtest/gtest.h>

#include <random>

#include "tests/tls/duo.h"

namespace jumpgate::tls {
namespace {

Step fed(Engine& engine, std::span<const uint8_t> bytes) {
    engine.feed(bytes);
    return engine.handshake();
}

TEST(Garbage, ThatIsNoTlsIsToldApartAndNotAnswered) {
    const auto server = made(server_options());
    const std::string_view strangers[] = {
        std::string_view("\x10\x20\x00\x04MQTT\x05", 9),  // an MQTT CONNECT
        "GET / HTTP/1.1\r\n\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        std::string_view("\x80\x2e\x01\x00\x02", 5),  // an SSL 2.0 ClientHello
        std::string_view("\0\0\0\0", 4),
    };
    for (const std::string_view text : strangers) {
        const auto engine = Engine::accept(server);
        EXPECT_EQ(fed(*engine, as_bytes(text)), Step::Failed);
        EXPECT_EQ(engine->failure(), Failure::NotTls) << text;
        EXPECT_EQ(engine->output_bytes(), 0U) << text;
    }
}

TEST(Garbage, FromAServerThatSpeaksNoTlsIsToldApart) {
    const auto engine = Engine::connect(made(client_options()), "localhost");
    engine->handshake();
    engine->take_output();
    EXPECT_EQ(fed(*engine, as_bytes(std::string_view("\x20\x02\x00\x00", 4))), Step::Failed);
    EXPECT_EQ(engine->failure(), Failure::NotTls);
}

TEST(Garbage, InAHelloIsAnsweredWithAnAlert) {
    const std::vector<uint8_t> hello{22, 3, 1, 0, 5, 1, 0, 0, 1, 9};
    const auto engine = Engine::accept(made(server_options()));
    EXPECT_EQ(fed(*engine, hello), Step::Failed);
    EXPECT_EQ(engine->failure(), Failure::BadHello);
    EXPECT_EQ(engine->detail(), "the ClientHello is cut short");
    const Bytes alert = engine->take_output();
    EXPECT_EQ(Ciphertext(alert.span().begin(), alert.span().end()),
              (Ciphertext{21, 3, 3, 0, 2, 2, 50}));
}

TEST(Garbage, WithoutEndIsBounded) {
    // A handshake record of the longest kind, in pieces: a hello that claims to be 16 KiB.
    const auto engine = Engine::accept(made(server_options()));
    std::vector<uint8_t> head{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0, 3, 3};
    Step step = fed(*engine, head);
    const std::vector<uint8_t> more(1'000, 0);
    size_t sent = head.size();
    for (int i = 0; i < 100 && step == Step::WantInput; ++i) {
        step = fed(*engine, more);
        sent += more.size();
    }
    EXPECT_EQ(step, Step::Failed);
    EXPECT_LE(sent, 18'000U);
    EXPECT_EQ(engine->failure(), Failure::BadHello) << engine->detail();
}

// The ciphertext of a handshake, flight by flight; even ones are the client's.
std::vector<Ciphertext> flights(const ServerContextRef& server, const ClientContextRef& client) {
    Duo duo(server, client);
    std::vector<Ciphertext> all;
    duo.client.run();
    for (int i = 0; i < 3; ++i) {
        End& from = i % 2 == 0 ? duo.client : duo.server;
        End& to = i % 2 == 0 ? duo.server : duo.client;
        all.push_back(from.sent());
        to.engine->feed(all.back());
        to.run();
    }
    return all;
}

// The offsets of a record's version, which nobody reads and no key protects.
bool is_record_version(const Ciphertext& flight, size_t offset) {
    size_t begin = 0;
    while (begin + 5 <= flight.size()) {
        if (offset == begin + 1 || offset == begin + 2) return true;
        begin += 5 + static_cast<size_t>(flight[begin + 3] << 8 | flight[begin + 4]);
    }
    return false;
}

// A handshake in which byte `offset` of flight `which` is not what was sent.
void shake_with_a_flip(const ServerContextRef& server, const ClientContextRef& client, size_t which,
                       size_t offset, uint8_t mask) {
    Duo duo(server, client);
    duo.client.run();
    bool exempt = true;  // flights differ by some bytes: this one may end before
    for (size_t i = 0; i < 8; ++i) {
        End& from = i % 2 == 0 ? duo.client : duo.server;
        End& to = i % 2 == 0 ? duo.server : duo.client;
        Ciphertext flight = from.sent();
        if (flight.empty()) break;
        if (i == which && offset < flight.size()) {
            exempt = is_record_version(flight, offset);
            flight[offset] = static_cast<uint8_t>(flight[offset] ^ mask);
        }
        to.engine->feed(flight);
        to.run();
        if (to.step == Step::Failed) break;
        ASSERT_EQ(to.engine->unread(), 0U);
    }
    if (exempt) return;
    EXPECT_FALSE(duo.established()) << which << ", " << offset;
    EXPECT_EQ(duo.server.read, "");
    EXPECT_EQ(duo.client.read, "");
}

class GarbageInHandshake : public testing::TestWithParam<Version> {};
INSTANTIATE_TEST_SUITE_P(Tls, GarbageInHandshake, testing::Values(Version::Tls12, Version::Tls13),
                         [](const auto& param) {
                             return param.param == Version::Tls12 ? "v12" : "v13";
                         });

TEST_P(GarbageInHandshake, IsSeenAtEveryOffset) {
    const auto server = made(mutual_options());
    ClientOptions options = client_options("client");
    options.min_version = options.max_version = GetParam();
    const auto client = made(options);
    const auto sample = flights(server, client);
    std::mt19937 random(3);
    for (size_t which = 0; which < sample.size(); ++which) {
        for (size_t offset = 0; offset < sample[which].size(); offset += 1 + random() % 3) {
            const auto mask = static_cast<uint8_t>(1U << random() % 8);
            shake_with_a_flip(server, client, which, offset, mask);
        }
    }
}

TEST_P(GarbageInHandshake, CutShortOnlyWaits) {
    const auto server = made(mutual_options());
    ClientOptions options = client_options("client");
    options.min_version = options.max_version = GetParam();
    const auto client = made(options);
    const Ciphertext hello = flights(server, client)[0];
    for (size_t size = 1; size < hello.size(); ++size) {
        const auto engine = Engine::accept(server);
        EXPECT_EQ(fed(*engine, std::span(hello).first(size)), Step::WantInput) << size;
        EXPECT_EQ(engine->unread(), 0U);
        EXPECT_EQ(engine->output_bytes(), 0U);
        EXPECT_FALSE(engine->ended_cleanly());
    }
}

TEST_P(GarbageInHandshake, InsertedAnywhereIsRefused) {
    const auto server = made(server_options());
    ClientOptions options = client_options();
    options.min_version = options.max_version = GetParam();
    const auto client = made(options);
    std::mt19937 random(5);
    for (int round = 0; round < 200; ++round) {
        Duo duo(server, client);
        duo.client.run();
        const unsigned at = random() % 4;
        for (unsigned i = 0; i < 4; ++i) {
            End& from = i % 2 == 0 ? duo.client : duo.server;
            End& to = i % 2 == 0 ? duo.server : duo.client;
            Ciphertext flight = from.sent();
            if (i == at) {
                Ciphertext junk(1 + random() % 40);
                for (uint8_t& byte : junk) byte = static_cast<uint8_t>(random());
                const auto where = static_cast<ptrdiff_t>(random() % (flight.size() + 1));
                flight.insert(flight.begin() + where, junk.begin(), junk.end());
            }
            to.engine->feed(flight);
            to.run();
            if (to.step == Step::Failed) break;
        }
        EXPECT_EQ(duo.server.read, "");
        EXPECT_EQ(duo.client.read, "");
    }
}

TEST(Garbage, OfAnyKindNeverCrashesAServer) {
    const auto server = made(mutual_options());
    std::mt19937 random(1);
    for (int round = 0; round < 3'000; ++round) {
        const auto engine = Engine::accept(server);
        std::vector<uint8_t> bytes(1 + random() % 300);
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
        if (round % 2 == 0 && bytes.size() > 6) {  // a plausible beginning
            const uint8_t head[] = {22, 3, 1, 0, static_cast<uint8_t>(bytes.size() - 5), 1};
            std::copy(std::begin(head), std::end(head), bytes.begin());
        }
        const Step step = fed(*engine, bytes);
        EXPECT_TRUE(step == Step::Failed || step == Step::WantInput);
        EXPECT_FALSE(engine->established());
    }
}

}  // namespace
}  // namespace jumpgate::tls
