#include "loadgen/shard.h"

#include <fmt/format.h>

#include <optional>

#include "core/base/flags.h"

namespace jumpgate::load {

Parsed<Shard> parse_shard(std::string_view text) {
    const size_t slash = text.find('/');
    if (slash == std::string_view::npos) return Problem{"is not I/N"};
    const Parsed<uint64_t> count = parse_number(text.substr(slash + 1), 1, kShardsMax);
    if (const Problem* problem = std::get_if<Problem>(&count)) return *problem;
    const uint64_t shards = std::get<uint64_t>(count);
    const Parsed<uint64_t> index = parse_number(text.substr(0, slash), 0, shards - 1);
    if (const Problem* problem = std::get_if<Problem>(&index)) return *problem;
    return Shard{static_cast<uint32_t>(std::get<uint64_t>(index)), static_cast<uint32_t>(shards),
                 "--shard"};
}

namespace {

class Environment {
  public:
    explicit Environment(const char* (*get)(const char* name)) : get_(get) {}

    bool has(const char* name) const { return get_(name) != nullptr; }
    // Sets `problem` where it is not there or no number of that range.
    uint64_t number(const char* name, uint64_t min, uint64_t max, std::string& problem) const {
        const char* text = get_(name);
        const Parsed<uint64_t> parsed =
            text == nullptr ? Problem{"is missing"} : parse_number(text, min, max);
        if (const uint64_t* value = std::get_if<uint64_t>(&parsed)) return *value;
        if (problem.empty())
            problem = fmt::format("{}{} {}", name, text == nullptr ? "" : fmt::format("={}", text),
                                  std::get<Problem>(parsed).text);
        return min;
    }

  private:
    const char* (*get_)(const char* name);
};

struct Part {
    uint64_t index = 0;
    uint64_t count = 1;
};

// Which of how many, by two variables.
Part part_of(const Environment& environment, const char* index, const char* count,
             std::string& problem) {
    Part part;
    part.count = environment.number(count, 1, kShardsMax, problem);
    part.index = environment.number(index, 0, part.count - 1, problem);
    return part;
}

Part array_of(const Environment& environment, std::string& problem) {
    const uint64_t count = environment.number("SLURM_ARRAY_TASK_COUNT", 1, kShardsMax, problem);
    const uint64_t first = environment.number("SLURM_ARRAY_TASK_MIN", 0, UINT32_MAX, problem);
    // Tasks count 0 to COUNT - 1 from the lowest; with a step, ids are further apart.
    const uint64_t step = environment.has("SLURM_ARRAY_TASK_STEP")
                              ? environment.number("SLURM_ARRAY_TASK_STEP", 1, UINT32_MAX, problem)
                              : 1;
    const uint64_t id =
        environment.number("SLURM_ARRAY_TASK_ID", first, first + step * (count - 1), problem);
    return {(id - first) / step, count};
}

}  // namespace

Parsed<Shard> shard_of_environment(const char* (*get)(const char* name)) {
    const Environment environment(get);
    std::string problem;
    std::string from;
    Part part;
    if (environment.has("JOB_COMPLETION_INDEX")) {
        from = "JOB_COMPLETION_INDEX";
        part = part_of(environment, "JOB_COMPLETION_INDEX", "JUMPLOAD_SHARDS", problem);
    } else if (environment.has("OMPI_COMM_WORLD_RANK")) {
        from = "OMPI_COMM_WORLD_RANK";
        part = part_of(environment, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", problem);
    } else if (environment.has("SLURM_PROCID") || environment.has("SLURM_ARRAY_TASK_ID")) {
        from = environment.has("SLURM_PROCID") ? "SLURM_PROCID" : "SLURM_ARRAY_TASK_ID";
        if (environment.has("SLURM_PROCID"))
            part = part_of(environment, "SLURM_PROCID", "SLURM_NTASKS", problem);
        if (environment.has("SLURM_ARRAY_TASK_ID")) {
            const Part array = array_of(environment, problem);
            part = {array.index * part.count + part.index, array.count * part.count};
        }
    } else if (environment.has("PMI_RANK")) {
        from = "PMI_RANK";
        part = part_of(environment, "PMI_RANK", "PMI_SIZE", problem);
    }
    if (problem.empty() && part.count > kShardsMax) problem = from + " makes over a million shards";
    if (!problem.empty()) {
        return Problem{problem + (from == "JOB_COMPLETION_INDEX"
                                      ? "; set JUMPLOAD_SHARDS to the job's completions, or give "
                                        "--shard I/N"
                                      : "; give --shard I/N")};
    }
    return Shard{static_cast<uint32_t>(part.index), static_cast<uint32_t>(part.count),
                 std::move(from)};
}

}  // namespace jumpgate::load
