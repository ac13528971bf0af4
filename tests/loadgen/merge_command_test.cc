#include "loadgen/merge_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "loadgen/result_files.h"
#include "loadgen/result_json.h"
#include "loadgen/result_reader.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

class MergeCommand : public testing::Test {
  protected:
    MergeCommand() {
        for (uint64_t i = 0; i < 3; ++i) {
            Results shard = p2p_results(i);
            shard.recorder.add(Count::Sent, 100 + i);
            shard.recorder.latency.record(1'000 * (i + 1));
            EXPECT_EQ(write_file(path(i), result_json(shard)), "");
        }
    }
    ~MergeCommand() override {
        for (uint64_t i = 0; i < 4; ++i) std::filesystem::remove(path(i));
    }
    static std::string path(uint64_t i) {
        return testing::TempDir() + "merge_command_test." + std::to_string(i) + ".json";
    }
    int run(std::vector<std::string> arguments) {
        std::vector<const char*> pointers;
        for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int exit_code = merge_command(pointers);
        out_ = testing::internal::GetCapturedStdout();
        err_ = testing::internal::GetCapturedStderr();
        return exit_code;
    }
    std::string out_;
    std::string err_;
};

TEST_F(MergeCommand, PrintsAndWritesTheSum) {
    EXPECT_EQ(run({path(0), path(1), path(2), "-o", path(3)}), 0) << err_;
    EXPECT_TRUE(holds(out_, "3 results merged")) << out_;
    EXPECT_TRUE(holds(out_, "303 sent")) << out_;
    std::string json;
    std::getline(std::ifstream(path(3)), json);
    const Parsed<Results> read = read_result(json);
    ASSERT_TRUE(std::holds_alternative<Results>(read)) << std::get<Problem>(read).text;
    EXPECT_EQ(std::get<Results>(read).recorder[Count::Sent], 303U);
    EXPECT_TRUE(holds(std::get<Results>(read).command, "jumpload merge ")) << json;
}

TEST_F(MergeCommand, JudgesLimitsOfItsOwn) {
    EXPECT_EQ(run({path(0), path(1), path(2), "--fail-if", "max>2.5ms"}), 3) << err_;
    EXPECT_TRUE(holds(out_, "FAILED: max>2.5ms: the longest latency is 3.00 ms")) << out_;
    EXPECT_EQ(run({path(0), path(1), "--fail-if", "max>2.5ms"}), 0) << err_;
}

TEST_F(MergeCommand, RefusesWhatDoesNotBelongTogether) {
    Results other = p2p_results();
    other.plan.version = 4;
    ASSERT_EQ(write_file(path(3), result_json(other)), "");
    EXPECT_EQ(run({path(0), path(3)}), 2);
    EXPECT_EQ(err_, "jumpload merge: " + path(3) + ": does not belong to " + path(0) +
                        ": plan.version is 4, not 5\n");
    ASSERT_EQ(write_file(path(3), "{\"schema_version\":2}"), "");
    EXPECT_EQ(run({path(0), path(3)}), 2);
    EXPECT_TRUE(holds(err_, "is of schema version 2; this jumpload reads 1")) << err_;
}

TEST_F(MergeCommand, RefusesARunTwiceAndSaysWhatIsMissing) {
    EXPECT_EQ(run({path(0), path(0)}), 2);
    EXPECT_EQ(err_, "jumpload merge: " + path(0) + ": does not belong to " + path(0) +
                        ": it is a run that is in already\n");
    Results shard = p2p_results(9);
    shard.plan.shard = Shard{1, 3, {}};
    ASSERT_EQ(write_file(path(3), result_json(shard)), "");
    EXPECT_EQ(run({path(3)}), 0);
    EXPECT_EQ(err_, "jumpload merge: shards 0, 2 of 3 are missing\n");
}

TEST_F(MergeCommand, SaysWhichFileIsNotThere) {
    EXPECT_EQ(run({path(0), "/nowhere/at/all"}), 2);
    EXPECT_EQ(err_, "jumpload merge: /nowhere/at/all: No such file or directory\n");
    EXPECT_EQ(run({path(0), "/"}), 2);
    EXPECT_EQ(run({path(0), "-o", "/nowhere/at/all"}), 2);
    EXPECT_EQ(err_,
              "jumpload merge: --json /nowhere/at/all: cannot be written: there is no folder "
              "/nowhere/at/; make it first\n");
    EXPECT_EQ(out_, "");
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({path(0), "-o", "/dev/full"}), 1);
    EXPECT_TRUE(holds(err_, "No space left on device")) << err_;
    EXPECT_TRUE(holds(out_, "1 results merged") || holds(out_, "jumpload p2p")) << out_;
}

}  // namespace
}  // namespace jumpgate::load
