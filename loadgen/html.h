// Html: small texts of a report page: escaped words, and figures as people read them.
//
// Law: whatever comes from a file or a command line passes through escape_html() or
// to_script_json() before it is on a page. Pure.
#pragma once

#include <string>
#include <string_view>

namespace jumpgate::load {

// For text and for attributes in double quotes: & < > " and '.
std::string escape_html(std::string_view text);

// A JSON string, quotes included, that may stand in a <script> element: no < ends it and no
// <!-- hides what follows. REQUIRES well-formed UTF-8.
std::string to_script_json(std::string_view text);

std::string count_text(double count);   // "1,234,567"; "0.25" below 10 where not whole
std::string time_text(double time_us);  // "250 us" with the micro sign, "1.25 ms", "3.20 s"
std::string share_text(double share);   // "12.5 %"; "under 0.1 %" for what would round to 0
std::string ratio_text(double ratio);   // "1.04x" with the times sign

}  // namespace jumpgate::load
