#include "core/config/place.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/cut_text.h"

namespace jumpgate {

namespace {

// Paths are one line, and a key may be as long as a file.
constexpr size_t kPathBytesMax = 256;

std::string cut(std::string path) {
    if (path.size() <= kPathBytesMax) return path;
    return std::string(cut_text(path, kPathBytesMax)) + "...";
}

}  // namespace

Place Place::at(std::string_view member) const {
    std::string inner = path.empty() ? "" : path + ".";
    for (const char c : member) inner += c >= 0 && c < ' ' ? '?' : c;
    return {file, found, cut(std::move(inner))};
}

Place Place::at(size_t index) const {
    return {file, found, cut(fmt::format("{}[{}]", path, index))};
}

void Place::error(Mark mark, std::string problem, std::string allowed) const {
    found->errors.push_back(
        {std::string(file), mark, path, std::move(problem), std::move(allowed)});
}

void Place::warning(Mark mark, std::string problem, std::string allowed) const {
    found->warnings.push_back(
        {std::string(file), mark, path, std::move(problem), std::move(allowed)});
}

}  // namespace jumpgate
