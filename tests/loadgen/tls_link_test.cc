#include "loadgen/tls_link.h"

#include <gtest/gtest.h>

#include "tests/loadgen/tls_loop.h"
#include "tests/loadgen/tls_pki.h"

namespace jumpgate::load {
namespace {

// A client's link and its broker.
struct Pair {
    explicit Pair(const char* certificate = "server")
        : broker(tls::Engine::accept(pki_server(certificate))), link(connect(), false) {}

    static std::unique_ptr<tls::Engine> connect() {
        tls::ClientOptions options;
        options.ca = pki_file("ca.crt");
        const auto made = tls::make_client_context(options);
        return tls::Engine::connect(std::get<tls::ClientContextRef>(made), "localhost");
    }
    bool shake() { return shake_hands(link.engine(), *broker); }

    std::unique_ptr<tls::Engine> broker;
    TlsLink link;
    SpareOutputs spares;
};

std::span<const uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(TlsLink, KeepsWhatIsOnItsWayWhileMoreIsWritten) {
    Pair pair;
    ASSERT_TRUE(pair.shake());
    EXPECT_FALSE(pair.link.wants_send());
    ASSERT_TRUE(pair.link.write(bytes("one "), pair.spares));
    const std::span<const uint8_t> first = pair.link.begin_send();
    ASSERT_TRUE(pair.link.write(bytes("two "), pair.spares));
    EXPECT_TRUE(pair.link.sending());
    EXPECT_FALSE(pair.link.wants_send());  // one at a time
    EXPECT_EQ(read_all(*pair.broker, first), "one ");
    EXPECT_EQ(pair.link.end_send(pair.spares), first.size());
    EXPECT_TRUE(pair.link.wants_send());
    EXPECT_EQ(read_all(*pair.broker, pair.link.begin_send()), "two ");
    pair.link.end_send(pair.spares);
    EXPECT_TRUE(pair.link.begin_send().empty());
}

TEST(TlsLink, UsesBuffersAgain) {
    Pair pair;
    ASSERT_TRUE(pair.shake());
    ASSERT_TRUE(pair.link.write(bytes(std::string(5'000, 'x')), pair.spares));
    const uint8_t* first = pair.link.begin_send().data();
    pair.link.end_send(pair.spares);
    ASSERT_TRUE(pair.link.write(bytes("y"), pair.spares));
    EXPECT_EQ(pair.link.begin_send().data(), first);
}

TEST(TlsLink, SaysItsEndOnce) {
    Pair pair;
    pair.link.shut();  // before the handshake there is nobody to tell
    EXPECT_FALSE(pair.link.wants_send());
    ASSERT_TRUE(pair.shake());
    pair.link.shut();
    pair.link.shut();
    EXPECT_EQ(read_all(*pair.broker, pair.link.begin_send()), "");
    EXPECT_TRUE(pair.broker->ended_cleanly());
    pair.link.end_send(pair.spares);
    EXPECT_FALSE(pair.link.wants_send());
}

TEST(TlsLink, NamesItsEnd) {
    Pair cut;
    EXPECT_EQ(cut.link.end(), Cause::HandshakeCut);
    ASSERT_TRUE(cut.shake());
    EXPECT_EQ(cut.link.end(), Cause::Truncated);
    cut.broker->shut();
    const tls::Bytes goodbye = cut.broker->take_output();
    EXPECT_EQ(read_all(cut.link.engine(), goodbye.span()), "");
    EXPECT_EQ(cut.link.end(), Cause::Closed);

    Pair refused("other-server");
    EXPECT_FALSE(refused.shake());
    EXPECT_EQ(refused.link.end(), Cause::UnknownCa);
}

}  // namespace
}  // namespace jumpgate::load
