// TlsRelays, the moving half: bytes, order, backpressure, shortages, key updates.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "tests/proxy/stream_check.h"
#include "tests/proxy/tls_peer.h"

namespace jumpgate {
namespace {

struct Shape {
    Legs legs;
    uint32_t buffers = 256;
    uint32_t buffer_bytes = 4096;
    uint32_t budget_bytes = 65'536;
    size_t piece_max = 100'000;
    std::vector<std::string> disabled{};
    int socket_bytes = 0;
};

Config config_of(const Shape& shape) {
    Config config;
    config.relay_budget_bytes = shape.budget_bytes;
    config.io_disabled = shape.disabled;
    return config;
}

void send_all(TlsPeer& from, const std::string& bytes, size_t piece_max, uint64_t seed) {
    Rng rng(seed);
    for (size_t at = 0; at < bytes.size();) {
        const size_t piece = std::min(bytes.size() - at, 1 + rng.below(piece_max));
        from.send(std::string_view(bytes).substr(at, piece));
        at += piece;
    }
    from.end_sending();
}

// Both directions at once.
void expect_all_both_ways(TlsRelayFixture& fixture, Ends& ends, size_t size, size_t piece_max) {
    const std::string up = seeded_bytes(size, 1);
    const std::string down = seeded_bytes(size, 2);
    std::string got_up;
    std::string got_down;
    fixture.run([&] {
        std::thread client_sends([&] { send_all(ends.client, up, piece_max, 3); });
        std::thread broker_sends([&] { send_all(ends.broker, down, piece_max, 4); });
        std::thread client_reads([&] { got_down = ends.client.receive_to_end(); });
        got_up = ends.broker.receive_to_end();
        client_sends.join();
        broker_sends.join();
        client_reads.join();
    });
    EXPECT_TRUE(got_up == up) << got_up.size() << " of " << up.size() << " bytes up";
    EXPECT_TRUE(got_down == down) << got_down.size() << " of " << down.size() << " bytes down";
}

class RelayTlsMoveTest : public testing::TestWithParam<Shape> {};

TEST_P(RelayTlsMoveTest, MovesAllBytesBothWaysUnchanged) {
    const Shape& shape = GetParam();
    for (const size_t size : {size_t{1}, size_t{100}, size_t{16'384}, size_t{8} << 20U}) {
        TlsRelayFixture fixture(config_of(shape), shape.buffers, shape.buffer_bytes);
        Ends ends = fixture.join(shape.legs, shape.socket_bytes);
        const size_t bytes = shape.piece_max < 1000 ? std::min(size, size_t{300'000}) : size;
        expect_all_both_ways(fixture, ends, bytes, shape.piece_max);
        EXPECT_EQ(fixture.last_end(), RelayEnd::Closed);
        EXPECT_EQ(fixture.ended()[0].bytes_up, bytes);
        EXPECT_EQ(fixture.ended()[0].bytes_down, bytes);
    }
}

constexpr Legs kTlsPlain{true, false, tls::Version::Tls13};
constexpr Legs kPlainTls{false, true, tls::Version::Tls13};
constexpr Legs kTlsTls{true, true, tls::Version::Tls13};
constexpr Legs kTlsTls12{true, true, tls::Version::Tls12};
constexpr Legs kTlsPlain12{true, false, tls::Version::Tls12};

INSTANTIATE_TEST_SUITE_P(
    Shapes, RelayTlsMoveTest,
    testing::Values(Shape{kTlsPlain}, Shape{kPlainTls}, Shape{kTlsTls}, Shape{kTlsTls12},
                    Shape{kTlsPlain12}, Shape{kTlsTls, 16, 65'536},
                    Shape{kTlsPlain, 16, 512, 512, 3'000}, Shape{kTlsTls, 64, 4096, 16'384, 50},
                    Shape{kPlainTls, 64, 4096, 16'384, 50},
                    Shape{kTlsTls, 64, 65'536, 16U << 20U, 100'000, {"socket_options"}},
                    Shape{kTlsTls, 64, 4096, 65'536, 100'000, {"recv_multishot", "fd_install"}},
                    Shape{kTlsTls, 64, 65'536, 65'536, 100'000, {}, 4096},
                    Shape{kTlsPlain, 64, 65'536, 65'536, 100'000, {}, 4096}));

// ---- Readers that stop -------------------------------------------------------------------------

// Pushes into a socket that nobody empties until it takes no more; returns how much it took.
size_t push_until_stuck(TlsRelayFixture& fixture, TlsPeer& from, const std::string& wire) {
    size_t pushed = 0;
    for (;;) {
        const size_t before = pushed;
        while (pushed < wire.size()) {
            const ssize_t sent = ::send(from.socket().fd(), wire.data() + pushed,
                                        wire.size() - pushed, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent <= 0) break;
            pushed += static_cast<size_t>(sent);
        }
        fixture.settle();
        if (pushed == before) return pushed;
    }
}

class RelayTlsStuckTest : public testing::TestWithParam<Legs> {};
INSTANTIATE_TEST_SUITE_P(Legs, RelayTlsStuckTest, testing::Values(kTlsPlain, kPlainTls, kTlsTls));

TEST_P(RelayTlsStuckTest, BoundsWhatAReaderThatStopsCostsAndLosesNothing) {
    constexpr size_t kBytes = size_t{8} << 20U;
    constexpr int kSocketBytes = 16'384;
    for (const size_t piece : {size_t{60}, size_t{16'000}}) {
        TlsRelayFixture fixture;
        Ends ends = fixture.join(GetParam(), kSocketBytes);
        const std::string sent = seeded_bytes(kBytes, 5);
        std::string wire;
        for (size_t at = 0; at < kBytes; at += piece) {
            const std::string_view part = std::string_view(sent).substr(at, piece);
            if (GetParam().client_tls) {
                const tls::Bytes sealed = ends.client.seal(part);
                wire.append(reinterpret_cast<const char*>(sealed.span().data()), sealed.size());
            } else {
                wire += part;
            }
        }
        const size_t pushed = push_until_stuck(fixture, ends.client, wire);
        // Two budgets and a buffer in the relay, the rest in four socket buffers.
        EXPECT_LT(pushed, 2 * 65'536U + 2 * 65'536U + 4 * 2 * 65'536U);
        std::string got;
        fixture.run([&] {
            std::thread sends(
                [&] { ends.client.socket().send(std::string_view(wire).substr(pushed)); });
            got = ends.broker.receive(kBytes);
            sends.join();
        });
        EXPECT_TRUE(got == sent) << got.size() << " bytes";
    }
}

// One direction stuck, the other one goes on.
TEST_P(RelayTlsStuckTest, ServesTheOtherWayMeanwhile) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(GetParam(), 16'384);
    const std::string flood = seeded_bytes(1'000'000, 6);
    fixture.run([&] {
        std::thread sends([&] { ends.client.send(flood); });
        for (int i = 0; i < 50; ++i) {
            ends.broker.send("ping");
            EXPECT_EQ(ends.client.receive(4), "ping");
        }
        EXPECT_TRUE(ends.broker.receive(flood.size()) == flood);
        sends.join();
    });
}

// ---- Shortages ---------------------------------------------------------------------------------

TEST(RelayTlsMove, SharesATinyRingAmongMany) {
    constexpr size_t kRelays = 24;
    TlsRelayFixture fixture({}, 16, 512);
    std::vector<Ends> all;
    for (size_t i = 0; i < kRelays; ++i) all.push_back(fixture.join(kTlsTls));
    const std::string sent = seeded_bytes(300'000, 7);
    std::array<bool, kRelays> whole{};
    fixture.run([&] {
        std::vector<std::thread> threads;
        for (size_t i = 0; i < kRelays; ++i) {
            threads.emplace_back([&, i] { all[i].client.send(sent); });
            threads.emplace_back([&, i] { whole[i] = all[i].broker.receive(sent.size()) == sent; });
        }
        for (std::thread& thread : threads) thread.join();
    });
    for (size_t i = 0; i < kRelays; ++i) EXPECT_TRUE(whole[i]) << i;
    EXPECT_GT(fixture.stats().buffer_exhaustions, 0U);
}

// Somebody else holds all buffers of a shared ring.
TEST(RelayTlsMove, WaitsForBuffersThatOthersHold) {
    constexpr uint32_t kBuffers = 16;
    TlsRelayFixture fixture({}, kBuffers, 512);
    struct Hog : Op {
        std::vector<uint16_t> held;
        BufferRing* buffers = nullptr;
    } hog;
    hog.buffers = &fixture.buffers();
    hog.complete = [](Op& op, Completion done) {
        Hog& self = static_cast<Hog&>(op);
        if (!done.has_buffer()) return;
        self.buffers->taken();
        self.held.push_back(done.buffer());
    };
    Prepared other = fixture.prepare(false, false, tls::Version::Tls13);
    Prepared unused = fixture.prepare(false, true, tls::Version::Tls13);
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()), 0);
    for (uint32_t i = 0; i < kBuffers; ++i) {
        ASSERT_EQ(::send(pair[0], "x", 1, 0), 1);
        io_uring_sqe& sqe = fixture.reactor().ring().next_sqe(hog);
        io_uring_prep_recv(&sqe, pair[1], nullptr, 0, 0);
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = fixture.buffers().group();
        ASSERT_TRUE(fixture.turn_until([&] { return hog.held.size() == i + 1; }));
    }
    Ends ends = fixture.join(kTlsPlain);
    ends.client.send("patience");
    EXPECT_TRUE(fixture.turn_until([&] { return fixture.shortages() > 0; }));
    for (const uint16_t id : hog.held) fixture.buffers().release(id);
    fixture.run([&] { EXPECT_EQ(ends.broker.receive(8), "patience"); });
    for (const int fd : {pair[0], pair[1], other.fd, unused.fd}) ::close(fd);
}

TEST(RelayTlsMove, TakesManySmallMessagesInOrder) {
    TlsRelayFixture fixture;
    Ends ends = fixture.join(kTlsPlain);
    fixture.run([&] {
        for (int i = 0; i < 2'000; ++i) {
            const std::string message = "message " + std::to_string(i) + std::string(90, '.');
            ends.client.send(message);
            EXPECT_EQ(ends.broker.receive(message.size()), message);
            ends.broker.send(message);
            EXPECT_EQ(ends.client.receive(message.size()), message);
        }
    });
}

// ---- Key updates -------------------------------------------------------------------------------

// openssl s_client on the client's leg: its command K asks for new keys both ways (RFC 8446 4.6.3).
class Openssl {
  public:
    explicit Openssl(uint16_t port) {
        std::array<int, 2> in{};
        std::array<int, 2> out{};
        EXPECT_EQ(pipe2(in.data(), O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
        const std::string target = "127.0.0.1:" + std::to_string(port);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            dup2(out[1], 2);
            execlp("openssl", "openssl", "s_client", "-connect", target.c_str(), "-tls1_3",
                   "-no_ign_eof", nullptr);
            _exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        in_ = in[1];
        out_ = out[0];
    }
    ~Openssl() {
        ::close(in_);
        ::close(out_);
        int status = 0;
        waitpid(pid_, &status, 0);
    }
    void type(std::string_view text) {
        EXPECT_EQ(::write(in_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // Reads what it prints until `text` is in it.
    bool prints(std::string_view text) {
        std::array<char, 4096> part;
        while (seen_.find(text) == std::string::npos) {
            const ssize_t got = ::read(out_, part.data(), part.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            seen_.append(part.data(), static_cast<size_t>(got));
        }
        seen_.erase(0, seen_.find(text) + text.size());
        return true;
    }

  private:
    pid_t pid_ = -1;
    int in_ = -1;
    int out_ = -1;
    std::string seen_;
};

// Blocking, by hand: what the setup of a connection does.
std::unique_ptr<tls::Engine> shake_hands(TlsRelayFixture& fixture, Peer& socket,
                                         tls::Bytes& incoming) {
    auto engine = fixture.acceptor(tls::Version::Tls13);
    incoming.reserve(65'536);
    for (;;) {
        const tls::Step step = engine->handshake();
        if (engine->output_bytes() > 0) {
            const tls::Bytes output = engine->take_output();
            socket.send({reinterpret_cast<const char*>(output.span().data()), output.size()});
        }
        if (step != tls::Step::WantInput) {
            EXPECT_EQ(step, tls::Step::Done);
            return engine;
        }
        const ssize_t got = ::recv(socket.fd(), incoming.begin(), incoming.capacity(), 0);
        if (got < 0 && errno == EINTR) continue;
        EXPECT_GT(got, 0);
        if (got <= 0) return engine;
        engine->feed({incoming.begin(), static_cast<size_t>(got)});
    }
}

TEST(RelayTlsMove, AnswersKeyUpdates) {
    TlsRelayFixture fixture;
    FakeBroker listener;
    Openssl openssl(listener.port());
    Peer accepted = listener.accept();
    ASSERT_TRUE(accepted.open());
    tls::Bytes incoming;
    Prepared client;
    client.engine = shake_hands(fixture, accepted, incoming);
    client.fd = dup(accepted.fd());
    Ends ends = fixture.start(std::move(client), fixture.prepare(false, true, tls::Version::Tls13));
    fixture.run([&] {
        for (int i = 0; i < 3; ++i) {
            openssl.type("before\n");
            EXPECT_EQ(ends.broker.receive(7), "before\n");
            openssl.type("K\n");
            EXPECT_TRUE(openssl.prints("KEYUPDATE"));
            openssl.type("after\n");
            EXPECT_EQ(ends.broker.receive(6), "after\n");
            ends.broker.send("answer\n");
            EXPECT_TRUE(openssl.prints("answer\n"));
        }
        openssl.type("Q\n");
        EXPECT_EQ(ends.broker.receive_to_end(), "");
        ends.broker.end_sending();
    });
    EXPECT_EQ(fixture.last_end(), RelayEnd::Closed);
}

}  // namespace
}  // namespace jumpgate
