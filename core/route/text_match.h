// TextMatch: a pattern for one text that a client wrote: exact, prefix, glob or regular expression.
//
// Law: what it costs grows with the text, never exponentially: globs as glob.h says, regular
// expressions by RE2, which runs in time linear in the text and within a fixed memory. Upper and
// lower case differ, as in MQTT's client ids.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate {

inline constexpr size_t kPatternBytesMax = 1'024;

class TextMatch {
  public:
    enum class Kind : uint8_t { Any, Exact, Prefix, Glob, Regex };

    TextMatch();  // Any
    TextMatch(const TextMatch&);
    TextMatch& operator=(const TextMatch&);
    TextMatch(TextMatch&&) noexcept;
    TextMatch& operator=(TextMatch&&) noexcept;
    ~TextMatch();

    // Glob: '*' any run, '?' one character (UTF-8), '\' takes the next literally; a bare '[' is
    // refused. Regex: RE2
    // syntax, found anywhere unless anchored. Up to kPatternBytesMax; Any takes no pattern.
    static Parsed<TextMatch> make(Kind kind, std::string_view pattern);

    bool matches(std::string_view text) const;
    Kind kind() const { return kind_; }
    const std::string& pattern() const { return pattern_; }
    // How much it says: exact over prefix over glob over regex over any; then the number of literal
    // characters, but for two regular expressions.
    uint32_t specificity() const;

  private:
    struct Regex;  // immutable, shared by copies
    Kind kind_ = Kind::Any;
    std::string pattern_;
    std::shared_ptr<const Regex> regex_;
};

// "any", "exact", "prefix", "glob", "regex"
std::string_view text(TextMatch::Kind kind);

}  // namespace jumpgate
