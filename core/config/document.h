// DocumentBuilder: makes a Value from the parts that a parser finds, one after another.
//
// Law: what a document may cost is limited here, the same for YAML and JSON: bytes, depth, values,
// members, and what aliases multiply. A key may stand once in its map; looking that up costs the
// same for the ten thousandth. Knows neither syntax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/config/value.h"

namespace jumpgate {

inline constexpr size_t kDocumentBytesMax = 4U << 20U;
inline constexpr size_t kDocumentDepthMax = 64;        // lists and maps inside of each other
inline constexpr size_t kDocumentValuesMax = 200'000;  // with the copies that aliases make
inline constexpr size_t kMapMembersMax = 10'000;

// A byte that no document may hold: none of UTF-8 (RFC 3629), or a control character other than tab
// and line ends; or too many bytes. Without file.
std::optional<Complaint> broken_text(std::string_view text);

class DocumentBuilder {
  public:
    // False: a limit is reached or a key stands twice; complaint() says which. What comes after is
    // not looked at.
    bool open(Value::Kind kind, Mark mark);  // List or Map
    bool key(std::string key, Mark mark);
    bool add(Value value);  // a scalar, or a whole tree, which counts as all its values
    bool close();

    // The kind of the innermost list or map that is open; Null: there is none.
    Value::Kind inside() const;
    // A Map waits for a key, not for a value.
    bool wants_key() const;
    // The value that was completed last. CHECK: there is one.
    const Value& completed() const;
    size_t depth() const { return open_.size(); }
    // Counts a copy of `value` that the parser keeps.
    bool charge(const Value& value, Mark mark);

    bool refuse(Mark mark, std::string problem, std::string allowed = "");
    const std::optional<Complaint>& complaint() const { return complaint_; }
    Value take() { return std::move(root_); }

  private:
    struct Open {
        Value value;
        std::unordered_set<std::string> keys{};
        bool has_key = false;
    };

    void put(Value value);
    bool count(Mark mark, size_t values, size_t bytes);
    std::string path() const;

    std::vector<Open> open_;
    Value root_;
    const Value* completed_ = nullptr;
    size_t values_ = 0;
    size_t bytes_ = 0;
    std::optional<Complaint> complaint_;
};

}  // namespace jumpgate
