// Listening, accepting and dialling: every end a dial can come to, with and without each
// capability.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <deque>
#include <vector>

#include "core/io/self_test.h"
#include "core/io/socket.h"
#include "tests/io/kernel.h"
#include "tests/io/stream.h"

namespace jumpgate {
namespace {

// A port of the loopback interface where nobody listens.
Address refusing_address(int family = AF_INET) { return Listener(family).address; }

// Loopback with a full accept queue: a further SYN is dropped, as by a firewall.
class Blackhole {
  public:
    explicit Blackhole(Ring& ring) : ring_(ring), listener_(AF_INET, {}, 0) {
        const DialPlan plan = {.to = &listener_.address};
        filler_ = *dial(ring, filling_, plan);
        EXPECT_TRUE(turn_until(ring, [&] { return filling_.answered(); }));
    }
    ~Blackhole() { close_socket(ring_, filler_); }
    Blackhole(const Blackhole&) = delete;
    Blackhole& operator=(const Blackhole&) = delete;
    const Address& address() const { return listener_.address; }

  private:
    Ring& ring_;
    Listener listener_;
    Recorder filling_;
    Socket filler_;
};

// The only answer of a dial; closes its socket.
int32_t dial_result(Ring& ring, const DialPlan& plan) {
    Recorder dialled;
    Result<Socket> socket = dial(ring, dialled, plan);
    if (!socket) return -socket.error().sys;
    EXPECT_TRUE(turn_until(ring, [&] { return dialled.answered(); }));
    settle(ring);
    EXPECT_EQ(dialled.got.size(), 1U);
    close_socket(ring, *socket);
    settle(ring);
    EXPECT_EQ(ring.dial_slots_free(), ring.limits().dial_slots);
    return dialled.result();
}

// ---- Failures: exactly one answer, whichever link of the chain it was ------------------------

TEST(Dial, AnswersOnceWithTheErrorOfTheLinkThatFailed) {
    const uint8_t greeting[] = {1, 2, 3};
    void* unmapped = mmap(nullptr, 4'096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const std::span<const uint8_t> unreadable(static_cast<const uint8_t*>(unmapped), 100);
    const Listener listener;
    const Address refusing = refusing_address();
    const Address not_ours = *Address::parse("203.0.113.1", 0);
    Address no_family = listener.address;
    no_family.any.sa_family = 77;
    Address not_tcp = listener.address;
    not_tcp.any.sa_family = AF_UNIX;
    struct Case {
        const char* link;
        DialPlan plan;
        int32_t result;
    };
    const Case cases[] = {
        {"socket", {.to = &no_family}, -EAFNOSUPPORT},
        {"setsockopt", {.to = &not_tcp}, -EOPNOTSUPP},
        {"bind", {.to = &listener.address, .source = &not_ours}, -EADDRNOTAVAIL},
        {"connect", {.to = &refusing}, -ECONNREFUSED},
        {"send", {.to = &listener.address, .first_bytes = unreadable}, -EFAULT},
    };
    for (const std::vector<std::string>& disabled :
         {std::vector<std::string>{}, {"socket_options"}, {"bind"}, capability_names()}) {
        std::unique_ptr<Ring> ring = open_ring({.accept_slots = 8, .dial_slots = 8}, disabled);
        for (Case c : cases) {
            SCOPED_TRACE(testing::Message() << c.link << ": " << ring->capabilities().line());
            EXPECT_EQ(dial_result(*ring, c.plan), c.result);
            if (c.plan.first_bytes.empty()) {
                c.plan.first_bytes = greeting;  // one link more behind the one that fails
                EXPECT_EQ(dial_result(*ring, c.plan), c.result);
            }
        }
    }
    munmap(unmapped, 4'096);
}

TEST(Dial, WithoutASlotIsOutOfFilesAndQueuesNothing) {
    const Listener listener;
    std::unique_ptr<Ring> ring = open_ring({.accept_slots = 8, .dial_slots = 1});
    Recorder first;
    Recorder second;
    const DialPlan plan = {.to = &listener.address};
    Result<Socket> socket = dial(*ring, first, plan);
    ASSERT_TRUE(socket);
    Result<Socket> none = dial(*ring, second, plan);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::OutOfFiles);
    ASSERT_TRUE(turn_until(*ring, [&] { return first.answered(); }));
    settle(*ring);
    EXPECT_TRUE(second.got.empty());
    close_socket(*ring, *socket);
    EXPECT_EQ(ring->dial_slots_free(), 1U);
}

TEST(Dial, ThroughThePlainWayReportsEmfileAndKeepsTheSlot) {
    const Listener listener;
    std::unique_ptr<Ring> ring = open_ring({.dial_slots = 1}, {"socket_options"});
    const DialPlan plan = {.to = &listener.address};
    {
        const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd());
        EXPECT_EQ(dial_result(*ring, plan), -EMFILE);
    }
    EXPECT_EQ(dial_result(*ring, plan), 0);
}

TEST(Dial, NeedsNoDescriptorOfTheProcess) {
    const Listener listener;
    std::unique_ptr<Ring> ring = open_ring();
    const LoweredLimit limit(RLIMIT_NOFILE, lowest_free_fd());
    const Connected connected(*ring, listener);
    EXPECT_TRUE(connected.server.open());
}

// ---- Cancelling ------------------------------------------------------------------------------

TEST(Dial, ACancelEndsAConnectThatGetsNoAnswer) {
    const uint8_t greeting[] = {1, 2, 3};
    for (const std::vector<std::string>& disabled :
         {std::vector<std::string>{}, {"socket_options"}, {"defer_taskrun"}}) {
        std::unique_ptr<Ring> ring = open_ring({.dial_slots = 8}, disabled);
        const Blackhole blackhole(*ring);
        for (bool by_socket : {false, true}) {
            Recorder dialled;
            const DialPlan plan = {.to = &blackhole.address(), .first_bytes = greeting};
            const Socket socket = *dial(*ring, dialled, plan);
            settle(*ring);
            ASSERT_FALSE(dialled.answered());
            if (by_socket) {
                cancel_all(*ring, socket);
            } else {
                cancel(*ring, dialled);
            }
            ASSERT_TRUE(turn_until(*ring, [&] { return dialled.answered(); }));
            settle(*ring);
            EXPECT_EQ(dialled.got.size(), 1U);
            EXPECT_EQ(dialled.result(), -ECANCELED);
            close_socket(*ring, socket);
        }
        settle(*ring);
        EXPECT_EQ(ring->counters().stray_errors, 0U);
    }
}

// Between two links of a chain there is nothing in the kernel that a cancel could find (measured on
// 6.18 for a cancel in the same submission). Whoever cancels a dial repeats it until the answer.
TEST(Dial, ACancelThatCameBetweenTwoLinksIsRepeated) {
    std::unique_ptr<Ring> ring = open_ring({.dial_slots = 8});
    const Blackhole blackhole(*ring);
    Recorder dialled;
    const DialPlan plan = {.to = &blackhole.address()};
    const Socket socket = *dial(*ring, dialled, plan);
    EXPECT_TRUE(turn_until(*ring, [&] {
        if (!dialled.answered()) cancel(*ring, dialled);
        return dialled.answered();
    }));
    settle(*ring);
    EXPECT_EQ(dialled.got.size(), 1U);
    EXPECT_EQ(dialled.result(), -ECANCELED);
    close_socket(*ring, socket);
}

TEST(Dial, ManyThatAreCancelledAtOnceAnswerOnceEach) {
    constexpr size_t kDials = 500;
    std::unique_ptr<Ring> ring = open_ring({.dial_slots = kDials + 1, .submissions = 256});
    const Blackhole blackhole(*ring);
    std::vector<Recorder> dialled(kDials);
    std::vector<Socket> sockets;
    const DialPlan plan = {.to = &blackhole.address()};
    for (Recorder& op : dialled) sockets.push_back(*dial(*ring, op, plan));
    size_t answered = 0;
    EXPECT_TRUE(turn_until(*ring, [&] {
        answered = 0;
        for (Recorder& op : dialled) {
            if (!op.answered()) cancel(*ring, op);
            answered += op.got.size();
        }
        return answered >= kDials;
    }));
    settle(*ring);
    for (const Recorder& op : dialled) {
        ASSERT_EQ(op.got.size(), 1U);
        ASSERT_EQ(op.result(), -ECANCELED);
    }
    for (Socket socket : sockets) close_socket(*ring, socket);
}

// ---- Success ---------------------------------------------------------------------------------

TEST(Dial, FromASourceAddressReachesThePeerWithIt) {
    struct Case {
        const char* source;
        int family;
    };
    for (const std::vector<std::string>& disabled :
         {std::vector<std::string>{}, {"socket_options"}, {"bind"}}) {
        std::unique_ptr<Ring> ring = open_ring({.accept_slots = 8, .dial_slots = 8}, disabled);
        for (const Case& c : {Case{"127.0.0.77", AF_INET}, Case{"::1", AF_INET6}}) {
            SCOPED_TRACE(c.source);
            const Listener listener(c.family);
            const Address source = *Address::parse(c.source, 0);
            const DialPlan plan = {.to = &listener.address, .source = &source};
            Recorder dialled;
            const Socket socket = *dial(*ring, dialled, plan);
            ASSERT_TRUE(turn_until(*ring, [&] { return dialled.answered(); }));
            EXPECT_EQ(dialled.result(), 0);
            Address peer;
            peer.length = sizeof peer.v6;
            const Fd accepted(accept4(listener.fd.get(), &peer.any, &peer.length, SOCK_CLOEXEC));
            EXPECT_EQ(peer.host(), c.source);
            close_socket(*ring, socket);
        }
    }
}

TEST(Dial, SetsNoDelayAndTheBufferSizes) {
    const SocketOptions options = {.receive_bytes = 20'000, .send_bytes = 30'000};
    const Listener listener;
    for (const char* disabled : {"", "socket_options"}) {
        std::unique_ptr<Ring> ring = open_ring({.dial_slots = 8}, {disabled});
        Recorder dialled;
        const DialPlan plan = {.to = &listener.address, .options = &options};
        const Socket socket = *dial(*ring, dialled, plan);
        Recorder installed;
        ASSERT_TRUE(turn_until(*ring, [&] { return dialled.answered(); }));
        install_fd(*ring, installed, socket);
        ASSERT_TRUE(turn_until(*ring, [&] { return installed.answered(); }));
        const Fd fd(installed.result());
        const auto option = [&](int level, int name) {
            int value = 0;
            socklen_t length = sizeof value;
            EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &length), 0);
            return value;
        };
        EXPECT_NE(option(IPPROTO_TCP, 1 /* TCP_NODELAY */), 0);
        EXPECT_EQ(option(SOL_SOCKET, SO_RCVBUF), 40'000);  // the kernel doubles both (socket(7))
        EXPECT_EQ(option(SOL_SOCKET, SO_SNDBUF), 60'000);
        close_socket(*ring, socket);
    }
}

// The close of a slot's last owner and the next owner's socket go to the kernel in one submission.
TEST(Dial, ASlotIsReusedInTheSameSubmissionAsItsClose) {
    for (const char* disabled : {"", "socket_options", "defer_taskrun"}) {
        SCOPED_TRACE(disabled);
        std::unique_ptr<Ring> ring = open_ring({.dial_slots = 1}, {disabled});
        const Listener listener;
        const DialPlan plan = {.to = &listener.address};
        for (int i = 0; i < 300; ++i) {
            Recorder dialled;
            Result<Socket> socket = dial(*ring, dialled, plan);
            ASSERT_TRUE(socket);
            ASSERT_TRUE(turn_until(*ring, [&] { return dialled.answered(); }));
            ASSERT_EQ(dialled.result(), 0);
            const Fd accepted(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
            // The socket is alive, and the one of the round before is not the one in the slot.
            ASSERT_EQ(send(accepted.get(), "x", 1, MSG_NOSIGNAL), 1);
            Recorder readable;
            poll_once(*ring, readable, *socket, POLLIN);
            ASSERT_TRUE(turn_until(*ring, [&] { return readable.answered(); }));
            ASSERT_EQ(readable.result(), POLLIN);
            close_socket(*ring, *socket);
        }
        settle(*ring);
        EXPECT_EQ(ring->counters().stray_errors, 0U);
    }
}

// ---- Listening and accepting -----------------------------------------------------------------

TEST(Listen, TellsThePortAndSharesItWithOtherWorkers) {
    const Listener first;
    EXPECT_NE(first.address.port(), 0);
    Result<int> second = listen_tcp(first.address, {});
    ASSERT_TRUE(second);
    const Fd owner(*second);
    EXPECT_EQ(local_address(*second).to_string(), first.address.to_string());
}

TEST(Listen, AnAddressThatIsNotOursIsAnError) {
    Result<int> fd = listen_tcp(*Address::parse("203.0.113.1", 0), {});
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.error().code, ErrorCode::AddressInUse);
    EXPECT_EQ(fd.error().sys, EADDRNOTAVAIL);
}

TEST(Accept, AFullTableEndsItAndItCanBeArmedAgain) {
    for (const char* disabled : {"", "accept_multishot"}) {
        SCOPED_TRACE(disabled);
        std::unique_ptr<Ring> ring = open_ring({.accept_slots = 2}, {disabled});
        const Listener listener;
        Recorder accepted;
        std::vector<Fd> clients;
        std::vector<int32_t> slots;
        const auto accept_one = [&] {
            if (!accepted.answered() || accepted.ended()) listener.accept_into(*ring, accepted);
            clients.push_back(plain_client(listener.address));
            const size_t before = accepted.got.size();
            EXPECT_TRUE(turn_until(*ring, [&] { return accepted.got.size() > before; }));
            return accepted.got.back().result;
        };
        for (int i = 0; i < 2; ++i) slots.push_back(accept_one());
        EXPECT_EQ(slots, (std::vector<int32_t>{0, 1}));
        EXPECT_EQ(accept_one(), -ENFILE);
        EXPECT_TRUE(accepted.ended());
        // The connection that found the table full is closed, not left hanging.
        uint8_t byte = 0;
        EXPECT_LE(recv(clients.back().get(), &byte, 1, 0), 0);
        close_socket(*ring, Socket{1});
        EXPECT_EQ(accept_one(), 1);
        EXPECT_EQ(accepted.ended(), *disabled != '\0');
    }
}

TEST(Accept, HundredsAtOnceGetASlotEach) {
    constexpr size_t kClients = 300;
    std::unique_ptr<Ring> ring =
        open_ring({.accept_slots = kClients, .submissions = 64, .completions = 64});
    const Listener listener;
    struct Rearming : Recorder {
        bool all() const { return slots.size() == kClients; }
        std::vector<bool> seen = std::vector<bool>(kClients);
        std::vector<int32_t> slots;
    } accepted;
    listener.accept_into(*ring, accepted);
    std::vector<Fd> clients;
    for (size_t i = 0; i < kClients; ++i) clients.push_back(plain_client(listener.address));
    EXPECT_TRUE(turn_until(*ring, [&] {
        for (const Completion& done : std::exchange(accepted.got, {})) {
            EXPECT_GE(done.result, 0);
            accepted.slots.push_back(done.result);
            // A full completion queue ends a multishot; nothing is lost, it only has to go on.
            if (!done.more()) listener.accept_into(*ring, accepted);
        }
        return accepted.all();
    }));
    for (int32_t slot : accepted.slots) {
        EXPECT_FALSE(accepted.seen.at(static_cast<size_t>(slot)));
        accepted.seen[static_cast<size_t>(slot)] = true;
    }
}

TEST(RecvFirst, TellsTheClientsAddressAndItsFirstBytesInOneCompletion) {
    for (const std::vector<std::string>& disabled :
         {std::vector<std::string>{}, {"peer_name"}, {"socket_options", "peer_name"}}) {
        std::unique_ptr<Ring> ring = open_ring({.accept_slots = 4}, disabled);
        auto buffers = std::move(*BufferRing::open(*ring, 1, 16, 64));
        for (int family : {AF_INET, AF_INET6}) {
            SCOPED_TRACE(ring->capabilities().line());
            const Listener listener(family);
            Recorder accepted;
            listener.accept_into(*ring, accepted);
            const Fd client = plain_client(listener.address);
            ASSERT_TRUE(turn_until(*ring, [&] { return accepted.answered(); }));
            Address peer = listener.peer;
            Recorder received;
            recv_first(*ring, received, Socket{accepted.result()}, 1, peer);
            settle(*ring);
            EXPECT_FALSE(received.answered());
            write_all(client.get(), pattern(10));
            ASSERT_TRUE(turn_until(*ring, [&] { return received.answered(); }));
            settle(*ring);
            EXPECT_EQ(received.got.size(), 1U);
            EXPECT_EQ(received.result(), 10);
            EXPECT_EQ(peer.to_string(), local_address(client.get()).to_string());
            buffers->taken();
            buffers->release(received.got[0].buffer());
            if (!accepted.ended()) cancel(*ring, accepted);
            ASSERT_TRUE(turn_until(*ring, [&] { return accepted.ended(); }));
            close_socket(*ring, Socket{accepted.result()});
        }
        settle(*ring);
        EXPECT_EQ(ring->counters().stray_errors, 0U);
    }
}

}  // namespace
}  // namespace jumpgate
