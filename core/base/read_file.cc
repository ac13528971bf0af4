#include "core/base/read_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace jumpgate {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

Parsed<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    if (file == nullptr) return Problem{std::strerror(errno)};
    std::string text;
    std::array<char, 16'384> block;
    while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
        text.append(block.data(), count);
        if (text.size() > kTextFileBytesMax) return Problem{"is over 16 MiB"};
    }
    // A folder opens, and cannot be read (EISDIR).
    if (std::ferror(file.get()) != 0) return Problem{std::strerror(errno)};
    if (text.empty()) return Problem{"is empty"};
    return text;
}

}  // namespace jumpgate
