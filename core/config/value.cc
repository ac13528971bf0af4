#include "core/config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace jumpgate {

namespace {

void append_text(std::string& json, std::string_view text) {
    json += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (c == '\n') {
            json += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(json), "\\u{:04x}", byte);
        } else {
            json += c;
        }
    }
    json += '"';
}

// The shortest form that reads back equal, and never as an integer. JSON has no infinity (RFC 8259,
// 6).
void append_real(std::string& json, double real) {
    if (!std::isfinite(real)) {
        json += "null";
        return;
    }
    const std::string shortest = fmt::format("{}", real);
    json += shortest;
    if (shortest.find_first_of(".e") == shortest.npos) json += ".0";
}

void append(std::string& json, const Value& value);

void append_items(std::string& json, const Value& list) {
    json += '[';
    for (const Value& item : list.items) {
        if (&item != list.items.data()) json += ',';
        append(json, item);
    }
    json += ']';
}

void append_members(std::string& json, const Value& map) {
    json += '{';
    for (const Member& member : map.members) {
        if (&member != map.members.data()) json += ',';
        append_text(json, member.key);
        json += ':';
        append(json, member.value);
    }
    json += '}';
}

void append(std::string& json, const Value& value) {
    switch (value.kind) {
        case Value::Kind::Null:
            json += "null";
            return;
        case Value::Kind::Bool:
            json += value.boolean ? "true" : "false";
            return;
        case Value::Kind::Integer:
            fmt::format_to(std::back_inserter(json), "{}", value.integer);
            return;
        case Value::Kind::Real:
            return append_real(json, value.real);
        case Value::Kind::Text:
            return append_text(json, value.text);
        case Value::Kind::List:
            return append_items(json, value);
        case Value::Kind::Map:
            return append_members(json, value);
    }
}

}  // namespace

const Value* Value::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &Member::key);
    return found == members.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

std::string scalar_text(const Value& value) {
    switch (value.kind) {
        case Value::Kind::Bool:
            return value.boolean ? "true" : "false";
        case Value::Kind::Integer:
            return std::to_string(value.integer);
        case Value::Kind::Real:
            return value.text.empty() ? fmt::format("{}", value.real) : value.text;
        case Value::Kind::Text:
            return value.text;
        case Value::Kind::Null:
        case Value::Kind::List:
        case Value::Kind::Map:
            break;
    }
    return {};
}

Value make_text(std::string text) {
    Value value;
    value.kind = Value::Kind::Text;
    value.text = std::move(text);
    return value;
}

Value make_integer(int64_t integer) {
    Value value;
    value.kind = Value::Kind::Integer;
    value.integer = integer;
    return value;
}

Value make_map() {
    Value value;
    value.kind = Value::Kind::Map;
    return value;
}

Value make_list() {
    Value value;
    value.kind = Value::Kind::List;
    return value;
}

Value make_boolean(bool boolean) {
    Value value;
    value.kind = Value::Kind::Bool;
    value.boolean = boolean;
    return value;
}

Value make_real(double real) {
    Value value;
    value.kind = Value::Kind::Real;
    value.real = real;
    return value;
}

void set(Value& map, std::string_view key, Value value) {
    if (Value* present = map.find(key)) {
        *present = std::move(value);
        return;
    }
    map.members.push_back({std::string(key), value.mark, std::move(value)});
}

std::string to_json(const Value& value) {
    std::string json;
    append(json, value);
    return json;
}

void merge_patch(Value& target, const Value& patch) {
    if (patch.kind != Value::Kind::Map) {
        target = patch;
        return;
    }
    if (target.kind != Value::Kind::Map) {
        target = Value{};
        target.kind = Value::Kind::Map;
    }
    for (const Member& member : patch.members) {
        if (member.value.kind == Value::Kind::Null) {
            std::erase_if(target.members, [&](const Member& m) { return m.key == member.key; });
            continue;
        }
        Value* present = target.find(member.key);
        if (present == nullptr) {
            target.members.push_back({member.key, member.mark, Value{}});
            present = &target.members.back().value;
        }
        merge_patch(*present, member.value);
    }
}

std::string text(const Complaint& complaint) {
    std::string line = complaint.file;
    if (complaint.mark.line != 0)
        line += fmt::format("{}{}:{}", line.empty() ? "" : ":", complaint.mark.line,
                            complaint.mark.column);
    for (const std::string* part : {&complaint.path, &complaint.problem})
        if (!part->empty()) line += (line.empty() ? "" : ": ") + *part;
    if (!complaint.allowed.empty()) line += "; allowed: " + complaint.allowed;
    return line;
}

}  // namespace jumpgate
