#include "core/config/json.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/config/document.h"

namespace jumpgate {

namespace {

// Where the parser is in the text, as marks. It moves forward only: all marks of a document cost
// one pass.
class Position {
  public:
    explicit Position(std::string_view text) : text_(text) {}

    // What the parser has taken, for Bytes to raise.
    size_t* taken() { return &taken_; }

    // Of the value or key that the parser took last: what stands first behind the one before. A
    // number ends where something else begins, which is taken by then.
    Mark next(bool is_number) {
        constexpr std::string_view kBetween = " \t\r\n,:]}";
        const size_t start = text_.find_first_not_of(kBetween, known_);
        const Mark mark = at(std::min(start, text_.size()));
        at(taken_ - (is_number ? 1 : 0));
        return mark;
    }
    // The mark of an offset that no earlier call went beyond.
    Mark at(size_t offset) {
        for (; known_ < std::min(offset, text_.size()); ++known_) {
            const auto byte = static_cast<unsigned char>(text_[known_]);
            if (byte == '\n')
                mark_ = {mark_.line + 1, 1};
            else if ((byte & 0xC0U) != 0x80U)  // else inside of a character (RFC 3629)
                ++mark_.column;
        }
        return mark_;
    }

  private:
    std::string_view text_;
    size_t taken_ = 0;
    size_t known_ = 0;
    Mark mark_{1, 1};
};

// The bytes of a text as an input iterator that counts what is taken: the parser's events do not
// say where they are.
class Bytes {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Bytes(const char* at, size_t* taken) : at_(at), taken_(taken) {}
    const char& operator*() const { return *at_; }
    Bytes& operator++() {
        ++at_;
        ++*taken_;
        return *this;
    }
    Bytes operator++(int) {
        const Bytes before = *this;
        ++*this;
        return before;
    }
    bool operator==(const Bytes& other) const { return at_ == other.at_; }

  private:
    const char* at_;
    size_t* taken_;
};

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
    JsonEvents(std::string_view text, JsonMarks marks)
        : position_(text), marks_values_(marks == JsonMarks::Values) {}

    size_t* taken() { return position_.taken(); }

    bool null() { return add({}); }
    bool boolean(bool is_true) { return add(make_boolean(is_true)); }
    bool number_integer(int64_t number) { return add(make_integer(number)); }
    bool number_unsigned(uint64_t number) {
        if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
            return number_float(static_cast<double>(number), {});
        return add(make_integer(static_cast<int64_t>(number)));
    }
    bool number_float(double number, const std::string&) { return add(make_real(number)); }
    bool string(std::string& text) { return add(make_text(std::move(text))); }
    bool binary(nlohmann::json::binary_t&) { return builder_.refuse({}, "is binary"); }
    bool start_object(size_t) { return builder_.open(Value::Kind::Map, next()); }
    bool start_array(size_t) { return builder_.open(Value::Kind::List, next()); }
    bool key(std::string& name) { return builder_.key(std::move(name), next()); }
    bool end_object() { return builder_.close(); }
    bool end_array() { return builder_.close(); }
    bool parse_error(size_t position, const std::string&,
                     const nlohmann::detail::exception& error) {
        syntax_ = Complaint{"", position_.at(position == 0 ? 0 : position - 1), "",
                            problem_of(error.what()), ""};
        return false;
    }

    std::variant<Value, Complaint> result() {
        if (syntax_) return *syntax_;
        if (builder_.complaint()) return *builder_.complaint();
        return builder_.take();
    }

  private:
    Mark next(bool is_number = false) { return marks_values_ ? position_.next(is_number) : Mark{}; }
    bool add(Value value) {
        value.mark = next(value.kind == Value::Kind::Integer || value.kind == Value::Kind::Real);
        return builder_.add(std::move(value));
    }

    Position position_;
    const bool marks_values_;
    DocumentBuilder builder_;
    std::optional<Complaint> syntax_;
};

}  // namespace

std::variant<Value, Complaint> read_json(std::string_view text, std::string_view file,
                                         JsonMarks marks) {
    std::variant<Value, Complaint> result;
    if (std::optional<Complaint> broken = broken_text(text)) {
        result = std::move(*broken);
    } else {
        JsonEvents events(text, marks);
        nlohmann::json::sax_parse(Bytes(text.data(), events.taken()),
                                  Bytes(text.data() + text.size(), events.taken()), &events);
        result = events.result();
    }
    if (Complaint* complaint = std::get_if<Complaint>(&result)) complaint->file = file;
    return result;
}

}  // namespace jumpgate
