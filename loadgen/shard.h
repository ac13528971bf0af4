// Shard: one process's part of a run that several play together.
//
// Law: the plan is that of the whole run; shard I of N plays the units (pairs, clients) whose
// number is I modulo N, with the ids, times, addresses and rates that they have in the whole. So N
// shards with a common start (--start-at) are the run of one process, and their results add up to
// its. Which shard this is, launchers tell: Kubernetes Indexed Jobs, Slurm, MPI.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate::load {

inline constexpr uint64_t kShardsMax = 1'000'000;

struct Shard {
    uint32_t index = 0;
    uint32_t count = 1;  // at least 1
    std::string from;    // what told it: "--shard", "SLURM_PROCID"; empty: there is only one

    bool has(uint32_t unit) const { return unit % count == index; }
};

// "2/8": shard 2 of the eight 0 to 7.
Parsed<Shard> parse_shard(std::string_view text);

// From the environment, read by `get` (getenv(3)). The problem is said whole.
//   Kubernetes: JOB_COMPLETION_INDEX, and JUMPLOAD_SHARDS for the job's completions.
//   Slurm: SLURM_PROCID of SLURM_NTASKS, within SLURM_ARRAY_TASK_ID of SLURM_ARRAY_TASK_COUNT.
//   MPI: OMPI_COMM_WORLD_RANK of OMPI_COMM_WORLD_SIZE, or PMI_RANK of PMI_SIZE.
Parsed<Shard> shard_of_environment(const char* (*get)(const char* name));

}  // namespace jumpgate::load
