// CredentialFiles: the files that certificates, keys, CAs and lists are read from: what is watched.
//
// Law: paths as whoever reads them opens them (located(), objects.h). Opens nothing.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/config/objects.h"

namespace jumpgate {

// All that load_credentials() (credentials.h) may open, of flags and of objects; each once, sorted.
std::vector<std::string> credential_files(const Config& config, const Objects& objects);

}  // namespace jumpgate
