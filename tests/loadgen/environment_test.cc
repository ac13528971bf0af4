#include "loadgen/environment.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate::load {
namespace {

TEST(Environment, IsThatOfThisMachine) {
    const Environment environment = look_around();
    EXPECT_FALSE(environment.host.empty());
    EXPECT_TRUE(environment.kernel.starts_with("Linux "));
    EXPECT_GE(environment.cpus, 1U);
    EXPECT_GE(environment.descriptors_max, 1U);
    EXPECT_GT(environment.start_unix_ns, 1'700'000'000'000'000'000U);
}

TEST(Environment, PrintsUtc) {
    EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utc_text(1'709'210'096'007'999'999), "2024-02-29T12:34:56.007Z");
}

std::string line_of(const std::vector<const char*>& arguments) { return command_line(arguments); }

TEST(CommandLine, IsWhatAShellReadsBack) {
    EXPECT_EQ(line_of({"jumpload", "pub", "-t", "a/%i", "-c", "5"}), "jumpload pub -t a/%i -c 5");
    EXPECT_EQ(line_of({"jumpload", "-t", "a b", ""}), "jumpload -t 'a b' ''");
    EXPECT_EQ(line_of({"-t", "it's $HOME"}), "-t 'it'\\''s $HOME'");
    EXPECT_EQ(line_of({"-t", "gr\u00fcn"}), "-t 'gr\u00fcn'");
    EXPECT_EQ(line_of({"-t", "a\nb\\\xff'"}), "-t $'a\\x0ab\\\\\\xff\\''");
}

TEST(CommandLine, HidesPasswords) {
    for (const std::vector<const char*>& given : {std::vector<const char*>{"-P", "s3cret"},
                                                  {"-Ps3cret"},
                                                  {"--password", "s3cret"},
                                                  {"--password=s3cret"}}) {
        const std::string line = line_of(given);
        EXPECT_EQ(line.find("s3cret"), line.npos) << line;
        EXPECT_NE(line.find("***"), line.npos) << line;
    }
    EXPECT_EQ(line_of({"-P", "x", "-p", "1883"}), "-P '***' -p 1883");
}

}  // namespace
}  // namespace jumpgate::load
