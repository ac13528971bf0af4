#include "core/base/writable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace jumpgate {

// AT_EACCESS: by the rights that open(2) goes by, not those of who started the process.
static int access_error(const std::string& path, int mode) {
    return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

int write_error(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return errno == ENOENT ? creation_error(path) : errno;
    if (S_ISDIR(status.st_mode)) return EISDIR;
    return access_error(path, W_OK);
}

int creation_error(const std::string& path) {
    const size_t last = path.find_last_not_of('/');  // "folder/new/" is made by mkdir(2) as well
    const size_t slash = last == path.npos ? last : path.rfind('/', last);
    // With the slash: a file in the place of the folder is ENOTDIR then.
    const std::string folder = slash == path.npos ? "./" : path.substr(0, slash + 1);
    return access_error(folder, W_OK | X_OK);
}

}  // namespace jumpgate
