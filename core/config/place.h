// Place: where a reader of values stands, so that it can complain: "upstreams[0].nodes[2]".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/config/value.h"

namespace jumpgate {

struct Place {
    std::string_view file;  // outlives the reading
    Checked* found;         // never null
    std::string path{};     // empty: the whole document, or the body of a request

    Place at(std::string_view member) const;
    Place at(size_t index) const;

    void error(Mark mark, std::string problem, std::string allowed = "") const;
    void warning(Mark mark, std::string problem, std::string allowed = "") const;
};

}  // namespace jumpgate
