#include "loadgen/html.h"

#include <fmt/format.h>

#include <cmath>

namespace jumpgate::load {

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string to_script_json(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&') {
            json += fmt::format("\\u{:04x}", byte);
        } else {
            json += c;
        }
    }
    return json + '"';
}

std::string count_text(double count) {
    if (count < 10 && count != std::floor(count)) return fmt::format("{:.2f}", count);
    std::string digits = fmt::format("{:.0f}", count);
    const size_t sign = count < 0 ? 1 : 0;
    for (size_t i = digits.size(); i > 3 + sign; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

std::string time_text(double time_us) {
    if (time_us < 999.5) return fmt::format("{:.0f} \u00b5s", time_us);
    if (time_us < 999'500) return fmt::format("{:.3g} ms", time_us / 1e3);
    return fmt::format("{:.4g} s", time_us / 1e6);
}

std::string share_text(double share) {
    const double percent = share * 100;
    if (percent > 0 && percent < 0.1) return "under 0.1 %";
    if (percent < 100 && percent >= 99.95) return "over 99.9 %";
    return fmt::format("{:.{}f} %", percent, percent == std::floor(percent) ? 0 : 1);
}

std::string ratio_text(double ratio) {
    return fmt::format("{:.{}f}\u00d7", ratio, ratio < 10 ? 2 : ratio < 100 ? 1 : 0);
}

}  // namespace jumpgate::load
