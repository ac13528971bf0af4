// KeyFiles: the keys of the Admin API as the settings name them: --admin-key-file, or admin.key in
// the state directory, and --admin-viewer-key-file.
//
// Law: all files or none. A problem names flag and file, never a key.
#pragma once

#include <string>
#include <vector>

#include "core/admin/keys.h"
#include "core/base/parsed.h"
#include "core/config/config.h"

namespace jumpgate {

// An admin's file that is not there (a viewer's is a problem always).
enum class MissingKey : uint8_t {
    Make,    // at start: a new key is made
    Expect,  // where nothing may be written: a problem only where the start could not make it
    Refuse,  // on a reload: who removed it did not ask for another key
};

struct KeyFiles {
    Keys keys;
    std::vector<std::string> made;      // paths
    std::vector<std::string> warnings;  // others may read them
};

// REQUIRES: config.admin is given.
Parsed<KeyFiles> open_key_files(const Config& config, MissingKey missing);

// Their paths; no file need be there.
std::vector<std::string> key_file_paths(const Config& config);

}  // namespace jumpgate
