// LoadFiles: what core/config reads, as the catalog wants it.
#pragma once

#include "core/admin/reloader.h"
#include "core/config/load.h"

namespace jumpgate {

// What the process started with.
FileObjects file_objects(const Loaded& loaded);

// Flags, environment and files, read again.
LoadedFiles load_files(const Loaded& running);

}  // namespace jumpgate
