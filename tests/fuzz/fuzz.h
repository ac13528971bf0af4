// What a fuzz target defines: one entry for any bytes, and inputs to begin with.
//
// Law: the entry takes every input without harm and CHECKs what must hold of the answer. Under
// clang libFuzzer finds the inputs; under any compiler replay.cc tries seeded variants of `seeds`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace jumpgate {

std::vector<std::vector<uint8_t>> seeds();

}  // namespace jumpgate
