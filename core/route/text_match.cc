#include "core/route/text_match.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "core/route/glob.h"

namespace jumpgate {

// Of the compiled program and of the states that RE2 keeps while it matches. A pattern that needs
// more is refused; a text that needs more is matched by RE2's slower, still linear way.
static constexpr int64_t kRegexBytesMax = 1 << 20;

// One for all workers. RE2 takes a reader's lock where a search is not anchored: measured on two
// cores that do nothing but match, 90 ns became 105 to 265 a match. A worker matches once per
// client and expression, so two seldom meet; a copy for each would have to be compiled while
// clients wait.
struct TextMatch::Regex {
    explicit Regex(std::string_view pattern)
        : compiled(re2::StringPiece(pattern.data(), pattern.size()), options()) {}

    static RE2::Options options() {
        RE2::Options options(RE2::Quiet);  // it writes nothing to stderr
        options.set_max_mem(kRegexBytesMax);
        return options;
    }

    RE2 compiled;
};

TextMatch::TextMatch() = default;
TextMatch::TextMatch(const TextMatch&) = default;
TextMatch& TextMatch::operator=(const TextMatch&) = default;
TextMatch::TextMatch(TextMatch&&) noexcept = default;
TextMatch& TextMatch::operator=(TextMatch&&) noexcept = default;
TextMatch::~TextMatch() = default;

// The last '\' of an odd run at the end takes nothing.
static bool ends_in_escape(std::string_view pattern) {
    const size_t last_other = pattern.find_last_not_of('\\');
    const size_t run = pattern.size() - (last_other == pattern.npos ? 0 : last_other + 1);
    return run % 2 == 1;
}

// A shell would take it for a set of characters.
static bool has_bare_bracket(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '[') return true;
        if (pattern[i] == '\\') ++i;
    }
    return false;
}

Parsed<TextMatch> TextMatch::make(Kind kind, std::string_view pattern) {
    if (pattern.size() > kPatternBytesMax) {
        return Problem{
            fmt::format("is {} bytes long; allowed: up to {}", pattern.size(), kPatternBytesMax)};
    }
    if (kind == Kind::Glob && ends_in_escape(pattern))
        return Problem{"ends in a '\\' that has nothing to take literally; write '\\\\' for one"};
    if (kind == Kind::Glob && has_bare_bracket(pattern))
        return Problem{
            "has a '[', and a glob has no sets of characters; write '\\[' for the character "
            "itself, or a regex"};
    TextMatch made;
    made.kind_ = kind;
    if (kind != Kind::Any) made.pattern_ = pattern;
    if (kind == Kind::Regex) {
        auto regex = std::make_shared<Regex>(pattern);
        if (!regex->compiled.ok()) {
            return Problem{
                fmt::format("is no regular expression of RE2: {}", regex->compiled.error())};
        }
        made.regex_ = std::move(regex);
    }
    return made;
}

bool TextMatch::matches(std::string_view text) const {
    switch (kind_) {
        case Kind::Any:
            return true;
        case Kind::Exact:
            return text == pattern_;
        case Kind::Prefix:
            return text.starts_with(pattern_);
        case Kind::Glob:
            return glob_matches(pattern_, text);
        case Kind::Regex:
            return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex_->compiled);
    }
    return false;
}

uint32_t TextMatch::specificity() const {
    const auto ranked = [](uint32_t rank, size_t literals) {
        return rank << 16 | static_cast<uint32_t>(std::min<size_t>(literals, 0xffff));
    };
    switch (kind_) {
        case Kind::Any:
            return 0;
        case Kind::Exact:
            return ranked(4, pattern_.size());
        case Kind::Prefix:
            return ranked(3, pattern_.size());
        case Kind::Glob:
            return ranked(2, glob_literals(pattern_));
        case Kind::Regex:
            return ranked(1, 0);  // nobody can tell in general; `priority` says it
    }
    return 0;
}

std::string_view text(TextMatch::Kind kind) {
    switch (kind) {
        case TextMatch::Kind::Any:
            return "any";
        case TextMatch::Kind::Exact:
            return "exact";
        case TextMatch::Kind::Prefix:
            return "prefix";
        case TextMatch::Kind::Glob:
            return "glob";
        case TextMatch::Kind::Regex:
            return "regex";
    }
    return "unknown";
}

}  // namespace jumpgate
