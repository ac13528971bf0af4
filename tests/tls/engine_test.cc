#include "tls/engine.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "tests/tls/duo.h"
#include "tls/library.h"

namespace jumpgate::tls {
namespace {

struct Versions {
    Version version;
    std::string_view name;
    std::string_view cipher;
};
constexpr Versions kVersions[] = {
    {Version::Tls12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {Version::Tls13, "TLSv1.3", "TLS_AES_128_GCM_SHA256"},
};

void PrintTo(const Versions& versions, std::ostream* out) { *out << versions.name; }

class EachVersion : public testing::TestWithParam<Versions> {
  protected:
    // The client is held to one version; the server allows both.
    static ClientContextRef client(ClientOptions options = client_options()) {
        options.min_version = options.max_version = GetParam().version;
        return made(options);
    }
};
INSTANTIATE_TEST_SUITE_P(Tls, EachVersion, testing::ValuesIn(kVersions), [](const auto& param) {
    return param.param.version == Version::Tls12 ? "v12" : "v13";
});

TEST_P(EachVersion, ShakesHandsAndTalks) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes()) << duo.client.engine->detail() << " / "
                              << duo.server.engine->detail();
    EXPECT_TRUE(duo.talks());
    EXPECT_EQ(duo.server.engine->version(), GetParam().name);
    EXPECT_EQ(duo.client.engine->version(), GetParam().name);
    EXPECT_EQ(duo.server.engine->cipher(), GetParam().cipher);
    EXPECT_EQ(duo.client.engine->cipher(), GetParam().cipher);
    EXPECT_EQ(duo.server.engine->server_name(), "localhost");
    EXPECT_EQ(duo.server.engine->identity(), nullptr);
    ASSERT_NE(duo.client.engine->identity(), nullptr);
    EXPECT_EQ(duo.client.engine->identity()->common_name, "server");
    EXPECT_FALSE(duo.server.engine->resumed());
}

TEST_P(EachVersion, ShakesHandsInPiecesOfAnySize) {
    const auto server = made(mutual_options());
    const auto context = client(client_options("client"));
    for (const size_t chunk : {1, 2, 3, 5, 7, 64, 1000, 16'384}) {
        Duo duo(server, context);
        duo.chunk_bytes = chunk;
        ASSERT_TRUE(duo.shakes()) << chunk << ": " << duo.server.engine->detail();
        EXPECT_TRUE(duo.talks()) << chunk;
    }
}

TEST_P(EachVersion, LearnsTheClientsIdentity) {
    Duo duo(made(mutual_options()), client(client_options("client")));
    ASSERT_TRUE(duo.shakes()) << duo.client.engine->detail() << " / "
                              << duo.server.engine->detail();
    EXPECT_TRUE(duo.talks());
    ASSERT_NE(duo.server.engine->identity(), nullptr);
    EXPECT_EQ(duo.server.engine->identity()->common_name, "client");
    duo.server.engine->forget_identity();
    EXPECT_EQ(duo.server.engine->identity(), nullptr);
}

TEST_P(EachVersion, ResumesWithTheIdentity) {
    const auto server = made(mutual_options());
    const auto context = client(client_options("client"));
    Duo first(server, context);
    ASSERT_TRUE(first.shakes());
    ASSERT_TRUE(first.talks());
    const SessionRef session = first.client.engine->session();
    ASSERT_NE(session, nullptr);
    Duo second(server, context, "localhost", session);
    ASSERT_TRUE(second.shakes()) << second.server.engine->detail();
    EXPECT_TRUE(second.server.engine->resumed());
    EXPECT_TRUE(second.client.engine->resumed());
    EXPECT_TRUE(second.talks());
    ASSERT_NE(second.server.engine->identity(), nullptr);
    EXPECT_EQ(*second.server.engine->identity(), *first.server.engine->identity());
}

TEST_P(EachVersion, ClosesBothWays) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    EXPECT_FALSE(duo.server.engine->ended_cleanly());
    ASSERT_TRUE(duo.client.writes("last words"));
    duo.client.engine->shut();
    duo.run();
    EXPECT_EQ(duo.server.read, "last words");
    EXPECT_EQ(duo.server.step, Step::Closed);
    EXPECT_TRUE(duo.server.engine->ended_cleanly());
    ASSERT_TRUE(duo.server.writes("answer to a half-closed client"));
    duo.run();
    EXPECT_EQ(duo.client.read, "answer to a half-closed client");
    duo.server.engine->shut();
    duo.run();
    EXPECT_EQ(duo.client.step, Step::Closed);
    EXPECT_TRUE(duo.client.engine->ended_cleanly());
}

TEST_P(EachVersion, CarriesTextOfAnySize) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    std::string all;
    for (const size_t size : {1, 2, 100, 16'383, 16'384, 16'385, 100'000, 1 << 20}) {
        std::string text(size, '\0');
        for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + size);
        all += text;
        ASSERT_TRUE(duo.client.writes(text));
        const size_t records = (size + 16'383) / 16'384;
        EXPECT_LE(duo.client.engine->output_bytes(),
                  size + records * Engine::kRecordOverheadBytesMax);
        duo.run();
        ASSERT_EQ(duo.server.read.size(), all.size());
    }
    EXPECT_EQ(duo.server.read, all);
    EXPECT_TRUE(duo.client.writes(""));
    EXPECT_EQ(duo.client.engine->output_bytes(), 0U);
}

TEST_P(EachVersion, ReadsIntoRoomOfAnySize) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    ASSERT_TRUE(duo.client.writes("0123456789"));
    const Ciphertext record = duo.client.sent();
    duo.server.engine->feed(record);
    std::string text;
    std::array<uint8_t, 3> room{};
    size_t length = 0;
    while (duo.server.engine->read(room, length) == Step::Done)
        text.append(reinterpret_cast<const char*>(room.data()), length);
    EXPECT_EQ(text, "0123456789");
    EXPECT_EQ(duo.server.engine->unread(), 0U);
}

TEST_P(EachVersion, SeesThatTheStreamWasCut) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    ASSERT_TRUE(duo.client.writes("half a record"));
    Ciphertext record = duo.client.sent();
    record.resize(record.size() / 2);
    duo.server.engine->feed(record);
    duo.server.run();
    EXPECT_EQ(duo.server.step, Step::WantInput);
    EXPECT_EQ(duo.server.read, "");
    EXPECT_FALSE(duo.server.engine->ended_cleanly());
}

TEST_P(EachVersion, RefusesWhatWasTamperedWith) {
    const auto server = made(server_options());
    const auto context = client();
    Ciphertext sample;
    for (size_t offset = 0; offset == 0 || offset < sample.size(); ++offset) {
        Duo duo(server, context);
        ASSERT_TRUE(duo.shakes());
        ASSERT_TRUE(duo.client.writes("to be changed"));
        sample = duo.client.sent();
        Ciphertext changed = sample;
        changed[offset] = static_cast<uint8_t>(changed[offset] ^ 1);
        duo.server.engine->feed(changed);
        duo.server.run();
        EXPECT_EQ(duo.server.read, "") << offset;
        if (duo.server.step == Step::WantInput) {  // a longer record is said to come
            EXPECT_LE(offset, 4U);
            continue;
        }
        EXPECT_EQ(text(duo.server.engine->failure()), "bad_record")
            << offset << duo.server.engine->detail();
        const bool version = offset == 1 || offset == 2;  // wolfSSL just stops at these
        EXPECT_TRUE(version || duo.server.engine->output_bytes() > 0) << offset;
    }
}

TEST_P(EachVersion, RefusesRecordsThatComeAgain) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    ASSERT_TRUE(duo.client.writes("once"));
    const Ciphertext record = duo.client.sent();
    duo.server.engine->feed(record);
    duo.server.run();
    duo.server.engine->feed(record);
    duo.server.run();
    EXPECT_EQ(duo.server.read, "once");
    EXPECT_EQ(duo.server.step, Step::Failed);
    EXPECT_EQ(duo.server.engine->failure(), Failure::BadRecord);
}

TEST_P(EachVersion, StaysFailed) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    const Ciphertext garbage(100, 0x55);
    duo.server.engine->feed(garbage);
    duo.server.run();
    ASSERT_EQ(duo.server.step, Step::Failed);
    std::array<uint8_t, 10> room{};
    size_t length = 1;
    EXPECT_EQ(duo.server.engine->read(room, length), Step::Failed);
    EXPECT_EQ(length, 0U);
    EXPECT_EQ(duo.server.engine->write(as_bytes("x")), Step::Failed);
    EXPECT_EQ(duo.server.engine->handshake(), Step::Failed);
    duo.server.engine->shut();
}

TEST_P(EachVersion, WritesNothingAfterShut) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    duo.server.engine->shut();
    const size_t once = duo.server.engine->output_bytes();
    EXPECT_GT(once, 0U);
    duo.server.engine->shut();
    EXPECT_EQ(duo.server.engine->output_bytes(), once);
    EXPECT_EQ(duo.server.engine->write(as_bytes("late")), Step::Failed);
}

TEST_P(EachVersion, GivesOutputAwayAndTakesCapacityBack) {
    Duo duo(made(server_options()), client());
    ASSERT_TRUE(duo.shakes());
    ASSERT_TRUE(duo.server.writes("one"));
    Bytes spare = duo.server.engine->take_output();
    const uint8_t* place = spare.begin();
    EXPECT_EQ(duo.server.engine->output_bytes(), 0U);
    duo.server.engine->reuse(std::move(spare));
    EXPECT_EQ(duo.server.engine->output_bytes(), 0U);
    ASSERT_TRUE(duo.server.writes("two"));
    EXPECT_EQ(duo.server.engine->take_output().begin(), place);
}

TEST_P(EachVersion, KeepsLittleMemoryWhileIdle) {
    constexpr size_t kConnections = 200;
    const auto server = made(mutual_options());
    const auto context = client(client_options("client"));
    std::vector<std::unique_ptr<Engine>> servers(kConnections);
    std::vector<std::unique_ptr<Engine>> clients(kConnections);
    Duo(server, context).run();
    const size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < kConnections; ++i) {
        Duo duo(server, context);
        ASSERT_TRUE(duo.talks() || duo.shakes());
        ASSERT_TRUE(duo.talks());
        duo.server.engine->forget_identity();
        duo.client.engine->forget_identity();
        servers[i] = std::move(duo.server.engine);
        clients[i] = std::move(duo.client.engine);
    }
    const size_t after = mallinfo2().uordblks;  // zero under a sanitizer
    EXPECT_LE((after - before) / kConnections, 2 * 5'000U);
}

// As OpenSSL's clients refuse a certificate in TLS 1.3, which wolfSSL takes for a bad record.
TEST(Engine, HearsARefusalThatIsNotEncrypted) {
    for (const Ciphertext& answer :
         {Ciphertext{21, 3, 3, 0, 2, 2, 48}, Ciphertext{21, 3, 3, 0, 3, 2, 48, 0}}) {
        Duo duo(made(server_options()), made(client_options()));
        duo.client.run();
        const Ciphertext hello = duo.client.sent();
        duo.server.engine->feed(hello);
        duo.server.run();
        ASSERT_EQ(duo.server.step, Step::WantInput);
        duo.server.engine->feed(answer);
        duo.server.run();
        ASSERT_EQ(duo.server.step, Step::Failed);
        const bool is_alert = answer.size() == 7;
        EXPECT_EQ(duo.server.engine->failure(), is_alert ? Failure::PeerAlert : Failure::BadRecord);
        EXPECT_EQ(duo.server.engine->alert(), is_alert ? 48 : 0);
    }
}

// A wolfSSL client without engine, for what an engine never does.
class RawClient {
  public:
    explicit RawClient(const std::string& ca) {
        context_.reset(wolfSSL_CTX_new(wolfTLSv1_3_client_method()));
        wolfSSL_CTX_set_verify(context_.get(), WOLFSSL_VERIFY_NONE, nullptr);
        wolfSSL_CTX_SetIORecv(context_.get(), receive);
        wolfSSL_CTX_SetIOSend(context_.get(), send);
        wolf.reset(wolfSSL_new(context_.get()));
        wolfSSL_SetIOReadCtx(wolf.get(), this);
        wolfSSL_SetIOWriteCtx(wolf.get(), this);
        static_cast<void>(ca);
    }
    Ciphertext in;
    Ciphertext out;

  private:
    static int receive(WOLFSSL*, char* room, int size, void* self) {
        Ciphertext& in = static_cast<RawClient*>(self)->in;
        if (in.empty()) return WOLFSSL_CBIO_ERR_WANT_READ;
        const size_t taken = std::min(in.size(), static_cast<size_t>(size));
        std::copy_n(in.begin(), taken, room);
        in.erase(in.begin(), in.begin() + static_cast<ptrdiff_t>(taken));
        return static_cast<int>(taken);
    }
    static int send(WOLFSSL*, char* bytes, int size, void* self) {
        Ciphertext& out = static_cast<RawClient*>(self)->out;
        out.insert(out.end(), bytes, bytes + size);
        return size;
    }
    WolfContext context_;

  public:
    WolfConnection wolf;  // before its context
};

// An established server engine whose client is wolfSSL itself.
struct RawDuo {
    RawClient client{""};
    End server{Engine::accept(made(server_options()))};

    void exchange() {
        server.engine->feed(client.out);
        server.run();
        client.out.clear();
        const Ciphertext answer = server.sent();
        client.in.insert(client.in.end(), answer.begin(), answer.end());
    }
    bool shakes() {
        for (int i = 0; i < 5 && !server.engine->established(); ++i) {
            wolfSSL_connect(client.wolf.get());
            exchange();
        }
        return server.engine->established();
    }
};

TEST(Engine, AnswersAKeyUpdateAndReadsOn) {
    RawDuo duo;
    ASSERT_TRUE(duo.shakes());
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(wolfSSL_update_keys(duo.client.wolf.get()), WOLFSSL_SUCCESS);
        ASSERT_EQ(wolfSSL_write(duo.client.wolf.get(), "hello", 5), 5);
        duo.exchange();
        ASSERT_NE(duo.server.step, Step::Failed) << duo.server.engine->detail();
        ASSERT_TRUE(duo.server.writes("world"));
        const Ciphertext answer = duo.server.sent();
        duo.client.in.insert(duo.client.in.end(), answer.begin(), answer.end());
        std::array<char, 10> room{};
        ASSERT_EQ(wolfSSL_read(duo.client.wolf.get(), room.data(), 10), 5);
        EXPECT_EQ(std::string_view(room.data(), 5), "world");
    }
    EXPECT_EQ(duo.server.read, "hellohellohello");
}

// A peer that asks for key after key gets no more answers than the limit; the rest waits.
TEST(Engine, BoundsTheAnswersToAFloodOfKeyUpdates) {
    RawDuo duo;
    ASSERT_TRUE(duo.shakes());
    std::string filler(Engine::kOutputBytesMax - 100, 'x');  // answers come on top
    ASSERT_TRUE(duo.server.writes(filler));
    Ciphertext flood;
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(wolfSSL_update_keys(duo.client.wolf.get()), WOLFSSL_SUCCESS);
        flood.insert(flood.end(), duo.client.out.begin(), duo.client.out.end());
        duo.client.out.clear();
        const Ciphertext answer = duo.server.sent();
        duo.client.in.insert(duo.client.in.end(), answer.begin(), answer.end());
        duo.server.engine->feed(flood);
        ASSERT_TRUE(duo.server.writes(filler));
        duo.server.run();
        if (duo.server.step == Step::WantOutput) break;
        flood.clear();
        std::array<char, 20'000> room{};
        const Ciphertext more = duo.server.sent();
        duo.client.in.insert(duo.client.in.end(), more.begin(), more.end());
        while (wolfSSL_read(duo.client.wolf.get(), room.data(), room.size()) > 0) {
        }
    }
    EXPECT_EQ(duo.server.step, Step::WantOutput);
    EXPECT_GT(duo.server.engine->unread(), 0U);
    EXPECT_LE(duo.server.engine->output_bytes(), Engine::kOutputBytesMax + 1'000);
    duo.server.sent();
    duo.server.run();
    EXPECT_EQ(duo.server.engine->unread(), 0U);
    EXPECT_EQ(duo.server.step, Step::WantInput);
}

TEST(Engine, IsMadeByManyThreadsAtOnce) {
    const auto server = made(mutual_options());
    const auto context = made(client_options("client"));
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            SessionRef session;
            for (int i = 0; i < 30; ++i) {
                Duo duo(server, context, "localhost", session);
                if (!duo.shakes() || !duo.talks()) continue;
                if (duo.server.engine->identity() == nullptr) continue;
                session = i % 3 == 0 ? nullptr : duo.client.engine->session();
                ++good;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 120);
}

}  // namespace
}  // namespace jumpgate::tls
