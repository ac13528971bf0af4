#include "core/config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/cut_text.h"
#include "core/base/flags.h"

namespace jumpgate {

namespace {

// All texts together, copies included: a little above the longest document.
constexpr size_t kTextBytesMax = 4 * kDocumentBytesMax;
constexpr size_t kPathBytesMax = 96;  // of a complaint, which is one line

struct Size {
    size_t values = 0;
    size_t bytes = 0;
};

Size size_of(const Value& value) {
    Size size{1, value.text.size()};
    const auto add = [&size](const Value& part) {
        const Size inner = size_of(part);
        size.values += inner.values;
        size.bytes += inner.bytes;
    };
    for (const Value& item : value.items) add(item);
    for (const Member& member : value.members) {
        size.bytes += member.key.size();
        add(member.value);
    }
    return size;
}

size_t depth_of(const Value& value) {
    size_t depth = 0;
    for (const Value& item : value.items) depth = std::max(depth, depth_of(item));
    for (const Member& member : value.members) depth = std::max(depth, depth_of(member.value));
    const bool nests = value.kind == Value::Kind::List || value.kind == Value::Kind::Map;
    return depth + (nests ? 1U : 0U);
}

// The bytes of the character at the front of `text`, RFC 3629 section 4; 0: there is none.
size_t utf8_length(std::string_view text) {
    const auto byte = [&text](size_t at) -> unsigned {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto tail = [&](size_t from, size_t to) {
        for (size_t at = from; at < to; ++at)
            if ((byte(at) & 0xC0U) != 0x80U) return size_t{0};
        return to;
    };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return tail(1, 2);
    if (first < 0xF0) {
        const bool overlong = first == 0xE0 && second < 0xA0;
        const bool surrogate = first == 0xED && second > 0x9F;
        return overlong || surrogate ? 0 : tail(1, 3);
    }
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool too_large = first > 0xF4 || (first == 0xF4 && second > 0x8F);
    return overlong || too_large ? 0 : tail(1, 4);
}

}  // namespace

std::optional<Complaint> broken_text(std::string_view text) {
    if (text.size() > kDocumentBytesMax)
        return Complaint{"", {}, "", fmt::format("is {} bytes long", text.size()), "up to 4 MiB"};
    Mark mark{1, 1};
    for (size_t at = 0; at < text.size();) {
        const char c = text[at];
        const bool control = (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 127;
        if (control)
            return Complaint{"", mark, "", fmt::format("holds the control character {:#04x}", c),
                             "text"};
        const size_t length = utf8_length(text.substr(at));
        if (length == 0) return Complaint{"", mark, "", "is not UTF-8", "text in UTF-8"};
        at += length;
        mark = c == '\n' ? Mark{mark.line + 1, 1} : Mark{mark.line, mark.column + 1};
    }
    return std::nullopt;
}

std::string DocumentBuilder::path() const {
    std::string path;
    for (const Open& open : open_) {
        if (open.value.kind == Value::Kind::List)
            path += fmt::format("[{}]", open.value.items.size());
        else if (open.has_key)
            path += (path.empty() ? "" : ".") + open.value.members.back().key;
        std::ranges::replace_if(
            path, [](char c) { return c >= 0 && c < ' '; }, '?');
        if (path.size() > kPathBytesMax) return std::string(cut_text(path, kPathBytesMax)) + "...";
    }
    return path;
}

bool DocumentBuilder::refuse(Mark mark, std::string problem, std::string allowed) {
    if (!complaint_)
        complaint_ = Complaint{"", mark, path(), std::move(problem), std::move(allowed)};
    return false;
}

bool DocumentBuilder::count(Mark mark, size_t values, size_t bytes) {
    values_ += values;
    bytes_ += bytes;
    if (values_ > kDocumentValuesMax)
        return refuse(
            mark, "is one value too many",
            fmt::format("{} in a document, copies by aliases included", kDocumentValuesMax));
    if (bytes_ > kTextBytesMax)
        return refuse(mark, "is too much text, copies by aliases included", "up to 16 MiB");
    return true;
}

bool DocumentBuilder::charge(const Value& value, Mark mark) {
    const Size size = size_of(value);
    return count(mark, size.values, size.bytes);
}

bool DocumentBuilder::open(Value::Kind kind, Mark mark) {
    CHECK(kind == Value::Kind::List || kind == Value::Kind::Map);
    if (open_.size() == kDocumentDepthMax)
        return refuse(mark, "is nested too deep", fmt::format("{} levels", kDocumentDepthMax));
    if (!count(mark, 1, 0)) return false;
    Value value;
    value.kind = kind;
    value.mark = mark;
    open_.push_back({std::move(value)});
    return true;
}

bool DocumentBuilder::key(std::string key, Mark mark) {
    CHECK(wants_key());
    Open& map = open_.back();
    if (!map.keys.insert(key).second)
        return refuse(mark, fmt::format("{} stands twice", shown(key)), "each key once");
    if (map.keys.size() > kMapMembersMax)
        return refuse(mark, "is one member too many", fmt::format("{} in one map", kMapMembersMax));
    if (!count(mark, 0, key.size())) return false;
    map.value.members.push_back({std::move(key), mark, {}});
    map.has_key = true;
    return true;
}

// Where the innermost list or map wants its next value.
void DocumentBuilder::put(Value value) {
    Value* place = &root_;
    if (inside() == Value::Kind::List) {
        place = &open_.back().value.items.emplace_back();
    } else if (inside() == Value::Kind::Map) {
        CHECK(open_.back().has_key);
        place = &open_.back().value.members.back().value;
        open_.back().has_key = false;
    }
    *place = std::move(value);
    completed_ = place;
}

bool DocumentBuilder::add(Value value) {
    const Size size = size_of(value);
    if (!count(value.mark, size.values, size.bytes)) return false;
    if (open_.size() + depth_of(value) > kDocumentDepthMax)
        return refuse(value.mark, "is nested too deep",
                      fmt::format("{} levels", kDocumentDepthMax));
    put(std::move(value));
    return true;
}

bool DocumentBuilder::close() {
    CHECK(!open_.empty() && !open_.back().has_key);
    Value value = std::move(open_.back().value);
    open_.pop_back();
    put(std::move(value));
    return true;
}

Value::Kind DocumentBuilder::inside() const {
    return open_.empty() ? Value::Kind::Null : open_.back().value.kind;
}

bool DocumentBuilder::wants_key() const {
    return inside() == Value::Kind::Map && !open_.back().has_key;
}

const Value& DocumentBuilder::completed() const {
    CHECK(completed_ != nullptr);
    return *completed_;
}

}  // namespace jumpgate
