#include "core/config/json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/config/document.h"

namespace jumpgate {

namespace {

Mark mark_at(std::string_view text, size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const size_t line_end = before.rfind('\n');
    const size_t line_start = line_end == before.npos ? 0 : line_end + 1;
    return {static_cast<uint32_t>(std::ranges::count(before, '\n')) + 1,
            static_cast<uint32_t>(before.size() - line_start) + 1};
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...": all
// up to the second colon is said by the mark. "; last read: '...'" quotes the text itself, which
// may be a key, or half a character.
std::string problem_of(std::string_view what) {
    what = what.substr(0, what.find("; last read"));
    const size_t place = what.find(": ");
    if (place != what.npos) what.remove_prefix(place + 2);
    std::string problem = "is no JSON: ";
    for (const char c : what) problem += c == '\n' ? ' ' : c;
    return problem;
}

// What nlohmann's SAX parser calls (json_sax.hpp); false ends the parse.
class JsonEvents {
  public:
    explicit JsonEvents(std::string_view text) : text_(text) {}

    bool null() { return builder_.add(Value{}); }
    bool boolean(bool is_true) {
        Value value;
        value.kind = Value::Kind::Bool;
        value.boolean = is_true;
        return builder_.add(std::move(value));
    }
    bool number_integer(int64_t number) { return builder_.add(make_integer(number)); }
    bool number_unsigned(uint64_t number) {
        if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
            return number_float(static_cast<double>(number), {});
        return builder_.add(make_integer(static_cast<int64_t>(number)));
    }
    bool number_float(double number, const std::string&) {
        Value value;
        value.kind = Value::Kind::Real;
        value.real = number;
        return builder_.add(std::move(value));
    }
    bool string(std::string& text) { return builder_.add(make_text(std::move(text))); }
    bool binary(nlohmann::json::binary_t&) { return builder_.refuse({}, "is binary"); }
    bool start_object(size_t) { return builder_.open(Value::Kind::Map, {}); }
    bool start_array(size_t) { return builder_.open(Value::Kind::List, {}); }
    bool key(std::string& name) { return builder_.key(std::move(name), {}); }
    bool end_object() { return builder_.close(); }
    bool end_array() { return builder_.close(); }
    bool parse_error(size_t position, const std::string&,
                     const nlohmann::detail::exception& error) {
        syntax_ = Complaint{"", mark_at(text_, position == 0 ? 0 : position - 1), "",
                            problem_of(error.what()), ""};
        return false;
    }

    std::variant<Value, Complaint> result() {
        if (syntax_) return *syntax_;
        if (builder_.complaint()) return *builder_.complaint();
        return builder_.take();
    }

  private:
    std::string_view text_;
    DocumentBuilder builder_;
    std::optional<Complaint> syntax_;
};

}  // namespace

std::variant<Value, Complaint> read_json(std::string_view text, std::string_view file) {
    std::variant<Value, Complaint> result;
    if (std::optional<Complaint> broken = broken_text(text)) {
        result = std::move(*broken);
    } else {
        JsonEvents events(text);
        nlohmann::json::sax_parse(text.begin(), text.end(), &events);
        result = events.result();
    }
    if (Complaint* complaint = std::get_if<Complaint>(&result)) complaint->file = file;
    return result;
}

}  // namespace jumpgate
