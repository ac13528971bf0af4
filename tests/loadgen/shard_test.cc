#include "loadgen/shard.h"

#include <gtest/gtest.h>

#include <map>

namespace jumpgate::load {
namespace {

std::map<std::string, std::string> environment;

const char* get(const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
}

TEST(Shard, IsReadAsIndexOfCount) {
    const Shard shard = std::get<Shard>(parse_shard("2/8"));
    EXPECT_EQ(shard.index, 2U);
    EXPECT_EQ(shard.count, 8U);
    for (const char* text : {"", "/", "1", "8/8", "-1/8", "1/0", "a/8", "1/8/2", "1/ 8"})
        EXPECT_TRUE(std::holds_alternative<Problem>(parse_shard(text))) << text;
}

TEST(Shard, EachUnitBelongsToOne) {
    for (uint32_t unit = 0; unit < 20; ++unit) {
        int owners = 0;
        for (uint32_t index = 0; index < 3; ++index) owners += Shard{index, 3, ""}.has(unit);
        EXPECT_EQ(owners, 1);
    }
}

struct Launcher {
    std::map<std::string, std::string> environment;
    uint32_t index;
    uint32_t count;
    const char* from;
};

TEST(Shard, IsTakenFromTheLauncher) {
    const std::vector<Launcher> all = {
        {{}, 0, 1, ""},
        {{{"JOB_COMPLETION_INDEX", "3"}, {"JUMPLOAD_SHARDS", "4"}}, 3, 4, "JOB_COMPLETION_INDEX"},
        {{{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}}, 1, 4, "SLURM_PROCID"},
        {{{"SLURM_ARRAY_TASK_ID", "7"},
          {"SLURM_ARRAY_TASK_COUNT", "4"},
          {"SLURM_ARRAY_TASK_MIN", "5"}},
         2,
         4,
         "SLURM_ARRAY_TASK_ID"},
        {{{"SLURM_ARRAY_TASK_ID", "6"},
          {"SLURM_ARRAY_TASK_COUNT", "4"},
          {"SLURM_ARRAY_TASK_MIN", "0"},
          {"SLURM_ARRAY_TASK_STEP", "2"}},
         3,
         4,
         "SLURM_ARRAY_TASK_ID"},
        {{{"SLURM_ARRAY_TASK_ID", "1"},
          {"SLURM_ARRAY_TASK_COUNT", "2"},
          {"SLURM_ARRAY_TASK_MIN", "0"},
          {"SLURM_PROCID", "2"},
          {"SLURM_NTASKS", "3"}},
         5,
         6,
         "SLURM_PROCID"},
        {{{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "4"}},
         0,
         4,
         "OMPI_COMM_WORLD_RANK"},
        // mpirun below Slurm: its own ranks count, Slurm started only its daemons.
        {{{"OMPI_COMM_WORLD_RANK", "2"},
          {"OMPI_COMM_WORLD_SIZE", "4"},
          {"SLURM_PROCID", "0"},
          {"SLURM_NTASKS", "1"}},
         2,
         4,
         "OMPI_COMM_WORLD_RANK"},
        {{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, 1, 2, "PMI_RANK"},
    };
    for (const Launcher& launcher : all) {
        environment = launcher.environment;
        const Parsed<Shard> shard = shard_of_environment(get);
        ASSERT_TRUE(std::holds_alternative<Shard>(shard)) << std::get<Problem>(shard).text;
        EXPECT_EQ(std::get<Shard>(shard).index, launcher.index) << launcher.from;
        EXPECT_EQ(std::get<Shard>(shard).count, launcher.count) << launcher.from;
        EXPECT_EQ(std::get<Shard>(shard).from, launcher.from);
    }
}

TEST(Shard, SaysWhatALauncherDidNotTell) {
    const std::vector<std::pair<std::map<std::string, std::string>, const char*>> all = {
        {{{"JOB_COMPLETION_INDEX", "3"}}, "JUMPLOAD_SHARDS is missing; set JUMPLOAD_SHARDS"},
        {{{"JOB_COMPLETION_INDEX", "4"}, {"JUMPLOAD_SHARDS", "4"}}, "JOB_COMPLETION_INDEX=4"},
        {{{"SLURM_PROCID", "x"}, {"SLURM_NTASKS", "4"}}, "SLURM_PROCID=x"},
        {{{"SLURM_PROCID", "1"}}, "SLURM_NTASKS is missing"},
        {{{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "0"}}, "OMPI_COMM_WORLD_SIZE=0"},
    };
    for (const auto& [variables, said] : all) {
        environment = variables;
        const Parsed<Shard> shard = shard_of_environment(get);
        ASSERT_TRUE(std::holds_alternative<Problem>(shard)) << said;
        EXPECT_NE(std::get<Problem>(shard).text.find(said), std::string::npos)
            << std::get<Problem>(shard).text;
    }
}

}  // namespace
}  // namespace jumpgate::load
