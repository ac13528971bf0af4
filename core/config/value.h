// Value: a document, YAML or JSON, as one tree that remembers where each part was written.
//
// Law: keys are unique, order is kept, depth and size are limited by the readers (yaml.h, json.h).
// Knows no meaning: fields.h gives it one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate {

// Where something stands in a text, from 1; 0: nowhere (it came by the API).
struct Mark {
    uint32_t line = 0;
    uint32_t column = 0;
    bool operator==(const Mark&) const = default;
};

struct Member;

struct Value {
    enum class Kind : uint8_t { Null, Bool, Integer, Real, Text, List, Map };

    Kind kind = Kind::Null;
    Mark mark{};
    bool boolean = false;
    int64_t integer = 0;
    double real = 0;
    std::string text{};             // of Text
    std::vector<Value> items{};     // of List
    std::vector<Member> members{};  // of Map, in the order they were written

    // The member `key` of a Map; null where there is none.
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key);
};

struct Member {
    std::string key;
    Mark mark{};
    Value value{};
};

Value make_text(std::string text);
Value make_integer(int64_t integer);
Value make_real(double real);
Value make_boolean(bool boolean);
Value make_list();
Value make_map();
// Sets or replaces the member `key` of a Map.
void set(Value& map, std::string_view key, Value value);

// A scalar as a command line would have it, a number as it was written; empty for null, list, map.
std::string scalar_text(const Value& value);

// Compact JSON, members in their order.
std::string to_json(const Value& value);
// RFC 7396: null removes, maps are merged, all else is replaced.
void merge_patch(Value& target, const Value& patch);

// Something a person has to mend: "conf.yaml:8:5: upstreams[0].type: is unknown; allowed: ...".
struct Complaint {
    std::string file;  // or "flag", "environment", "request"; may be empty
    Mark mark{};
    std::string path;     // "upstreams[0].nodes[2].port"; may be empty
    std::string problem;  // "is out of range"
    std::string allowed;  // "1 to 65535"; may be empty
};
std::string text(const Complaint& complaint);

// What was found. Errors forbid the whole; warnings (a field without effect here, a route that
// cannot be reached) are for the log.
struct Checked {
    std::vector<Complaint> errors;
    std::vector<Complaint> warnings;
};

}  // namespace jumpgate
