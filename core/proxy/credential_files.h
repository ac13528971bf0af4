// CredentialFiles: the files that certificates, keys, CAs and lists are read from: what is watched.
//
// Law: one rule says where a relative path leads, for who reads the file and for who watches it.
// Opens nothing.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/objects.h"

namespace jumpgate {

// A path that stands in a file belongs to the folder of that file; one of a flag, or of the Admin
// API, is as it is.
std::string located(const Origin& origin, const std::string& path);

// All that load_credentials() (credentials.h) may open, of flags and of objects; each once, sorted.
std::vector<std::string> credential_files(const Config& config, const Objects& objects);

}  // namespace jumpgate
