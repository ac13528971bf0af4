#include "core/config/fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/check.h"
#include "core/base/near_miss.h"

namespace jumpgate {

namespace {

std::string in_table(std::string_view text) {
    std::string result;
    for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
    return result;
}

}  // namespace

FieldRow& FieldTable::add_row(FieldRow row) {
    CHECK(find(row.name) == nullptr);
    rows_.push_back(std::move(row));
    return rows_.back();
}

FieldRow& FieldTable::ignored(std::string name, std::string why) {
    const auto read = [why](const Value& value, const Place& place, void*) {
        place.warning(value.mark, "has no effect: " + why);
    };
    Value schema = schema_of({{"description", make_text("Has no effect: " + why)}});
    return add_row({std::move(name), "", "", "", std::move(schema), false, true, nullptr, read});
}

FieldRow& FieldTable::refused(std::string name, std::string instead) {
    const auto read = [instead](const Value& value, const Place& place, void*) {
        const bool list = value.kind == Value::Kind::List;
        const bool map = value.kind == Value::Kind::Map;
        const bool empty = (list && value.items.empty()) || (map && value.members.empty());
        if (!empty) place.error(value.mark, "is not supported: " + instead);
    };
    return add_row({std::move(name), "", "", "", {}, false, false, nullptr, read});
}

const FieldRow* FieldTable::find(std::string_view name) const {
    const auto found = std::ranges::find(rows_, name, &FieldRow::name);
    return found == rows_.end() ? nullptr : &*found;
}

std::string FieldTable::suggestion(std::string_view name) const {
    std::vector<std::string_view> known;
    for (const FieldRow& row : rows_)
        if (row.in_schema) known.push_back(row.name);
    const std::optional<std::string_view> near = near_miss(name, known);
    return near ? fmt::format("; did you mean {}?", *near) : "";
}

void FieldTable::read_into(const Value& map, const Place& place, void* target) const {
    if (map.kind != Value::Kind::Map) return place.error(map.mark, kind_problem(map), "a map");
    for (const Member& member : map.members) {
        const Place inside = place.at(member.key);
        if (const FieldRow* row = find(member.key))
            row->read(member.value, inside, target);
        else
            inside.error(member.mark, "is unknown" + suggestion(member.key));
    }
    for (const FieldRow& row : rows_)
        if (row.required && map.find(row.name) == nullptr)
            place.at(row.name).error(map.mark, "is missing", row.allowed);
}

Value FieldTable::schema() const {
    Value properties = schema_of({});
    Value required = make_list();
    for (const FieldRow& row : rows_) {
        if (!row.in_schema) continue;
        Value schema = row.schema;
        if (!row.help.empty()) set(schema, "description", make_text(row.help));
        set(properties, row.name, std::move(schema));
        if (row.required) required.items.push_back(make_text(row.name));
    }
    Value schema = schema_of({{"type", make_text("object")},
                              {"properties", std::move(properties)},
                              {"additionalProperties", make_boolean(false)}});
    if (!required.items.empty()) set(schema, "required", std::move(required));
    return schema;
}

std::string FieldTable::markdown(std::string_view prefix) const {
    std::string page;
    for (const FieldRow& row : rows_) {
        if (row.help.empty()) continue;
        const std::string name = fmt::format("{}{}", prefix, row.name);
        page +=
            fmt::format("| `{}` | {} | {} | {} |\n", name, in_table(row.allowed),
                        row.required ? "required" : in_table(row.default_text), in_table(row.help));
        if (row.inner != nullptr) page += row.inner->markdown(name + ".");
    }
    return page;
}

}  // namespace jumpgate
