#include "core/config/variables.h"

#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

struct Read {
    Settings settings;
    Checked found;
    explicit Read(const std::vector<std::string>& variables) {
        read_variables(variables, settings.table, found);
    }
    Lines errors() const { return lines(found.errors); }
    Lines warnings() const { return lines(found.warnings); }

  private:
    static Lines lines(const std::vector<Complaint>& complaints) {
        Lines lines;
        for (const Complaint& complaint : complaints) lines.push_back(text(complaint));
        return lines;
    }
};

TEST(Variables, SetEveryKindOfValue) {
    Read read({"JUMPGATE_THREADS=3", "JUMPGATE_PIN_CPUS=true", "JUMPGATE_LOG_FORMAT=json",
               "JUMPGATE_BROKER=b1:1883,tls,weight=7 b2:1883\n b3:1883", "HOME=/root",
               "JUMPGATE_STATE_DIR=/a b"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.warnings(), Lines());
    const Config& config = read.settings.config;
    EXPECT_EQ(config.threads, 3u);
    EXPECT_TRUE(config.pin_cpus);
    EXPECT_EQ(config.log_format, LogFormat::Json);
    EXPECT_EQ(config.state_dir, "/a b");  // takes one value, so blanks are its own
    EXPECT_EQ(config.brokers,
              (std::vector<BrokerAddress>{{"b1", 1883, 7, true}, {"b2", 1883}, {"b3", 1883}}));
    EXPECT_EQ(read.settings.table.row("threads")->source, ValueSource::Environment);
    EXPECT_EQ(read.settings.table.row("threads")->where, "JUMPGATE_THREADS");
}

TEST(Variables, EmptyOnesCountAsNotSet) {
    Read read({"JUMPGATE_THREADS=", "JUMPGATE_BROKER=  \n", "JUMPGATE_CHECK="});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_FALSE(read.settings.table.row("threads")->given());
    EXPECT_FALSE(read.settings.table.row("broker")->given());
}

TEST(Variables, SayWhatIsWrong) {
    EXPECT_EQ(Read({"JUMPGATE_THREADS=0", "JUMPGATE_PIN_CPUS=yes", "JUMPGATE_CHECK=true",
                    "JUMPGATE_LISTEN=1883 x"})
                  .errors(),
              (Lines{"environment: JUMPGATE_THREADS: 0 is out of range; allowed: 1 to 256",
                     "environment: JUMPGATE_PIN_CPUS: \"yes\" is not true or false; allowed: true, "
                     "false",
                     "environment: JUMPGATE_CHECK: is a flag of the command line only",
                     "environment: JUMPGATE_LISTEN: \"x\" has no port from 0 to 65535 at its end; "
                     "allowed: ADDR:PORT, [IPV6]:PORT, :PORT or PORT; port 0 takes a free one"}));
}

TEST(Variables, WarnOfUnknownOnesButNotOfThoseOfPlatforms) {
    Read read({"JUMPGATE_THREDS=3", "JUMPGATE_XQZW=1", "JUMPGATE=1", "JUMPGATE_SERVICE_HOST=::1",
               "JUMPGATE_SERVICE_PORT=1883", "JUMPGATE_PORT=tcp://10.0.0.1:1883",
               "JUMPGATE_PORT_1883_TCP_ADDR=10.0.0.1"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.warnings(),
              (Lines{"environment: JUMPGATE_THREDS: is no setting; did you mean JUMPGATE_THREADS?",
                     "environment: JUMPGATE_XQZW: is no setting; ignored"}));
}

}  // namespace
}  // namespace jumpgate
