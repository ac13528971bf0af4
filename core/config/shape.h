// Shape<T>: what a value of a document may look like: a reader, words for people, a JSON Schema for
// editors. All three are made from the same numbers, so they cannot disagree.
//
// Law: a reader that returns nothing has complained at its place. It never shows a value of the
// wrong type: a password may have landed in the wrong field.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/parsed.h"
#include "core/config/place.h"
#include "core/config/value.h"

namespace jumpgate {

template <class T>
struct Shape {
    std::string allowed;  // "1 to 65535"
    Value schema;         // of draft 2020-12
    std::function<std::optional<T>(const Value&, const Place&)> read;
};

// A JSON Schema by its words: schema_of({{"type", make_text("string")}, ...}).
Value schema_of(std::initializer_list<std::pair<std::string_view, Value>> words);

// "is text", for complaints; it does not say which.
std::string kind_problem(const Value& value);

namespace shape {

// The text of a Text, or of any scalar that came from an environment variable.
std::optional<std::string> spelled(const Value& value);

// A number that was given as one, min to max.
std::optional<int64_t> read_integer(const Value& value, const Place& place, int64_t min,
                                    int64_t max);
Value integer_schema(int64_t min, int64_t max);

template <std::integral T>
Shape<T> integer(T min, T max) {
    const auto low = static_cast<int64_t>(min);
    const auto high = static_cast<int64_t>(max);
    return {std::to_string(low) + " to " + std::to_string(high), integer_schema(low, high),
            [low, high](const Value& value, const Place& place) -> std::optional<T> {
                const auto number = read_integer(value, place, low, high);
                return number ? std::optional(static_cast<T>(*number)) : std::nullopt;
            }};
}

// Seconds with fractions, as APISIX writes durations; comes out in milliseconds, rounded up.
Shape<uint32_t> seconds(uint32_t min_ms, uint32_t max_ms);

Shape<bool> boolean();

// In characters.
Shape<std::string> text(size_t min, size_t max);

// Text that `parse` understands.
template <class T>
Shape<T> parsed(std::function<Parsed<T>(std::string_view)> parse, std::string allowed);

// 1 to 64 of a-z A-Z 0-9 - _ .: what may be an id.
bool is_id(std::string_view id);
// An id: up to 64 characters, or a whole number, which is the same as its digits.
Shape<std::string> id();

// Labels and the like: a map of texts, which nobody reads.
Shape<bool> text_map();

// Anything at all.
Shape<bool> anything();

template <class E>
Shape<E> choice(std::vector<std::pair<std::string, E>> words);

template <class T>
Shape<std::vector<T>> list(Shape<T> item, size_t min, size_t max);

// One value, or a list of them.
template <class T>
Shape<std::vector<T>> one_or_list(Shape<T> item, size_t max);

// The rest are the templates' parts that need no type.
std::optional<std::string> read_text(const Value& value, const Place& place, size_t min, size_t max,
                                     std::string_view allowed);
bool is_list_of(const Value& value, const Place& place, size_t min, size_t max);
Value list_schema(Value item, size_t min, size_t max);
Value choice_schema(std::vector<std::string> words);
void complain_of(const Value& value, const Place& place, std::string_view problem,
                 std::string_view allowed);

template <class T>
Shape<T> parsed(std::function<Parsed<T>(std::string_view)> parse, std::string allowed) {
    Value schema = schema_of({{"type", make_text("string")}});
    const auto read = [parse = std::move(parse), allowed](const Value& value,
                                                          const Place& place) -> std::optional<T> {
        const auto text = read_text(value, place, 0, SIZE_MAX, allowed);
        if (!text) return std::nullopt;
        Parsed<T> result = parse(*text);
        if (T* meant = std::get_if<T>(&result)) return std::move(*meant);
        complain_of(value, place, std::get<Problem>(result).text, allowed);
        return std::nullopt;
    };
    return {std::move(allowed), std::move(schema), read};
}

template <class E>
Shape<E> choice(std::vector<std::pair<std::string, E>> words) {
    std::string allowed = words.size() > 1 ? "one of " : "";
    std::vector<std::string> names;
    for (const auto& [word, meaning] : words) {
        if (!names.empty()) allowed += ", ";
        allowed += word;
        names.push_back(word);
    }
    const auto read = [words = std::move(words), allowed](const Value& value,
                                                          const Place& place) -> std::optional<E> {
        const auto text = read_text(value, place, 0, SIZE_MAX, allowed);
        if (!text) return std::nullopt;
        for (const auto& [word, meaning] : words)
            if (word == *text) return meaning;
        complain_of(value, place, "is unknown", allowed);
        return std::nullopt;
    };
    return {allowed, choice_schema(std::move(names)), read};
}

template <class T>
std::optional<std::vector<T>> read_items(const Shape<T>& item, const Value& value,
                                         const Place& place) {
    std::vector<T> items;
    for (size_t i = 0; i < value.items.size(); ++i)
        if (std::optional<T> read = item.read(value.items[i], place.at(i)))
            items.push_back(std::move(*read));
    if (items.size() < value.items.size()) return std::nullopt;
    return items;
}

template <class T>
Shape<std::vector<T>> list(Shape<T> item, size_t min, size_t max) {
    std::string allowed =
        std::to_string(min) + " to " + std::to_string(max) + " of: " + item.allowed;
    Value schema = list_schema(item.schema, min, max);
    const auto read = [item, min, max](const Value& value,
                                       const Place& place) -> std::optional<std::vector<T>> {
        if (!is_list_of(value, place, min, max)) return std::nullopt;
        return read_items(item, value, place);
    };
    return {std::move(allowed), std::move(schema), read};
}

template <class T>
Shape<std::vector<T>> one_or_list(Shape<T> item, size_t max) {
    std::string allowed = item.allowed + ", or a list of such";
    Value any = make_list();
    any.items = {item.schema, list_schema(item.schema, 1, max)};
    const auto read = [item, max](const Value& value,
                                  const Place& place) -> std::optional<std::vector<T>> {
        if (value.kind == Value::Kind::List)
            return is_list_of(value, place, 1, max) ? read_items(item, value, place) : std::nullopt;
        std::optional<T> single = item.read(value, place);
        return single ? std::optional(std::vector<T>{std::move(*single)}) : std::nullopt;
    };
    return {std::move(allowed), schema_of({{"anyOf", std::move(any)}}), read};
}

}  // namespace shape

}  // namespace jumpgate
