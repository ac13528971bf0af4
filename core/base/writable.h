// writable: whether a file could be written, found out without making or opening it.
//
// Law: asks permissions, leaves no trace. An answer holds for the moment: whoever writes later
// still looks at what open(2) says.
#pragma once

#include <string>

namespace jumpgate {

// What open(2) would fail with, asked to write `path` and to make it where it is missing: an errno
// such as ENOENT, EACCES, EISDIR, EROFS; 0: it would not fail.
int write_error(const std::string& path);

// The same for a new name: whether the folder of `path` is there and takes one.
int creation_error(const std::string& path);

}  // namespace jumpgate
