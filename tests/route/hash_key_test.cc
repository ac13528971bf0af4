#include "core/route/hash_key.h"

#include <gtest/gtest.h>

#include <string>

#include "core/route/route_match.h"

namespace jumpgate {
namespace {

TEST(KeyOf, IsTheFieldOfTheClientThatTheRuleNames) {
    const std::array<uint8_t, 4> address = {192, 0, 2, 7};
    RouteQuery client{.client_id = "c", .username = "u", .cert_cn = "n", .remote_addr = address};
    std::string room;
    EXPECT_EQ(key_of(client, HashKey::ClientId, room), "c");
    EXPECT_EQ(key_of(client, HashKey::Username, room), "u");
    EXPECT_EQ(key_of(client, HashKey::CertCn, room), "n");
    EXPECT_EQ(key_of(client, HashKey::RemoteAddr, room), "192.0.2.7");
    client.client_id = {};
    EXPECT_EQ(key_of(client, HashKey::ClientId, room), "") << "it has no home";
}

TEST(KeyOf, IsTheAddressOfAnHttpClientThatHasNothingElse) {
    const std::array<uint8_t, 4> address = {192, 0, 2, 7};
    RouteQuery client{.cert_cn = "n", .remote_addr = address, .protocol = Protocol::Http};
    std::string room;
    EXPECT_EQ(key_of(client, HashKey::ClientId, room), "192.0.2.7");
    EXPECT_EQ(key_of(client, HashKey::CertCn, room), "n");
}

TEST(HashOf, KeepsItsPinnedVectors) {  // XXH3-64, seed 0, as `xxhsum -H3` prints it
    EXPECT_EQ(hash_of(""), 0x2d06800538d394c2u);
    EXPECT_EQ(hash_of("a"), 0xe6c632b61e964e1fu);
    EXPECT_EQ(hash_of("tenant7"), 0x50661d970a2bf816u);
    EXPECT_EQ(hash_of("device-000000001"), 0x55f4801c7e496593u);
    EXPECT_EQ(hash_of("tenant7/dev12"), 0x9c79b884630d2659u);
}

TEST(HashOf, HashesThePartBeforeTheFirstMark) {
    struct Case {
        std::string_view key;
        std::optional<char> until;
        std::string_view part;
    };
    const Case cases[] = {
        {"tenant7/dev12", '/', "tenant7"},
        {"tenant7/dev12", ':', "tenant7/dev12"},
        {"tenant7/dev12", std::nullopt, "tenant7/dev12"},
        {"tenant7/floor/dev12", '/', "tenant7"},
        {"tenant7/", '/', "tenant7"},
        {"tenant7", '/', "tenant7"},
        {"/dev12", '/', ""},
        {"", '/', ""},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(routed_part(c.key, c.until), c.part) << c.key;
        EXPECT_EQ(hash_of(c.key, c.until), hash_of(c.part)) << c.key;
    }
}

TEST(HashOf, ReadsAllBytesOfAKeyWithZeros) {
    EXPECT_NE(hash_of(std::string("a\0b", 3)), hash_of(std::string("a\0c", 3)));
    EXPECT_EQ(routed_part(std::string_view("a\0b", 3), '\0'), "a");
}

TEST(HashKeyText, IsTheWordOfTheFlag) {
    EXPECT_EQ(text(HashKey::ClientId), "client_id");
    EXPECT_EQ(text(HashKey::Username), "username");
    EXPECT_EQ(text(HashKey::RemoteAddr), "remote_addr");
}

}  // namespace
}  // namespace jumpgate
