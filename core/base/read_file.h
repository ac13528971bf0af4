// read_file: all of a file as text: certificates, keys, lists. For the start and for reloads, not
// for the data path: it waits for the disk. It waits for nothing else: what is no regular file (a
// FIFO, a terminal, a device) is a problem, never a wait.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/parsed.h"

namespace jumpgate {

// Above the CAs of any system; a longer file is something else.
inline constexpr size_t kTextFileBytesMax = 16U << 20U;

// The problem is said without the path, after which it reads well: "No such file or directory",
// "is no regular file", "is empty", "is over 16 MiB". REQUIRES whole MiB in `bytes_max`.
Parsed<std::string> read_file(const std::string& path, size_t bytes_max = kTextFileBytesMax);

}  // namespace jumpgate
