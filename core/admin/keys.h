// Keys: who may use the Admin API: the keys of --admin-key-file and their roles.
//
// Law: there is no default key. Keys that the world knows, and short ones, are refused; a
// comparison takes the same time wherever the texts differ, and no key is ever logged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parsed.h"

namespace jumpgate {

inline constexpr size_t kKeyLengthMin = 16;
inline constexpr size_t kKeyLengthMax = 256;

enum class Role : uint8_t { Admin, Viewer };  // a viewer may only GET

class Keys {
  public:
    // A line each: "KEY" or "admin KEY" or "viewer KEY"; several of a role, so that they can be
    // changed one by one; empty lines and those that begin with '#' are skipped. KEY: 16 to 256
    // printable ASCII characters without a space. At least one must be an admin's.
    static Parsed<Keys> parse(std::string_view text);

    // The role of that key; nothing where it is none of ours.
    std::optional<Role> role_of(std::string_view key) const;

  private:
    struct Entry {
        std::string key;
        Role role;
    };
    std::vector<Entry> entries_;
};

struct KeyFile {
    Keys keys;
    bool generated = false;  // there was no such file: now there is, with a new key
    std::string warning;     // others may read it; empty: they may not
};

// Reads the file, or makes it: 32 random bytes in hexadecimal, mode 0600. The problem names the
// path.
Parsed<KeyFile> open_key_file(const std::string& path);

// Time depends on no text but on kKeyLengthMax.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace jumpgate
