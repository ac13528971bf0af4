#include "core/config/objects.h"

#include <fmt/format.h>

namespace jumpgate {

std::string text(const Origin& origin) {
    if (origin.from_api()) return "the Admin API";
    if (origin.mark.line == 0) return origin.file;
    return fmt::format("{}:{}", origin.file, origin.mark.line);
}

std::string located(const Origin& origin, const std::string& path) {
    const bool by_flag = origin.file.starts_with("--");  // "--broker" is no file
    const size_t slash = origin.file.rfind('/');
    if (by_flag || slash == std::string::npos || path.starts_with('/')) return path;
    return origin.file.substr(0, slash + 1) + path;
}

std::string_view text(ObjectType type) {
    switch (type) {
        case ObjectType::StreamRoute:
            return "stream_routes";
        case ObjectType::Upstream:
            return "upstreams";
        case ObjectType::Ssl:
            return "ssls";
    }
    return "";
}

}  // namespace jumpgate
