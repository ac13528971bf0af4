// Environment: where and how a run was played, so that its figures can be judged and repeated.
//
// Law: asks the kernel, never fails: what it does not learn is empty or 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace jumpgate::load {

struct Environment {
    std::string host;
    std::string kernel;  // "Linux 6.1.0-18-amd64 x86_64"
    std::string cpu;     // the model's name
    uint64_t cpus = 0;   // that this process may use
    uint64_t descriptors_max = 0;
    uint64_t start_unix_ns = 0;  // the wall clock at the start of the run
};

// As of now.
Environment look_around();

// "2026-11-23T17:30:00.123Z"
std::string utc_text(uint64_t unix_ns);

// The arguments as a shell reads them back, on one line of UTF-8. Passwords (-P, --password) are
// three stars: results are passed around.
std::string command_line(std::span<const char* const> arguments);

}  // namespace jumpgate::load
