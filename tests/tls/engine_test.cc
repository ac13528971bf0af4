#include "tls/engine.h"

#include <gtest/gtest.h>

#include "tests/tls/duo.h"

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

}  // namespace
}  // namespace jumpgate::tls
