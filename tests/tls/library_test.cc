#include "tls/library.h"

#include <gtest/gtest.h>

#include <regex>

#include "tls/context.h"

namespace jumpgate::tls {
namespace {

TEST(Library, StartsOnceForAll) {
    EXPECT_TRUE(start_library());
    EXPECT_TRUE(start_library());
}

TEST(LibraryVersion, SaysWhetherThereIsAssembly) {
    EXPECT_TRUE(std::regex_match(
        library_version(), std::regex(R"(wolfSSL \d+\.\d+\.\d+, (assembly|no assembly \(slow\)))")))
        << library_version();
}

}  // namespace
}  // namespace jumpgate::tls
