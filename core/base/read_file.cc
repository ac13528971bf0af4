#include "core/base/read_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace jumpgate {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

static size_t reserved_bytes(const struct stat& status) {
    const auto size = static_cast<size_t>(std::max<off_t>(status.st_size, 0));
    return std::min(size, kTextFileBytesMax);
}

Parsed<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    if (file == nullptr) return Problem{std::strerror(errno)};
    struct stat status {};
    std::string text;  // grows once: a key leaves no copies behind
    if (fstat(fileno(file.get()), &status) == 0) text.reserve(reserved_bytes(status));
    std::array<char, 16'384> block;
    while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
        if (text.size() + count > kTextFileBytesMax) return Problem{"is over 16 MiB"};
        text.append(block.data(), count);
    }
    explicit_bzero(block.data(), block.size());  // it may have been a key
    // A folder opens, and cannot be read (EISDIR).
    if (std::ferror(file.get()) != 0) return Problem{std::strerror(errno)};
    if (text.empty()) return Problem{"is empty"};
    return text;
}

}  // namespace jumpgate
