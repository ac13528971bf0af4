#include "core/proxy/certificate_expiry.h"

#include <fmt/format.h>

#include <ctime>

namespace jumpgate {

namespace {

constexpr int64_t kDayS = 86'400;

std::string date_of(int64_t time_s) {
    const std::time_t time = time_s;
    std::tm parts{};
    gmtime_r(&time, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string days(int64_t count) { return fmt::format("{} day{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::optional<std::string> expiry_warning(std::string_view where, int64_t not_after_s,
                                          int64_t now_s) {
    if (not_after_s - now_s >= kExpiryWarningDays * kDayS) return std::nullopt;
    if (not_after_s < now_s)
        return fmt::format("{}: has expired on {}: whoever looks at the date refuses it; renew it",
                           where, date_of(not_after_s));
    return fmt::format("{}: expires in {}, on {}: renew it", where,
                       days((not_after_s - now_s) / kDayS), date_of(not_after_s));
}

}  // namespace jumpgate
