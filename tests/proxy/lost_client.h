// LostClient: a client that came to a worker whose only broker is gone, and was refused.
#pragma once

#include <string>

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {

class LostClient {
  public:
    explicit LostClient(Config config = {}) {
        broker_.close();
        worker_ = std::make_unique<WorkerFixture>(
            std::move(config), std::initializer_list<const FakeBroker*>{&broker_});
        Peer client = worker_->client();
        client.send(connect_packet("lost"));
        client.receive_to_end();
        EXPECT_TRUE(
            worker_->wait_for([](const Stats& stats) { return stats.relays + stats.setups == 0; }));
    }
    WorkerFixture& worker() { return *worker_; }
    // As lines of logs name it: broker="127.0.0.1:PORT".
    std::string broker_field() const {
        return "broker=\"127.0.0.1:" + std::to_string(broker_.port()) + "\"";
    }

  private:
    FakeBroker broker_;
    std::unique_ptr<WorkerFixture> worker_;
};

}  // namespace jumpgate
