#include "core/config/pem.h"

#include <algorithm>

#include "core/base/flags.h"
#include "core/config/environment.h"

namespace jumpgate::shape {

namespace {

constexpr std::string_view kAllowed =
    "PEM text (\"-----BEGIN ...\") up to 1 MiB, the path of a PEM file, or $ENV://VARIABLE";
constexpr std::string_view kBegin = "-----BEGIN";
constexpr std::string_view kEnvironment = "$ENV://";
constexpr size_t kPemBytesMax = 1U << 20U;
constexpr size_t kPathBytesMax = 4'095;  // PATH_MAX less its NUL

std::optional<PemSource> read_pem(const Value& value, const Place& place) {
    std::optional<std::string> text = read_text(value, place, 1, kPemBytesMax, kAllowed);
    if (!text) return std::nullopt;
    const auto refuse = [&](std::string problem) -> std::optional<PemSource> {
        place.error(value.mark, std::move(problem), std::string(kAllowed));
        return std::nullopt;
    };
    if (text->starts_with("$secret://"))
        return refuse("is kept in a secret store, which is not supported");
    std::string variable;
    if (text->starts_with(kEnvironment)) {
        variable = *std::move(text);
        text = environment_variable(variable.substr(kEnvironment.size()));
        if (!text || text->empty()) return refuse("names an environment variable that is not set");
    }
    const size_t begin = text->find_first_not_of(" \t\r\n");
    if (begin != text->npos && text->compare(begin, kBegin.size(), kBegin) == 0)
        return PemSource{text->substr(begin), "", std::move(variable)};
    // Not taken for a path: paths are shown, and any secret may be in a variable.
    if (!variable.empty()) return refuse(shown(variable) + " holds no PEM");
    if (text->size() > kPathBytesMax || text->find_first_of("\r\n") != text->npos)
        return refuse("is neither PEM nor the path of a file");
    return PemSource{"", *std::move(text)};
}

}  // namespace

Shape<PemSource> pem() {
    return {std::string(kAllowed), schema_of({{"type", make_text("string")}}), read_pem};
}

}  // namespace jumpgate::shape
