#include "core/config/yaml.h"

#include <fmt/format.h>
#include <libfyaml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/flags.h"
#include "core/config/document.h"

namespace jumpgate {

namespace {

bool all_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

constexpr std::string_view kDigits = "0123456789";

std::optional<int64_t> integer_in(std::string_view text) {
    int base = 10;
    if (text.starts_with("0o") && all_of(text.substr(2), "01234567"))
        base = 8;
    else if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF"))
        base = 16;
    else if (!all_of(text.starts_with('-') ? text.substr(1) : text, kDigits))
        return std::nullopt;
    if (base != 10) text.remove_prefix(2);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value, base);
    if (error != std::errc() || end != text.end()) return std::nullopt;
    return value;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
std::optional<double> real_in(std::string_view text) {
    const double sign = text.starts_with('-') ? -1 : 1;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (is_one_of(text, {".inf", ".Inf", ".INF"})) return sign * kInfinity;
    if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
    if (text.empty() || !(kDigits.find(text[0]) != kDigits.npos || text[0] == '.'))
        return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
    if (end != text.end()) return std::nullopt;
    if (error == std::errc::result_out_of_range) return sign * kInfinity;
    if (error != std::errc()) return std::nullopt;
    return sign * value;
}

struct ParserFree {
    void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct DiagFree {
    void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

// libfyaml counts lines and columns from 0, and has none for what is not written (`key:`). The
// quote and the star are not part of its scalars and aliases.
Mark mark_of(fy_event* event) {
    const fy_mark* mark = fy_event_start_mark(event);
    if (mark == nullptr || mark->line < 0 || mark->column < 0) return {};
    const fy_node_style style = fy_event_get_node_style(event);
    const bool inside =
        event->type == FYET_ALIAS || (event->type == FYET_SCALAR &&
                                      (style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED));
    const int column = mark->column + (inside && mark->column > 0 ? 0 : 1);
    return {static_cast<uint32_t>(mark->line) + 1, static_cast<uint32_t>(column)};
}

struct IterFree {
    void operator()(fy_token_iter* iter) const { fy_token_iter_destroy(iter); }
};

// None where libfyaml contradicts itself. fy_token_get_text() of 0.7.12 counts first and copies
// then, and what it counted too much is memory that nobody wrote (its issues 349, 371, 397): badly
// indented or oddly folded block scalars. Hence the pieces, and a look at the count.
std::optional<std::string> text_of(fy_token* token) {
    std::string text;
    if (token == nullptr) return text;
    const std::unique_ptr<fy_token_iter, IterFree> iter(fy_token_iter_create(token));
    if (!iter) return std::nullopt;
    int error = 0;
    const fy_iter_chunk* chunk = nullptr;
    while ((chunk = fy_token_iter_chunk_next(iter.get(), chunk, &error)) != nullptr)
        text.append(chunk->str, chunk->len);
    if (error != 0 || fy_token_get_text_length(token) != text.size()) return std::nullopt;
    return text;
}

std::string name_of(fy_token* token) { return text_of(token).value_or(""); }

class YamlReader {
  public:
    std::variant<Value, Complaint> read(std::string_view text);

  private:
    struct Anchor {
        std::string name;
        size_t depth;  // of the list or map that it names
    };

    bool start(std::string_view text);
    bool take_in(fy_event* event);
    bool take_scalar(fy_event* event, Mark mark);
    bool take_alias(fy_event* event, Mark mark);
    bool open(fy_event* event, Value::Kind kind, Mark mark);
    bool close();
    bool keep(std::string anchor, Mark mark);
    Complaint syntax_error() const;

    std::unique_ptr<fy_diag, DiagFree> diag_;
    std::unique_ptr<fy_parser, ParserFree> parser_;
    DocumentBuilder builder_;
    std::unordered_map<std::string, Value> anchors_;
    std::vector<Anchor> open_anchors_;
    Mark last_mark_{1, 1};
    size_t documents_ = 0;
    bool ended_ = false;
};

bool YamlReader::start(std::string_view text) {
    fy_diag_cfg diag_options;
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = nullptr;
    diag_options.output_fn = [](fy_diag*, void*, const char*, size_t) {};  // not to stderr
    diag_.reset(fy_diag_create(&diag_options));
    if (!diag_) return false;
    fy_diag_set_collect_errors(diag_.get(), true);
    fy_parse_cfg options{};
    options.flags = static_cast<fy_parse_cfg_flags>(FYPCF_COLLECT_DIAG | FYPCF_QUIET);
    options.diag = diag_.get();
    parser_.reset(fy_parser_create(&options));
    return parser_ && fy_parser_set_string(parser_.get(), text.data(), text.size()) == 0;
}

std::variant<Value, Complaint> YamlReader::read(std::string_view text) {
    if (!start(text)) return Complaint{"", {}, "", "cannot be read: out of memory", ""};
    while (fy_event* event = fy_parser_parse(parser_.get())) {
        const bool taken = take_in(event);
        fy_parser_event_free(parser_.get(), event);
        if (!taken) return *builder_.complaint();
    }
    if (!ended_ || fy_parser_get_stream_error(parser_.get())) return syntax_error();
    return builder_.take();
}

Complaint YamlReader::syntax_error() const {
    void* position = nullptr;
    const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &position);
    if (error == nullptr) return {"", {}, "", "is no YAML", ""};
    std::string problem = "is no YAML: ";
    for (const char* c = error->msg; *c != '\0' && *c != '\n'; ++c) problem += *c;
    const auto at_least_1 = [](int n) { return static_cast<uint32_t>(std::max(n, 1)); };
    return {"", {at_least_1(error->line), at_least_1(error->column)}, "", std::move(problem), ""};
}

bool YamlReader::take_in(fy_event* event) {
    Mark mark = mark_of(event);
    if (mark.line == 0) mark = last_mark_;  // what is not written stands behind its key
    last_mark_ = mark;
    if (fy_token* tag = fy_event_get_tag_token(event))
        return builder_.refuse(mark, fmt::format("has the tag {}", shown(name_of(tag))),
                               "values without tags");
    switch (event->type) {
        case FYET_DOCUMENT_START:
            if (++documents_ > 1)
                return builder_.refuse(mark, "begins a second document", "one in each file");
            return true;
        case FYET_STREAM_END:
            ended_ = true;
            return true;
        case FYET_MAPPING_START:
            return open(event, Value::Kind::Map, mark);
        case FYET_SEQUENCE_START:
            return open(event, Value::Kind::List, mark);
        case FYET_MAPPING_END:
        case FYET_SEQUENCE_END:
            return close();
        case FYET_SCALAR:
            return take_scalar(event, mark);
        case FYET_ALIAS:
            return take_alias(event, mark);
        default:
            return true;
    }
}

bool YamlReader::open(fy_event* event, Value::Kind kind, Mark mark) {
    if (builder_.wants_key()) return builder_.refuse(mark, "is a list or map as a key", "text");
    if (!builder_.open(kind, mark)) return false;
    if (fy_token* anchor = fy_event_get_anchor_token(event))
        open_anchors_.push_back({name_of(anchor), builder_.depth()});
    return true;
}

bool YamlReader::close() {
    const size_t depth = builder_.depth();
    if (!builder_.close()) return false;
    if (open_anchors_.empty() || open_anchors_.back().depth != depth) return true;
    std::string name = std::move(open_anchors_.back().name);
    open_anchors_.pop_back();
    return keep(std::move(name), builder_.completed().mark);
}

// An alias copies, and so does an anchor: both count, or nine lines could be a billion values.
bool YamlReader::keep(std::string anchor, Mark mark) {
    if (!builder_.charge(builder_.completed(), mark)) return false;
    anchors_.insert_or_assign(std::move(anchor), builder_.completed());
    return true;
}

bool YamlReader::take_scalar(fy_event* event, Mark mark) {
    fy_token* token = fy_event_get_token(event);
    std::optional<std::string> text = text_of(token);
    if (!text)
        return builder_.refuse(mark, "cannot be read for sure: its indentation is uneven",
                               "text on one line, or evenly indented");
    const bool plain = token == nullptr || fy_token_scalar_style(token) == FYSS_PLAIN;
    fy_token* anchor = fy_event_get_anchor_token(event);
    if (builder_.wants_key()) {
        if (anchor != nullptr) return builder_.refuse(mark, "is a key with an anchor", "text");
        return builder_.key(std::move(*text), mark);
    }
    Value value = plain ? plain_scalar(*text) : make_text(std::move(*text));
    value.mark = mark;
    if (!builder_.add(std::move(value))) return false;
    return anchor == nullptr || keep(name_of(anchor), mark);
}

bool YamlReader::take_alias(fy_event* event, Mark mark) {
    if (builder_.wants_key()) return builder_.refuse(mark, "is an alias as a key", "text");
    const std::string name = name_of(fy_event_get_token(event));
    const auto anchor = anchors_.find(name);
    if (anchor == anchors_.end())
        return builder_.refuse(mark,
                               fmt::format("the alias {} has no anchor before it", shown(name)));
    return builder_.charge(anchor->second, mark) && builder_.add(anchor->second);
}

// What libfyaml (0.7.12) reads in quadratic time, and no configuration needs: directives, which
// would change how the rest reads as well; long tags; long runs of white space.
std::optional<Complaint> find_slow_part(std::string_view text) {
    constexpr uint32_t kRunMax = 256;
    constexpr std::string_view kBeforeTag = " \t\r\n[{,:";
    Mark mark{1, 1};
    uint32_t blanks = 0;    // white space up to here
    uint32_t tag_size = 0;  // of what may be a tag, up to here; 0: no tag
    for (size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (c == '%' && mark.column == 1)
            return Complaint{"", mark, "", "begins a directive", "lines without % in front"};
        const bool begins_tag = c == '!' && (at == 0 || kBeforeTag.find(text[at - 1]) != text.npos);
        tag_size = !blank && c != '"' && (begins_tag || tag_size > 0) ? tag_size + 1 : 0;
        blanks = blank ? blanks + 1 : 0;
        if (tag_size > kRunMax)
            return Complaint{"", mark, "", "is in a very long tag", "values without tags"};
        if (blanks > kRunMax)
            return Complaint{"", mark, "", "is in a very long run of white space",
                             fmt::format("up to {} blanks and empty lines", kRunMax)};
        mark = c == '\n' ? Mark{mark.line + 1, 1} : Mark{mark.line, mark.column + 1};
    }
    return std::nullopt;
}

}  // namespace

Value plain_scalar(std::string_view text) {
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
    const bool is_true = is_one_of(text, {"true", "True", "TRUE"});
    if (is_true || is_one_of(text, {"false", "False", "FALSE"})) return make_boolean(is_true);
    const bool plus = text.starts_with('+') && !text.starts_with("+-") && !text.starts_with("+0x");
    if (const auto integer = integer_in(plus ? text.substr(1) : text))
        return make_integer(*integer);
    if (const auto real = real_in(text)) return make_real(*real);
    return make_text(std::string(text));
}

std::variant<Value, Complaint> read_yaml(std::string_view text, std::string_view file) {
    std::optional<Complaint> broken = broken_text(text);
    if (!broken) broken = find_slow_part(text);
    std::string ended(text);
    if (!text.ends_with('\n')) ended += '\n';  // else libfyaml reads beyond: its issue 350
    std::variant<Value, Complaint> result;
    if (broken)
        result = std::move(*broken);
    else
        result = YamlReader().read(ended);
    if (Complaint* complaint = std::get_if<Complaint>(&result)) complaint->file = file;
    return result;
}

}  // namespace jumpgate
