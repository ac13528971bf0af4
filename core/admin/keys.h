// Keys: who may use the Admin API: the keys of --admin-key-file and of
// --admin-viewer-key-file.
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
    // Adds the keys of a file's text, one in a line, several so that they can be changed one by
    // one; empty lines and those that begin with '#' are skipped. A key is 16 to 256 printable
    // ASCII characters without a space.
    std::optional<Problem> add(std::string_view text, Role role);

    // The role of that key; nothing where it is none of ours.
    std::optional<Role> role_of(std::string_view key) const;

    size_t size() const { return entries_.size(); }
    // The same keys in the same order. Not for what strangers send.
    bool operator==(const Keys& other) const = default;

  private:
    struct Entry {
        std::string key;
        Role role;
        bool operator==(const Entry& other) const = default;
    };
    std::vector<Entry> entries_;
};

struct KeyFile {
    bool generated = false;  // there was no such file: now there is, with a new key
    std::string warning;     // others may read it; empty: they may not
};

// Adds the keys of that file. An admin's file that is missing is made: 32 random bytes in
// hexadecimal, mode 0600. The problem names the path.
Parsed<KeyFile> open_key_file(const std::string& path, Role role, Keys& keys);
// The same without a new key: a file that is missing is a problem.
Parsed<KeyFile> read_key_file(const std::string& path, Role role, Keys& keys);

// Time depends on no text but on kKeyLengthMax.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace jumpgate
