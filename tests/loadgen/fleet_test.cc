#include "loadgen/fleet.h"

#include <gtest/gtest.h>

#include "tests/loadgen/scripted_broker.h"

namespace jumpgate::load {
namespace {

Options options_of(std::vector<const char*> arguments) {
    return std::get<Options>(parse_options(Mode::Conn, arguments, 1'000));
}

TEST(Fleet, ConnectsHoldsAndReports) {
    ScriptedBroker broker(2, [](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive_first_byte(), 0xE0);
    });
    const std::string port = std::to_string(broker.port());
    // One connection after the other: the script plays them in turn.
    testing::internal::CaptureStdout();
    const int exit_code = run_fleet(
        options_of({"-c", "1", "-V", "4", "-p", port.c_str(), "--duration", "1", "--quiet"}));
    const int second = run_fleet(
        options_of({"-c", "1", "-V", "4", "-p", port.c_str(), "--duration", "1", "--live-json"}));
    const std::string out = testing::internal::GetCapturedStdout();
    EXPECT_EQ(exit_code, 0);
    EXPECT_EQ(second, 0);
    EXPECT_NE(out.find("1 requested, 1 connected, 0 failed"), std::string::npos) << out;
    EXPECT_NE(out.find(R"("connected":1)"), std::string::npos) << out;
}

TEST(Fleet, RefusesSourcesOfAnotherFamily) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_fleet(options_of({"-c", "1", "-h", "::1", "--ifaddr", "127.0.0.1"})), 1);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("different families"), std::string::npos);
}

TEST(Fleet, SaysWhereTheResultsCouldNotBeWritten) {
    ScriptedBroker broker(1, [](Peer& peer, int) {
        peer.accept_session(false);
        peer.receive();
    });
    const std::string port = std::to_string(broker.port());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const int exit_code = run_fleet(options_of(
        {"-c", "1", "-V", "4", "-p", port.c_str(), "--duration", "1", "--json", "/dev/full"}));
    testing::internal::GetCapturedStdout();
    EXPECT_EQ(exit_code, 1);
    EXPECT_NE(testing::internal::GetCapturedStderr().find("/dev/full: could not be written"),
              std::string::npos);
}

}  // namespace
}  // namespace jumpgate::load
