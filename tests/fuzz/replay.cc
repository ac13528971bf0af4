// Replay: gives a fuzz target seeded random inputs, so that it is compiled and run by every test
// run; or the files that are named, as libFuzzer would.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

constexpr int kInputs = 4'000;

// Random, but half of them begin like a TLS record, or nothing deep is ever reached.
std::vector<uint8_t> make_input(std::mt19937& random) {
    std::vector<uint8_t> input(3 + random() % 400);
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
    if (random() % 2 == 0 && input.size() > 12) {
        const size_t body = input.size() - 2 - 5;
        const uint8_t types[] = {20, 21, 22, 23};
        const uint8_t head[] = {types[random() % 4],
                                3,
                                static_cast<uint8_t>(random() % 5),
                                static_cast<uint8_t>(body >> 8),
                                static_cast<uint8_t>(body),
                                static_cast<uint8_t>(random() % 3),
                                0};
        std::copy(std::begin(head), std::end(head), input.begin() + 2);
    }
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        std::ifstream file(argv[i], std::ios::binary);
        const std::vector<char> text(std::istreambuf_iterator<char>(file), {});
        LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    }
    if (argc > 1) return EXIT_SUCCESS;
    std::mt19937 random(7);
    for (int i = 0; i < kInputs; ++i) {
        const std::vector<uint8_t> input = make_input(random);
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%d inputs\n", kInputs);
    return EXIT_SUCCESS;
}
