// --version: three lines, and what they name.
#include "core/proxy/version.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace jumpgate {
namespace {

TEST(VersionText, NamesTheProgramItsLibrariesAndTheKernel) {
    const std::string text = version_text();
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_EQ(text.rfind("jumpgate " JUMPGATE_VERSION "\n", 0), 0U);
    EXPECT_NE(text.find("liburing "), std::string::npos);
    EXPECT_NE(text.find("wolfSSL "), std::string::npos);
    EXPECT_NE(text.find("io_uring "), std::string::npos);
}

}  // namespace
}  // namespace jumpgate
