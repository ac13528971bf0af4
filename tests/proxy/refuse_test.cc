// Refuse: the answer reaches a client that has already sent more than was read.
#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

TEST(Refuse, DeliversTheConnackThoughTheClientKeepsSending) {
    FakeBroker gone;
    gone.close();
    WorkerFixture worker({}, {&gone});
    Peer client = worker.client();
    client.send(connect_packet("chatty", 5) + std::string(100'000, 'x'));
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x03\0\x88\0", 5));
    EXPECT_FALSE(client.was_reset());
}

TEST(Refuse, WaitsForTheClientsEndButNotForEver) {
    FakeBroker gone;
    gone.close();
    WorkerFixture worker({}, {&gone});
    Peer client = worker.client();
    client.send(connect_packet("stays", 5));
    EXPECT_EQ(client.receive_to_end(), std::string("\x20\x03\0\x88\0", 5));
    EXPECT_TRUE(worker.wait_for([](const Stats& stats) { return stats.setups == 0; }));
}

}  // namespace
}  // namespace jumpgate
