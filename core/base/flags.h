// FlagTable: a program's command line as one table. Parsing, --help and the generated page of the
// documentation all read the same rows, so they cannot disagree.
//
// Law: a bad command line yields one line that names the flag, the value and what is allowed, and
// exit code 2; nothing is guessed. Rules between flags are the caller's.
// A value may also come from the environment or a file; each source fills a table of its own, and
// adopt() puts them together: per row (and per family of rows) the highest source wins, whole.
// Does not print and does not exit: parse() says what to print and how to exit.
#pragma once

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/parsed.h"

namespace jumpgate {

// How the program ends before it starts: --help and --version (0, stdout), a mistake (2, stderr).
struct FlagsExit {
    int exit_code;
    std::string text;  // whole lines
    bool to_stderr;

    int print() const;  // the exit code
};

// A whole decimal number, digits only, min to max.
Parsed<uint64_t> parse_number(std::string_view value, uint64_t min, uint64_t max);

// `value` as a message may show it: quoted unless a number, on one line, cut after 64 characters.
std::string shown(std::string_view value);

// Where a row's value comes from; the later of two wins.
enum class ValueSource : uint8_t { Default, File, Environment, CommandLine };

enum class FlagKind : uint8_t { Switch, Number, Word, Text };

// One row. The methods of FlagTable fill it; callers add what is rare, such as a letter.
struct Flag {
    std::string group;
    std::string name;          // "threads" for --threads
    char letter = 0;           // 'c' for -c; 0: none
    std::string metavar;       // "N", "ADDR:PORT"; empty: a switch, which takes no value
    std::string unit;          // "ms", "bytes"; may be empty
    std::string default_text;  // empty: there is none
    std::string allowed;       // "1 to 256"
    std::string help;          // whole sentences
    bool repeatable = false;
    // Rows of one family fill the same list (--listen, --tls-listen): a source that gives one of
    // them replaces what lower sources gave for all.
    std::string family;
    bool mode = false;  // what the program does, not how: on the command line only

    FlagKind kind = FlagKind::Text;
    uint64_t min = 0;  // of a Number
    uint64_t max = 0;
    std::vector<std::string> words;  // of a Word

    ValueSource source = ValueSource::Default;
    std::string where;               // "fleet.yaml:12:3", "JUMPGATE_THREADS"; may be empty
    std::vector<std::string> texts;  // the values as they were given
    bool given() const { return source != ValueSource::Default; }

    // Stores the value ("true" or "false" of a Switch), or says what is wrong with it.
    std::function<std::optional<Problem>(std::string_view value)> set;
    // The value in force, as set() would take it; null where only `texts` say it.
    std::function<std::string()> current;
};

// What a page says of a command line: rows that can be read after their table and targets are gone.
struct FlagSheet {
    std::vector<Flag> rows;    // without `set` and `current`
    std::string operand;       // "RUN.json..."; empty: it takes flags only
    std::string operand_help;  // whole sentences
};

// "-c, --count N", as --help and the pages show it.
std::string heading(const Flag& flag);
// "default 3000 ms; 10 to 600000; repeatable"; may be empty.
std::string terms(const Flag& flag);

// --help, --help-markdown and --version, which every table knows besides its rows, as the group
// kOtherGroup. A row named "version" (of MQTT, say) takes the place of the last.
constexpr const char* kOtherGroup = "Other";
std::vector<Flag> common_rows();

class FlagTable {
  public:
    // `usage`: the lines above the flags in --help, ending in a newline.
    FlagTable(std::string program, std::string usage, std::string version);
    FlagTable(const FlagTable&) = delete;
    FlagTable& operator=(const FlagTable&) = delete;

    // Starts a group of --help; the rows added next belong to it.
    void group(std::string name) { group_ = std::move(name); }

    // Each adds a row bound to `target`, which outlives the table. Its present value is the
    // default.
    template <std::unsigned_integral T>
    Flag& number(std::string name, T& target, uint64_t min, uint64_t max, std::string unit,
                 std::string help);
    Flag& toggle(std::string name, bool& target, std::string help);
    Flag& text(std::string name, std::string& target, std::string metavar, std::string help);
    template <class E>
    Flag& choice(std::string name, E& target, std::vector<std::pair<std::string, E>> words,
                 std::string help);
    // `assign` gets each parsed value: `read` is Parsed<T>(std::string_view).
    template <class Parse, class Assign>
    Flag& value(std::string name, Parse read, Assign assign, std::string metavar,
                std::string allowed, std::string help);
    // As value(), but may be given many times; each appends to `target`.
    template <class T, class Parse>
    Flag& list(std::string name, std::vector<T>& target, Parse read, std::string metavar,
               std::string allowed, std::string help);

    // Takes arguments that are no flags, `least` or more of them, into `target`, in their order.
    void operands(std::vector<std::string>& target, size_t least, std::string metavar,
                  std::string help);

    const std::deque<Flag>& rows() const { return flags_; }
    FlagSheet sheet() const;
    Flag* row(std::string_view name);  // null: there is none
    // The name that a misspelt one is near to.
    std::optional<std::string_view> near(std::string_view name) const;

    // Stores the values of a source other than the command line. The problem is said behind the
    // row's name: "0 is out of range". More than one value: for repeatable rows only.
    std::optional<Problem> give(Flag& flag, const std::vector<std::string>& values,
                                ValueSource source, std::string where);
    // Takes over what `lower`, a table of the same rows, was given, where nothing higher is there.
    void adopt(const FlagTable& lower);

    // Reads the arguments behind the program's name (and subcommand): --name=value, --name value,
    // -l value, -lvalue, --no-name of a switch, and operands where there are such. None: every
    // target is set. Knows --help, --help-markdown and --version.
    std::optional<FlagsExit> parse(std::span<const char* const> arguments);

    // A FlagsExit with exit code 2 and the line "PROGRAM: MESSAGE", for the caller's own rules.
    FlagsExit refuse(std::string_view message) const;

    std::string help() const;      // at most 100 columns
    std::string markdown() const;  // one table per group

  private:
    Flag& add(std::string name, std::string metavar, std::string help);
    Flag* find(std::string_view argument);
    Flag* find_negated(std::string_view argument);
    std::optional<FlagsExit> accept(Flag& flag, std::optional<std::string_view> value);
    std::optional<FlagsExit> take(Flag& flag, std::string_view value);
    FlagsExit unknown(std::string_view argument) const;
    std::optional<FlagsExit> missing_operand() const;

    std::string program_;
    std::string usage_;
    std::string version_;
    std::string group_;
    std::deque<Flag> flags_;  // rows keep their address
    struct Operands {
        std::vector<std::string>* target;
        size_t least;
        std::string metavar;
        std::string help;
    };
    std::optional<Operands> operands_;
};

template <std::unsigned_integral T>
Flag& FlagTable::number(std::string name, T& target, uint64_t min, uint64_t max, std::string unit,
                        std::string help) {
    CHECK(min <= max && max <= std::numeric_limits<T>::max());
    Flag& flag = add(std::move(name), "N", std::move(help));
    flag.unit = std::move(unit);
    flag.default_text = std::to_string(target);
    flag.allowed = std::to_string(min) + " to " + std::to_string(max);
    flag.kind = FlagKind::Number;
    flag.min = min;
    flag.max = max;
    flag.current = [&target] { return std::to_string(target); };
    flag.set = [&target, min, max](std::string_view value) -> std::optional<Problem> {
        Parsed<uint64_t> parsed = parse_number(value, min, max);
        if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
        target = static_cast<T>(std::get<uint64_t>(parsed));
        return std::nullopt;
    };
    return flag;
}

template <class E>
Flag& FlagTable::choice(std::string name, E& target, std::vector<std::pair<std::string, E>> words,
                        std::string help) {
    Flag& flag = add(std::move(name), "WORD", std::move(help));
    flag.kind = FlagKind::Word;
    for (const auto& [word, meaning] : words) {
        flag.words.push_back(word);
        if (meaning == target) flag.default_text = word;
        flag.allowed += (flag.allowed.empty() ? "one of " : ", ") + word;
    }
    flag.current = [&target, words] {
        for (const auto& [word, meaning] : words)
            if (meaning == target) return word;
        return std::string();
    };
    flag.set = [&target, words = std::move(words)](std::string_view value) {
        for (const auto& [word, meaning] : words) {
            if (word != value) continue;
            target = meaning;
            return std::optional<Problem>();
        }
        return std::optional(Problem{"is unknown"});
    };
    return flag;
}

template <class Parse, class Assign>
Flag& FlagTable::value(std::string name, Parse read, Assign assign, std::string metavar,
                       std::string allowed, std::string help) {
    Flag& flag = add(std::move(name), std::move(metavar), std::move(help));
    flag.allowed = std::move(allowed);
    flag.set = [read, assign](std::string_view value) -> std::optional<Problem> {
        auto parsed = read(value);
        if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
        assign(std::move(std::get<0>(parsed)));
        return std::nullopt;
    };
    return flag;
}

template <class T, class Parse>
Flag& FlagTable::list(std::string name, std::vector<T>& target, Parse read, std::string metavar,
                      std::string allowed, std::string help) {
    const auto append = [&target](T item) { target.push_back(std::move(item)); };
    Flag& flag = value(std::move(name), read, append, std::move(metavar), std::move(allowed),
                       std::move(help));
    flag.repeatable = true;
    return flag;
}

}  // namespace jumpgate
