// SHA-256 through the linker's wrap gives the digests of FIPS 180-4, also behind elliptic curves.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tls/library.h"

extern "C" int __wrap_wc_Sha256Final(wc_Sha256* hash, byte* digest);

namespace jumpgate::tls {
namespace {

std::string sha256(std::string_view text) {
    wc_Sha256 hash;
    wc_InitSha256(&hash);
    wc_Sha256Update(&hash, reinterpret_cast<const byte*>(text.data()),
                    static_cast<word32>(text.size()));
    std::array<uint8_t, 32> digest{};
    wc_Sha256Final(&hash, digest.data());
    std::string hex;
    for (const uint8_t byte : digest) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
}

TEST(Sha256Wrap, HashesAsBefore) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Wrap, IsWhatTheNameMeansHere) {
    EXPECT_EQ(reinterpret_cast<void*>(&wc_Sha256Final),
              reinterpret_cast<void*>(&__wrap_wc_Sha256Final));
}

}  // namespace
}  // namespace jumpgate::tls
