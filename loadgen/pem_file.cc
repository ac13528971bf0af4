#include "loadgen/pem_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace jumpgate {

// Above the CAs of any system; a longer file is something else.
static constexpr size_t kFileBytesMax = 4'194'304;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

std::variant<tls::Pem, tls::Problem> read_pem(const std::string& path) {
    const auto problem = [&](std::string_view what) {
        return tls::Problem{fmt::format("{}: {}", path, what)};
    };
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    if (!file) return problem(fmt::format("cannot be opened: {}", std::strerror(errno)));
    tls::Pem pem{path, {}};
    std::array<char, 4'096> block{};
    while (const size_t length = std::fread(block.data(), 1, block.size(), file.get())) {
        pem.text.append(block.data(), length);
        if (pem.text.size() > kFileBytesMax) return problem("is too long; allowed: 4 MiB");
    }
    // A folder opens, and cannot be read (EISDIR).
    if (std::ferror(file.get()) != 0) {
        return problem(fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    if (pem.empty()) return problem("is empty");
    return pem;
}

}  // namespace jumpgate
