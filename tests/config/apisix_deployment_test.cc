#include <gtest/gtest.h>

#include "tests/config/file_read.h"

namespace jumpgate {
namespace {

TEST(ApisixAdmin, IsOnOnlyWhereAFileAsksForIt) {
    struct Case {
        const char* text;
        const char* admin;
    };
    const Case cases[] = {
        {"deployment: {role: traditional}", ""},
        {"apisix: {enable_admin: false}", ""},
        {"apisix: {enable_admin: true}", "127.0.0.1:9180"},
        {"deployment: {admin: {admin_listen: {ip: 127.0.0.2, port: 1}}}", "127.0.0.2:1"},
        {"deployment: {admin: {admin_listen: {ip: \"::1\", port: 1}}}", "[::1]:1"},
        {"deployment: {admin: {admin_listen: {port: 7}}}", "127.0.0.1:7"},
        {"apisix: {enable_admin: false}\ndeployment: {admin: {admin_listen: {port: 7}}}", ""},
        {"apisix: {enable_admin: true}\njumpgate: {admin: \"127.0.0.1:5\"}", "127.0.0.1:5"},
    };
    for (const Case& c : cases) {
        const FileRead read({c.text});
        EXPECT_EQ(read.errors(), Lines()) << c.text;
        EXPECT_EQ(read.settings.config.admin, c.admin) << c.text;
    }
}

TEST(ApisixAdmin, TakesAddressAndNetworks) {
    const FileRead read(
        {"deployment:\n"
         "  admin:\n"
         "    admin_listen: {ip: 0.0.0.0, port: 9180}\n"
         "    allow_admin: [127.0.0.0/24, \"::1\"]\n"
         "    admin_api_version: v3\n"});
    EXPECT_EQ(read.errors(), Lines());
    EXPECT_EQ(read.warnings(), Lines());
    EXPECT_EQ(read.settings.config.admin, "0.0.0.0:9180");
    EXPECT_EQ(read.settings.config.admin_allow, (Lines{"127.0.0.0/24", "::1"}));
}

TEST(ApisixAdmin, TakesNoKeysFromFiles) {
    const FileRead read(
        {"deployment:\n"
         "  admin:\n"
         "    admin_key: [{name: admin, key: secret-key, role: admin}]\n"
         "    admin_key_required: false\n"
         "    enable_admin_cors: true\n"
         "  role_traditional: {config_provider: etcd}\n"});
    EXPECT_EQ(read.errors(), Lines());
    const Lines warnings = read.warnings();
    ASSERT_EQ(warnings.size(), 4u);
    EXPECT_TRUE(warnings[0].starts_with(
        "1.yaml:6:39: deployment.role_traditional.config_provider: etcd is not read"));
    EXPECT_TRUE(warnings[1].starts_with("1.yaml:3:5: deployment.admin.admin_key: keys are not"));
    EXPECT_EQ(warnings[1].find("secret-key"), std::string::npos);
    EXPECT_TRUE(warnings[2].starts_with("1.yaml:4:5: deployment.admin.admin_key_required: "));
    EXPECT_TRUE(warnings[3].starts_with("1.yaml:5:5: deployment.admin.enable_admin_cors: "));
}

TEST(ApisixAdmin, SaysWhatIsWrong) {
    EXPECT_EQ(FileRead({"apisix: {enable_admin: false}\njumpgate: {admin: unix:/s}"}).errors(),
              Lines{"1.yaml:1:24: apisix.enable_admin: is false, but 1.yaml:2:19 gives the Admin "
                    "API an address"});
    EXPECT_EQ(FileRead({"deployment: 5"}).errors(),
              Lines{"1.yaml:1:13: deployment: is a whole number; allowed: a map"});
    EXPECT_EQ(FileRead({"deployment: {admin: {admin_listen: {ip: here}}}"}).errors(),
              Lines{"1.yaml:1:36: deployment.admin.admin_listen: \"here:9180\" has a host name; an "
                    "IP address is needed; allowed: ADDR:PORT, [IPV6]:PORT, :PORT, or unix:PATH"});
    EXPECT_EQ(FileRead({"apisix: {enable_admin: true}\ndeployment: {admin: {allow_admin: [x]}}"})
                  .errors()
                  .size(),
              1u);
}

}  // namespace
}  // namespace jumpgate
