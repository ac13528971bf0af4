// Fields<T>: the fields of a kind of object, as one table. Reading a file, reading a body of the
// Admin API, the JSON Schema and the reference page all use the same rows, so they cannot disagree.
//
// Law: every member of a map is a row of the table or a complaint; all complaints are made at once.
// A field of APISIX that has no meaning here is a row as well: ignored() warns, refused() says what
// to write instead. What must hold between fields is the caller's.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/config/place.h"
#include "core/config/shape.h"
#include "core/config/value.h"

namespace jumpgate {

class FieldTable;

struct FieldRow {
    std::string name;
    std::string allowed;
    std::string default_text;  // empty: there is none
    std::string help;          // whole sentences; empty: not on the reference page
    Value schema;
    bool required = false;
    bool in_schema = true;
    const FieldTable* inner = nullptr;  // the fields of a map; outlives the table
    std::function<void(const Value&, const Place&, void* target)> read;
};

class FieldTable {
  public:
    // Complains of what is no map, of unknown and of missing fields; `target` is a T of Fields<T>.
    void read_into(const Value& map, const Place& place, void* target) const;

    // {"type": "object", "properties": ..., "additionalProperties": false}
    Value schema() const;
    // Rows "| `checks.active.type` | allowed | default | help |" of a table, fields of maps below
    // their map. `prefix`: "checks.", or empty.
    std::string markdown(std::string_view prefix = "") const;

    const std::deque<FieldRow>& rows() const { return rows_; }

    // Accepted with a warning that says why nothing comes of it.
    FieldRow& ignored(std::string name, std::string why);
    // A complaint that says what to write instead. An empty map or list of it is let through, for
    // APISIX writes such.
    FieldRow& refused(std::string name, std::string instead);

  protected:
    FieldRow& add_row(FieldRow row);

  private:
    const FieldRow* find(std::string_view name) const;
    std::string suggestion(std::string_view name) const;

    std::deque<FieldRow> rows_;  // rows keep their address
};

template <class T>
class Fields : public FieldTable {
  public:
    // `assign`: a member of T, or a function (T&, V). It is not called for a value that is refused.
    template <class V, class Assign>
    FieldRow& add(std::string name, Shape<V> shape, Assign assign, std::string default_text,
                  std::string help) {
        const auto read = [read_value = std::move(shape.read), assign](
                              const Value& value, const Place& place, void* target) {
            std::optional<V> result = read_value(value, place);
            if (!result) return;
            T& object = *static_cast<T*>(target);
            if constexpr (std::is_member_object_pointer_v<Assign>)
                object.*assign = std::move(*result);
            else
                assign(object, std::move(*result));
        };
        return add_row({std::move(name), std::move(shape.allowed), std::move(default_text),
                        std::move(help), std::move(shape.schema), false, true, nullptr, read});
    }

    // A field that is checked and kept by nobody: names and times for people.
    template <class V>
    FieldRow& noted(std::string name, Shape<V> shape, std::string help) {
        return add(
            std::move(name), std::move(shape), [](T&, V) {}, "", std::move(help));
    }

    // A field that is a map with fields of its own. `reach`: (T&) -> N&, where they go.
    template <class N, class Reach>
    FieldRow& object(std::string name, const Fields<N>& inner, Reach reach, std::string help) {
        const auto read = [&inner, reach](const Value& value, const Place& place, void* target) {
            N& reached = reach(*static_cast<T*>(target));
            inner.read_into(value, place, &reached);
        };
        return add_row({std::move(name), "a map", "", std::move(help), inner.schema(), false, true,
                        &inner, read});
    }

    // As add(), for what no Shape describes: `read`: (const Value&, const Place&, T&).
    template <class Read>
    FieldRow& custom(std::string name, std::string allowed, Value schema, Read read,
                     std::string default_text, std::string help) {
        const auto typed = [read](const Value& value, const Place& place, void* target) {
            read(value, place, *static_cast<T*>(target));
        };
        return add_row({std::move(name), std::move(allowed), std::move(default_text),
                        std::move(help), std::move(schema), false, true, nullptr, typed});
    }
};

}  // namespace jumpgate
