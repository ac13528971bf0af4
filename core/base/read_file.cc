#include "core/base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace jumpgate {

namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// O_NONBLOCK: open(2) of a FIFO waits for who writes into it, and a tape for its medium. For a
// regular file it means nothing.
Parsed<File> open_regular(const std::string& path, struct stat& status) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return Problem{std::strerror(errno)};
    File file(fdopen(fd, "r"));
    if (file == nullptr) {
        const int sys = errno;
        close(fd);
        return Problem{std::strerror(sys)};
    }
    if (fstat(fd, &status) != 0) return Problem{std::strerror(errno)};
    if (S_ISDIR(status.st_mode)) return Problem{std::strerror(EISDIR)};
    if (!S_ISREG(status.st_mode)) return Problem{"is no regular file"};
    return file;
}

size_t reserved_bytes(const struct stat& status, size_t bytes_max) {
    const auto size = static_cast<size_t>(std::max<off_t>(status.st_size, 0));
    return std::min(size, bytes_max);
}

}  // namespace

Parsed<std::string> read_file(const std::string& path, size_t bytes_max) {
    struct stat status {};
    Parsed<File> opened = open_regular(path, status);
    if (Problem* problem = std::get_if<Problem>(&opened)) return std::move(*problem);
    const File& file = std::get<File>(opened);
    std::string text;  // grows once: a key leaves no copies behind
    text.reserve(reserved_bytes(status, bytes_max));
    std::array<char, 16'384> block;
    while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
        if (text.size() + count > bytes_max) {
            return Problem{"is over " + std::to_string(bytes_max >> 20U) + " MiB"};
        }
        text.append(block.data(), count);
    }
    explicit_bzero(block.data(), block.size());  // it may have been a key
    if (std::ferror(file.get()) != 0) return Problem{std::strerror(errno)};
    if (text.empty()) return Problem{"is empty"};
    return text;
}

}  // namespace jumpgate
