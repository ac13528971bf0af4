#include "core/base/base64.h"

#include <gtest/gtest.h>

#include "core/base/rng.h"

namespace jumpgate {
namespace {

struct Pair {
    std::string_view bytes;
    std::string_view text;
};

// RFC 4648, section 10
constexpr Pair kOfTheRfc[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(Base64, AgreesWithTheExamplesOfTheRfc) {
    for (const Pair& pair : kOfTheRfc) {
        EXPECT_EQ(to_base64(pair.bytes), pair.text);
        EXPECT_EQ(from_base64(pair.text), pair.bytes);
    }
}

TEST(Base64, ReadsBackWhatItWrote) {
    Rng rng(1);
    for (size_t length = 0; length < 100; ++length) {
        std::string bytes;
        for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(rng.below(256));
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    }
}

TEST(Base64, RefusesWhatIsNotBase64) {
    for (const char* text : {"Z", "Zg", "Zg=", "Zm9v=", "====", "=g==", "Z===", "Zg==Zg==", "Zm9-",
                             "Zm9\n", "Zh==", "Zm9=", "Zm 9"}) {
        EXPECT_EQ(from_base64(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace jumpgate
