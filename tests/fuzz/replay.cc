// Replays a fuzz target without libFuzzer: its seeds, their prefixes, and seeded variants of them.
//
// Law: the same inputs on every machine. It guards what fuzzing found; it does not replace it.
//   replay [ROUNDS [SEED]]
//   replay FILE...        inputs that libFuzzer found
//   replay --write FOLDER puts the seeds there, for libFuzzer to begin with
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/base/rng.h"
#include "tests/fuzz/fuzz.h"

using Octets = std::vector<uint8_t>;

static void try_input(const Octets& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); }

static bool is_number(const char* text) { return text[strspn(text, "0123456789")] == '\0'; }

// The operations of libFuzzer that need no coverage: set, drop, insert, repeat, join.
static void vary(Octets& bytes, const std::vector<Octets>& seeds, jumpgate::Rng& rng) {
    constexpr uint8_t kEdges[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
    if (bytes.empty()) bytes.push_back(0);
    const size_t at = rng.below(bytes.size());
    const auto here = bytes.begin() + static_cast<long>(at);
    const size_t run = 1 + rng.below(std::min<size_t>(bytes.size() - at, 16));
    const auto run_end = here + static_cast<long>(run);
    switch (rng.below(6)) {
        case 0:
            *here = static_cast<uint8_t>(rng.next());
            break;
        case 1:
            *here = kEdges[rng.below(std::size(kEdges))];
            break;
        case 2:
            bytes.erase(here, run_end);
            break;
        case 3:
            bytes.insert(here, static_cast<uint8_t>(rng.next()));
            break;
        case 4: {
            const Octets copy(here, run_end);
            bytes.insert(here, copy.begin(), copy.end());
            break;
        }
        default: {
            const Octets& other = seeds[rng.below(seeds.size())];
            bytes.resize(at);
            bytes.insert(bytes.end(), other.end() - static_cast<long>(rng.below(other.size())),
                         other.end());
        }
    }
}

static int write_seeds(const std::string& folder) {
    size_t count = 0;
    for (const Octets& seed : jumpgate::seeds()) {
        std::ofstream file(folder + "/seed-" + std::to_string(count++), std::ios::binary);
        file.write(reinterpret_cast<const char*>(seed.data()), static_cast<long>(seed.size()));
        if (!file) return std::fprintf(stderr, "replay: cannot write to %s\n", folder.c_str()), 2;
    }
    return 0;
}

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--write") return write_seeds(argv[2]);
    if (argc > 1 && !is_number(argv[1])) {
        for (int i = 1; i < argc; ++i) {
            std::ifstream file(argv[i], std::ios::binary);
            if (!file) return std::fprintf(stderr, "replay: cannot read %s\n", argv[i]), 2;
            try_input(Octets{std::istreambuf_iterator<char>(file), {}});
        }
        return 0;
    }
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 100'000;
    jumpgate::Rng rng(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    const std::vector<Octets> seeds = jumpgate::seeds();
    for (const Octets& seed : seeds)
        for (size_t size = 0; size <= seed.size(); ++size)
            try_input({seed.begin(), seed.begin() + static_cast<long>(size)});
    for (int round = 0; round < rounds; ++round) {
        Octets bytes = seeds[rng.below(seeds.size())];
        for (uint64_t left = 1 + rng.below(5); left > 0; --left) vary(bytes, seeds, rng);
        try_input(bytes);
    }
    std::printf("%d variants of %zu seeds\n", rounds, seeds.size());
    return 0;
}
