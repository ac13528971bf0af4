// Server: its control thread answers while snapshots are built, and names that get other addresses
// make new ones.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/io/dns_responder.h"
#include "tests/pki.h"
#include "tests/proxy/server_fixture.h"

namespace jumpgate {
namespace {

// A certificate that nobody has written yet: who reads it waits.
class SlowFile {
  public:
    SlowFile() { EXPECT_EQ(mkfifo(path().c_str(), 0600), 0); }
    ~SlowFile() {
        end();
        std::filesystem::remove(path());
    }
    SlowFile(const SlowFile&) = delete;
    SlowFile& operator=(const SlowFile&) = delete;
    std::string path() const { return testing::TempDir() + "slow-" + std::to_string(getpid()); }
    // Until somebody reads, 5 s at most.
    bool wait_for_reader() {
        const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
        while (fd_ < 0 && monotonic_ns() < deadline_ns) {
            fd_ = ::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);  // ENXIO: nobody
        }
        return fd_ >= 0;
    }
    // The reader finds an empty file.
    void end() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

  private:
    int fd_ = -1;
};

TEST(ServerSnapshots, AreBuiltWhileTheControlThreadAnswers) {
    FakeBroker broker;
    const Objects objects = objects_to({&broker});
    RunningServer server(objects);
    SlowFile certificate;
    Objects slow = objects;
    SslConfig& ssl = slow.ssls.emplace_back();
    ssl.id = "1";
    ssl.pairs = {{{"", certificate.path()}, {"", pki_path("server.key")}}};
    std::thread change([&] {
        EXPECT_TRUE(std::holds_alternative<Problem>(server->apply(slow, ReadFiles::Again)));
    });
    ASSERT_TRUE(certificate.wait_for_reader());
    EXPECT_TRUE(server->watch().complete);
    EXPECT_EQ(server->explain({.client_id = "c", .level = 4}).broker, name_of(broker));
    EXPECT_TRUE(std::holds_alternative<Problem>(server->evict("u", name_of(broker), 1)));
    EXPECT_EQ(server->snapshots_kept(), 1U);
    Peer client = server.client("c");
    const Peer upstream = broker.accept();
    EXPECT_TRUE(upstream.open());
    EXPECT_TRUE(server.wait_for_relays(1));
    certificate.end();
    change.join();
    EXPECT_EQ(server->watch().config_version, 1U);
}

TEST(ServerNames, SayWhichBrokersAServiceStandsForAndRouteToThem) {
    FakeBroker one;
    FakeBroker two;
    DnsResponder dns;
    dns.set_addresses("one.test", {"127.0.0.1"}, 1);
    dns.set_addresses("two.test", {"127.0.0.1"}, 1);
    dns.set_services("_mqtt._tcp.test", {{.target = "one.test", .port = one.port()}}, 1);
    Objects objects = objects_to({});
    objects.upstreams[0].nodes = {{"_mqtt._tcp.test", 0, 1}};
    testing::internal::CaptureStderr();
    {
        RunningServer server(objects, dns.server(), LogLevel::Info);
        EXPECT_EQ(server->watch().config_version, 1U);
        dns.set_services("_mqtt._tcp.test", {{.target = "two.test", .port = two.port()}}, 1);
        EXPECT_TRUE(server.wait_for([](const Watch& watch) { return watch.config_version == 2; }));
        EXPECT_EQ(server->explain({.client_id = "c", .level = 4}).broker,
                  "two.test:" + std::to_string(two.port()));
    }
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string line =
        "service_changed service=\"_mqtt._tcp.test\" brokers_before=1 brokers=1 added=\"two.test:" +
        std::to_string(two.port()) + "\" removed=\"one.test:" + std::to_string(one.port()) + "\"";
    EXPECT_NE(said.find(line), std::string::npos) << said;
}

}  // namespace
}  // namespace jumpgate
