#include "tls/library.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "tls/context.h"

namespace jumpgate::tls {
namespace {

TEST(Library, StartsOnceForAll) {
    EXPECT_TRUE(start_library());
    EXPECT_TRUE(start_library());
}

TEST(LibraryVersion, IsThreeNumbers) {
    EXPECT_TRUE(
        std::regex_match(std::string(library_version()), std::regex(R"(\d+\.\d+\.\d+)")))
        << library_version();
}

}  // namespace
}  // namespace jumpgate::tls
