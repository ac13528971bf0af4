#include "core/config/server_names.h"

#include "core/base/host_port.h"

namespace jumpgate::shape {

static Parsed<std::string> parse_server_name(std::string_view text) {
    const bool wildcard = text.starts_with("*.");
    Parsed<std::string> name = parse_name(wildcard ? text.substr(2) : text);
    if (!wildcard || std::holds_alternative<Problem>(name)) return name;
    return "*." + std::get<std::string>(name);
}

Shape<std::string> server_name() {
    return parsed<std::string>(parse_server_name, "a host name, or *.NAME for all below it");
}

}  // namespace jumpgate::shape
