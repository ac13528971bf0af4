// Groups of flags with a file of their own: rows of the one table that flags.cc puts together.
//
// Law: private to core/config; each adds its rows in the order of --help. What must hold between
// the values is rules.h's.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/flags.h"
#include "core/config/config.h"

namespace jumpgate {

void add_tls(FlagTable& table, Config& config);             // flags_tls.cc
void add_upstream_tls(FlagTable& table, Config& config);    // flags_tls.cc
void add_proxy_protocol(FlagTable& table, Config& config);  // flags_proxy_protocol.cc
void add_brokers(FlagTable& table, Config& config);         // flags_brokers.cc
void add_control(FlagTable& table, Config& config);         // flags_control.cc

// What more than one of these files needs.

// A text that is not empty, for empty means "not given" in a Config (flags_tls.cc).
Flag& add_text(FlagTable& table, std::string name, std::string& target, std::string metavar,
               std::string help);

// A network in its shortest form, so that equal networks are equal texts
// (flags_proxy_protocol.cc).
Parsed<std::string> parse_network(std::string_view value);

// A repeatable row that takes several items between commas; each is read by `read`, a
// Parsed<std::string>(std::string_view), and appended to `target`.
template <class Parse>
Flag& add_texts(FlagTable& table, std::string name, std::vector<std::string>& target, Parse read,
                std::string metavar, std::string allowed, std::string help) {
    const auto read_all = [read](std::string_view value) -> Parsed<std::vector<std::string>> {
        std::vector<std::string> items;
        for (size_t start = 0; start <= value.size();) {
            const size_t end = std::min(value.find(',', start), value.size());
            const std::string_view part = value.substr(start, end - start);
            Parsed<std::string> item = read(part);
            if (Problem* problem = std::get_if<Problem>(&item)) {
                if (part == value) return std::move(*problem);
                return Problem{"names " + shown(part) + ", which " + problem->text};
            }
            items.push_back(std::move(std::get<std::string>(item)));
            start = end + 1;
        }
        return items;
    };
    const auto append = [&target](const std::vector<std::string>& items) {
        target.insert(target.end(), items.begin(), items.end());
    };
    Flag& flag = table.value(std::move(name), read_all, append, std::move(metavar),
                             std::move(allowed), std::move(help));
    flag.repeatable = true;
    return flag;
}

}  // namespace jumpgate
