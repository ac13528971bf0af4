#include "core/route/hash_key.h"

#include <gtest/gtest.h>

#include <string>

namespace jumpgate {
namespace {

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
