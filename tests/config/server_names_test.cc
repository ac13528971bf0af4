#include "core/config/server_names.h"

#include <gtest/gtest.h>

#include "tests/config/documents.h"

namespace jumpgate {

static std::string name_of(const std::string& text) {
    Checked found;
    const Place place{"f", &found, "sni"};
    return shape::server_name().read(make_text(text), place).value_or("refused");
}

TEST(ServerName, IsLowerCaseAndMayBeginWithAStar) {
    EXPECT_EQ(name_of("MQTT.Example.com"), "mqtt.example.com");
    EXPECT_EQ(name_of("*.Example.com"), "*.example.com");
}

TEST(ServerName, IsNoPattern) {
    for (const char* text :
         {"", "*", "*.", "a*.com", "*a.com", "a.*.com", "*.*.com", "a..b", "a:1"})
        EXPECT_EQ(name_of(text), "refused") << text;
}

}  // namespace jumpgate
