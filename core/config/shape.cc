#include "core/config/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/base/flags.h"

namespace jumpgate {

Value schema_of(std::initializer_list<std::pair<std::string_view, Value>> words) {
    Value schema = make_map();
    for (const auto& [word, value] : words) set(schema, word, value);
    return schema;
}

std::string kind_problem(const Value& value) {
    switch (value.kind) {
        case Value::Kind::Null:
            return "is null";
        case Value::Kind::Bool:
            return "is true or false";
        case Value::Kind::Integer:
            return "is a number";
        case Value::Kind::Real:
            return "is a number with a fraction";
        case Value::Kind::Text:
            return "is text";
        case Value::Kind::List:
            return "is a list";
        case Value::Kind::Map:
            return "is a map";
    }
    return "";
}

namespace shape {

namespace {

constexpr size_t kIdBytesMax = 64;

// As JSON Schema counts them for maxLength, and APISIX does: by code points, not by bytes.
size_t characters(std::string_view text) {
    return static_cast<size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// "0.05", "600": milliseconds in seconds, without zeros at the end.
std::string in_seconds(uint32_t ms) { return fmt::format("{}", ms / 1'000.0); }

Value type(std::string_view name) { return schema_of({{"type", make_text(std::string(name))}}); }

}  // namespace

bool is_id(std::string_view id) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !id.empty() && id.size() <= kIdBytesMax && std::ranges::all_of(id, allowed);
}

std::optional<std::string> spelled(const Value& value) {
    const bool scalar = value.kind != Value::Kind::List && value.kind != Value::Kind::Map;
    if (value.kind == Value::Kind::Text || (scalar && !value.text.empty())) return value.text;
    return std::nullopt;
}

void complain_of(const Value& value, const Place& place, std::string_view problem,
                 std::string_view allowed) {
    const std::optional<std::string> text = spelled(value);
    place.error(value.mark, fmt::format("{} {}", shown(text.value_or("")), problem),
                std::string(allowed));
}

std::optional<std::string> read_text(const Value& value, const Place& place, size_t min, size_t max,
                                     std::string_view allowed) {
    std::optional<std::string> text = spelled(value);
    if (!text) {
        place.error(value.mark, kind_problem(value), std::string(allowed));
        return std::nullopt;
    }
    const size_t count = characters(*text);
    if (count >= min && count <= max) return text;
    place.error(value.mark, count == 0 ? "is empty" : fmt::format("has {} characters", count),
                std::string(allowed));
    return std::nullopt;
}

std::optional<int64_t> read_integer(const Value& value, const Place& place, int64_t min,
                                    int64_t max) {
    std::string allowed = fmt::format("{} to {}", min, max);
    // JSON knows one kind of number: 4.0 is 4, as lua-cjson has it.
    const bool whole = value.kind == Value::Kind::Real && value.real == std::trunc(value.real) &&
                       std::abs(value.real) < 9e15;
    if (value.kind != Value::Kind::Integer && !whole) {
        place.error(value.mark, kind_problem(value), std::move(allowed));
        return std::nullopt;
    }
    const int64_t number = whole ? static_cast<int64_t>(value.real) : value.integer;
    if (number >= min && number <= max) return number;
    place.error(value.mark, fmt::format("{} is out of range", number), std::move(allowed));
    return std::nullopt;
}

Value integer_schema(int64_t min, int64_t max) {
    return schema_of({{"type", make_text("integer")},
                      {"minimum", make_integer(min)},
                      {"maximum", make_integer(max)}});
}

Shape<uint32_t> seconds(uint32_t min_ms, uint32_t max_ms) {
    std::string allowed = fmt::format("{} to {} seconds", in_seconds(min_ms), in_seconds(max_ms));
    Value schema = schema_of({{"type", make_text("number")},
                              {"minimum", make_real(min_ms / 1'000.0)},
                              {"maximum", make_real(max_ms / 1'000.0)}});
    const auto read = [min_ms, max_ms, allowed](const Value& value,
                                                const Place& place) -> std::optional<uint32_t> {
        const bool whole = value.kind == Value::Kind::Integer;
        if (!whole && value.kind != Value::Kind::Real) {
            place.error(value.mark, kind_problem(value), allowed);
            return std::nullopt;
        }
        const double given = whole ? static_cast<double>(value.integer) : value.real;
        const double ms = std::ceil(given * 1'000.0 - 1e-6);
        if (ms >= min_ms && ms <= max_ms) return static_cast<uint32_t>(ms);
        place.error(value.mark, fmt::format("{} is out of range", given), allowed);
        return std::nullopt;
    };
    return {std::move(allowed), std::move(schema), read};
}

Shape<bool> boolean() {
    return {"true, false", type("boolean"),
            [](const Value& value, const Place& place) -> std::optional<bool> {
                if (value.kind == Value::Kind::Bool) return value.boolean;
                place.error(value.mark, kind_problem(value), "true, false");
                return std::nullopt;
            }};
}

Shape<std::string> text(size_t min, size_t max) {
    std::string allowed = fmt::format("text of {} to {} characters", min, max);
    Value schema = type("string");
    if (min > 0) set(schema, "minLength", make_integer(static_cast<int64_t>(min)));
    set(schema, "maxLength", make_integer(static_cast<int64_t>(max)));
    const auto read = [min, max, allowed](const Value& value, const Place& place) {
        return read_text(value, place, min, max, allowed);
    };
    return {std::move(allowed), std::move(schema), read};
}

Shape<std::string> id() {
    const std::string allowed = "1 to 64 of A-Z, a-z, 0-9, '-', '_', '.', or a whole number from 1";
    Value any = make_list();
    any.items = {schema_of({{"type", make_text("string")},
                            {"pattern", make_text("^[a-zA-Z0-9_.-]+$")},
                            {"maxLength", make_integer(kIdBytesMax)}}),
                 schema_of({{"type", make_text("integer")}, {"minimum", make_integer(1)}})};
    const auto read = [allowed](const Value& value,
                                const Place& place) -> std::optional<std::string> {
        std::optional<std::string> text = spelled(value);
        if (!text && value.kind == Value::Kind::Integer) {
            if (value.integer >= 1) return std::to_string(value.integer);
            place.error(value.mark, fmt::format("{} is out of range", value.integer), allowed);
            return std::nullopt;
        }
        if (!text) {
            place.error(value.mark, kind_problem(value), allowed);
            return std::nullopt;
        }
        if (is_id(*text)) return text;
        place.error(value.mark, fmt::format("{} is no id", shown(*text)), allowed);
        return std::nullopt;
    };
    return {allowed, schema_of({{"anyOf", std::move(any)}}), read};
}

Shape<bool> text_map() {
    const std::string allowed = "a map of texts of 1 to 256 characters";
    const auto read = [allowed](const Value& value, const Place& place) -> std::optional<bool> {
        if (value.kind != Value::Kind::Map) {
            place.error(value.mark, kind_problem(value), allowed);
            return std::nullopt;
        }
        for (const Member& member : value.members)
            read_text(member.value, place.at(member.key), 1, 256, "text of 1 to 256 characters");
        return true;
    };
    Value schema = type("object");
    set(schema, "additionalProperties", type("string"));
    return {allowed, std::move(schema), read};
}

Shape<bool> anything() {
    return {"anything", schema_of({}), [](const Value&, const Place&) { return true; }};
}

bool is_list_of(const Value& value, const Place& place, size_t min, size_t max) {
    const std::string allowed = fmt::format("a list of {} to {}", min, max);
    if (value.kind != Value::Kind::List)
        place.error(value.mark, kind_problem(value), allowed);
    else if (value.items.size() < min || value.items.size() > max)
        place.error(value.mark, fmt::format("has {} items", value.items.size()), allowed);
    else
        return true;
    return false;
}

Value list_schema(Value item, size_t min, size_t max) {
    Value schema = type("array");
    set(schema, "items", std::move(item));
    set(schema, "minItems", make_integer(static_cast<int64_t>(min)));
    set(schema, "maxItems", make_integer(static_cast<int64_t>(max)));
    return schema;
}

Value choice_schema(std::vector<std::string> words) {
    Value list = make_list();
    for (std::string& word : words) list.items.push_back(make_text(std::move(word)));
    return schema_of({{"enum", std::move(list)}});
}

}  // namespace shape

}  // namespace jumpgate
