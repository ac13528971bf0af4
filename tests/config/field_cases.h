// Cases of one field with a wrong value, for all tables of fields: the document, the complaint.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/config/documents.h"

namespace jumpgate {

// A fragment of an object (YAML flow members, without braces), and the one complaint it brings.
struct FieldCase {
    std::string fragment;
    std::string complaint;  // path: problem; allowed. Empty: accepted
};

// The complaints without their file and mark, each of which must be given: "f:2:9: x: ..." is
// "x: ...". `list` is "upstreams" and the like.
inline std::string without_marks(const std::vector<std::string>& lines, const std::string& list) {
    std::string text;
    for (const std::string& line : lines) {
        EXPECT_TRUE(line.starts_with("f:")) << line;
        const size_t path = line.find(list + "[0]");
        EXPECT_NE(path, line.npos) << line;
        if (path == line.npos) continue;
        std::string rest = line.substr(path + list.size() + 3);
        if (rest.starts_with('.')) rest.erase(0, 1);
        if (rest.starts_with(": ")) rest.erase(0, 2);
        text += (text.empty() ? "" : "\n") + rest;
    }
    return text;
}

// `common`: members that every case needs, as "nodes: {b1: 1}, ".
inline void expect_cases(const std::string& list, const std::string& common,
                         const std::vector<FieldCase>& cases) {
    for (const FieldCase& c : cases) {
        const ObjectsRead read = objects_of(list + ":\n- {" + common + c.fragment + "}\n");
        EXPECT_EQ(without_marks(read.errors, list), c.complaint) << c.fragment;
    }
}

// The same of warnings, with no error beside them.
inline void expect_warnings(const std::string& list, const std::string& common,
                            const std::vector<FieldCase>& cases) {
    for (const FieldCase& c : cases) {
        const ObjectsRead read = objects_of(list + ":\n- {" + common + c.fragment + "}\n");
        EXPECT_EQ(joined(read.errors), "") << c.fragment;
        EXPECT_EQ(without_marks(read.warnings, list), c.complaint) << c.fragment;
    }
}

}  // namespace jumpgate
