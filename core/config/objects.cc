#include "core/config/objects.h"

#include <fmt/format.h>

namespace jumpgate {

std::string text(const Origin& origin) {
    if (origin.from_api()) return "the Admin API";
    if (origin.mark.line == 0) return origin.file;
    return fmt::format("{}:{}", origin.file, origin.mark.line);
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
