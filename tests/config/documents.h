// Documents as the tests of core/config write them: YAML in, a Value or the lines of complaints
// out.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/read_objects.h"
#include "core/config/yaml.h"

namespace jumpgate {

// The tree of `yaml`; a failure of the test where it has none.
inline Value value_of(std::string_view yaml) {
    std::variant<Value, Complaint> read = read_yaml(yaml, "f");
    const Complaint* complaint = std::get_if<Complaint>(&read);
    EXPECT_EQ(complaint, nullptr) << text(*complaint);
    return complaint == nullptr ? std::get<Value>(std::move(read)) : Value{};
}

inline std::vector<std::string> lines(const std::vector<Complaint>& complaints) {
    std::vector<std::string> result;
    for (const Complaint& complaint : complaints) result.push_back(text(complaint));
    return result;
}

struct ObjectsRead {
    Objects objects;
    std::vector<std::string> errors;
    std::vector<std::string> warnings;
};

// What a file "f" with `yaml` in it gives.
inline ObjectsRead objects_of(std::string_view yaml) {
    ObjectsRead result;
    Checked found;
    read_objects(value_of(yaml), "f", result.objects, found);
    result.errors = lines(found.errors);
    result.warnings = lines(found.warnings);
    return result;
}

// All errors as one text, a line each.
inline std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "\n") + part;
    return text;
}

}  // namespace jumpgate
