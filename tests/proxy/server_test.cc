// Server: what keeps it from starting is said in one sentence, and nothing half-starts.
#include "core/proxy/server.h"

#include "tests/proxy/worker_fixture.h"

namespace jumpgate {
namespace {

// Runs a server that cannot start; returns what it said.
std::string start_failure(const Config& config) {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(Server(config).start(objects_of(config)));
    return testing::internal::GetCapturedStderr();
}

Config config_with(const FakeBroker& broker) {
    Config config;
    config.listen = {{"127.0.0.1", 0}};
    config.brokers = {{"127.0.0.1", broker.port(), 1}};
    return config;
}

TEST(Server, NamesTheListenAddressThatIsTaken) {
    FakeBroker holder;
    Config config = config_with(holder);
    config.listen = {{"127.0.0.1", holder.port()}};
    const std::string said = start_failure(config);
    EXPECT_NE(said.find("--listen 127.0.0.1:"), std::string::npos) << said;
    EXPECT_NE(said.find("Address already in use"), std::string::npos) << said;
}

TEST(Server, DoesNotStartWhereNoBrokersNameCanBeResolved) {
    FakeBroker broker;
    Config config = config_with(broker);
    config.brokers = {{"no-such-host.invalid", 1883, 1}};
    const std::string said = start_failure(config);
    EXPECT_NE(said.find("broker no-such-host.invalid:1883: cannot resolve"), std::string::npos)
        << said;
}

}  // namespace
}  // namespace jumpgate
