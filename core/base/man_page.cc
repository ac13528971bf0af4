#include "core/base/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "core/base/page_flags.h"

namespace jumpgate {

namespace {

constexpr size_t kSourceColumns = 80;  // mandoc -Tlint complains of longer lines

// What groff(7) would take for its own, or turn into a typographer's sign.
std::string escaped(std::string_view text, bool literal_hyphens) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += literal_hyphens ? "\\-" : "-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '`':
                out += "\\(ga";
                break;
            case '^':
                out += "\\(ha";
                break;
            case '~':
                out += "\\(ti";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text, true) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text, true) + "\\fR"; }

// The flag that begins at `at`, "--name" or "-c"; empty: none does.
std::string_view flag_at(std::string_view text, size_t at) {
    const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    if (text[at] != '-' || (at > 0 && (in_word(text[at - 1]) || text[at - 1] == '-'))) return {};
    const size_t name = text.find_first_not_of('-', at);
    if (name == text.npos || name - at > 2 || !in_word(text[name])) return {};
    size_t end = name;
    while (end < text.size() && (in_word(text[end]) || text[end] == '-' || text[end] == '_')) ++end;
    return text.substr(at, end - at);
}

// The NAME of a "<NAME>" that begins at `at`; empty: none does.
std::string_view placeholder_at(std::string_view text, size_t at) {
    const size_t end = text[at] == '<' ? text.find_first_of(" >", at) : text.npos;
    return end == text.npos || text[end] == ' ' ? "" : text.substr(at + 1, end - at - 1);
}

// A line of prose in roff.
std::string styled(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t close = text[at] == '`' ? text.find('`', at + 1) : text.npos;
        if (close != text.npos) {
            out += bold(text.substr(at + 1, close - at - 1));
            at = close + 1;
        } else if (const std::string_view name = placeholder_at(text, at); !name.empty()) {
            out += italic(name);
            at += name.size() + 2;
        } else if (const std::string_view flag = flag_at(text, at); !flag.empty()) {
            out += bold(flag);
            at += flag.size();
        } else {
            out += escaped(text.substr(at++, 1), false);
        }
    }
    return out;
}

// "-c, --count N" in roff.
std::string styled_heading(const Flag& flag) {
    std::string out = flag.letter ? bold(std::string{'-', flag.letter}) + ", " : "";
    out += bold("--" + flag.name);
    if (!flag.metavar.empty()) out += " " + italic(flag.metavar);
    return out;
}

class Page {
  public:
    void macro(std::string_view line) {
        out_ += line;
        out_ += '\n';
    }
    void section(std::string_view title) {
        macro(fmt::format(".SH \"{}\"", escaped(title, false)));
        begun_ = true;
    }
    void subsection(std::string_view title) {
        macro(fmt::format(".SS \"{}\"", escaped(title, false)));
        begun_ = true;
    }
    // A paragraph begins, unless a heading has just begun one.
    void part() {
        if (!std::exchange(begun_, false)) macro(".PP");
    }
    void paragraphs(std::string_view text) {
        while (!text.empty()) {
            const size_t end = std::min(text.find("\n\n"), text.size());
            part();
            fill(styled(text.substr(0, end)));
            text.remove_prefix(std::min(text.size(), end + 2));
        }
    }
    // `term` is in roff.
    void tagged(std::string_view term, std::string_view text) {
        begun_ = false;
        macro(".TP");
        macro(term);
        fill(styled(text));
    }
    void shell(std::string_view title, std::string_view commands) {
        paragraphs(title);
        macro(".PP\n.RS 4\n.EX");
        for (size_t at = 0; at < commands.size();) {
            const size_t end = std::min(commands.find('\n', at), commands.size());
            verbatim(commands.substr(at, end - at));
            at = end + 1;
        }
        macro(".EE\n.RE");
    }
    std::string take() { return std::move(out_); }

  private:
    // A line that begins with . or ' would be a macro.
    static std::string_view guard(std::string_view line) {
        return line.starts_with('.') || line.starts_with('\'') ? "\\&" : "";
    }
    void verbatim(std::string_view line) {
        macro(fmt::format("{}{}", guard(line), escaped(line, true)));
    }
    // Word by word, a new line behind each full stop: roff(7) tells sentences by it.
    void fill(std::string_view text) {
        size_t column = 0;
        for (size_t at = 0; at < text.size();) {
            const size_t end = std::min(text.find_first_of(" \n", at), text.size());
            const std::string_view word = text.substr(at, end - at);
            at = end + 1;
            if (word.empty()) continue;
            const bool over = column + 3 + word.size() > kSourceColumns;
            if (column > 0) out_ += over || ends_sentence_ ? '\n' : ' ';
            if (column > 0 && (over || ends_sentence_)) column = 0;
            if (column == 0) out_ += guard(word);
            if (word.find('_') != word.npos) out_ += "\\%";  // an identifier: no hyphen inside
            out_ += word;
            column += word.size() + 1;
            ends_sentence_ = word.ends_with('.');
        }
        out_ += '\n';
        ends_sentence_ = false;
    }

    std::string out_;
    bool begun_ = false;  // a heading stands before us
    bool ends_sentence_ = false;
};

// One entry of a list of options: a row, and the modes that have it in these words.
struct Option {
    const Flag* row;
    std::vector<std::string_view> modes;
};

bool reads_alike(const Flag& a, const Flag& b) {
    return a.group == b.group && a.help == b.help && heading(a) == heading(b) &&
           terms(a) == terms(b);
}

size_t find_alike(const std::vector<Option>& options, const Flag& row) {
    const auto alike = [&](const Option& option) { return reads_alike(*option.row, row); };
    return static_cast<size_t>(std::ranges::find_if(options, alike) - options.begin());
}

// Where the rows of `mode` that nobody has yet begin: with the first that somebody has, else last.
size_t begin_of(const ManualMode& mode, const std::vector<Option>& options) {
    for (const Flag& row : mode.flags.rows) {
        const size_t alike = find_alike(options, row);
        if (alike < options.size()) return alike;
    }
    return options.size();
}

// Rows of all the modes, each in the order of its own table; rows of one name stand together.
std::vector<Option> join(const std::vector<const ManualMode*>& modes) {
    std::vector<Option> options;
    for (const ManualMode* mode : modes) {
        size_t at = begin_of(*mode, options);  // then: behind the row before
        const Flag* before = nullptr;
        for (const Flag& row : mode->flags.rows) {
            const auto is_of = [&](const Flag* other) {
                return other != nullptr && at < options.size() &&
                       options[at].row->name == other->name;
            };
            const size_t alike = find_alike(options, row);
            if (alike < options.size()) {
                options[alike].modes.push_back(mode->name);
                at = alike + 1;
            } else {
                while (is_of(before) || is_of(&row)) ++at;
                options.insert(options.begin() + static_cast<std::ptrdiff_t>(at),
                               Option{&row, {mode->name}});
                ++at;
            }
            before = &row;
        }
    }
    return options;
}

std::string joined(const std::vector<std::string_view>& words, std::string_view last) {
    std::string out;
    for (size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? last : std::string_view(", ");
        out += words[i];
    }
    return out;
}

// "Worker threads. [pub, sub; default 4; 1 to 256]"
std::string explanation(const Option& option, size_t modes) {
    std::string appendix = option.modes.size() == modes ? "" : joined(option.modes, ", ");
    const std::string rest = terms(*option.row);
    if (!appendix.empty() && !rest.empty()) appendix += "; ";
    appendix += rest;
    return appendix.empty() ? option.row->help : option.row->help + " [" + appendix + "]";
}

void add_options(Page& page, const std::vector<const ManualMode*>& modes) {
    for (const ManualMode* mode : modes) {
        if (mode->flags.operand.empty()) continue;
        page.tagged(italic(mode->flags.operand),
                    mode->flags.operand_help +
                        (modes.size() > 1 ? fmt::format(" [{}]", mode->name) : std::string()));
    }
    std::string_view group;
    for (const Option& option : join(modes)) {
        if (option.row->group != group) page.subsection(option.row->group);
        group = option.row->group;
        page.tagged(styled_heading(*option.row), explanation(option, modes.size()));
    }
}

void add_rows(Page& page, const std::vector<Flag>& rows) {
    for (const Flag& row : rows) page.tagged(styled_heading(row), explanation({&row, {}}, 0));
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

void add_modes(Page& page, const Manual& manual) {
    page.section("MODES");
    for (const ManualMode& mode : manual.modes) {
        std::string sentence = mode.purpose + ".";
        sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
        page.tagged(bold(mode.name), sentence);
    }
    std::vector<std::string_view> kinds;
    for (const ManualMode& mode : manual.modes)
        if (std::ranges::find(kinds, mode.kind) == kinds.end()) kinds.push_back(mode.kind);
    for (const std::string_view kind : kinds) {
        std::vector<const ManualMode*> modes;
        std::vector<std::string_view> names;
        for (const ManualMode& mode : manual.modes) {
            if (mode.kind != kind) continue;
            modes.push_back(&mode);
            names.push_back(mode.name);
        }
        page.section(upper("Options: " + std::string(kind)));
        page.paragraphs(fmt::format("Of {}{}.", joined(names, " and "),
                                    names.size() > 1 ? "; names in brackets: of these alone" : ""));
        add_options(page, modes);
    }
    page.section("OPTIONS OF EVERY MODE");
    std::vector<Flag> common = common_rows();
    std::erase_if(common, [](const Flag& row) { return row.name == "version"; });
    add_rows(page, common);
    page.section("OPTIONS IN PLACE OF A MODE");
    add_rows(page, rows_of(manual, nullptr));
}

void add_section(Page& page, const ManualSection& section) {
    page.section(section.title);
    page.paragraphs(section.text);
    for (const ManualEntry& entry : section.entries) {
        if (section.shell) {
            page.shell(entry.term, entry.text);
        } else {
            page.tagged(bold(entry.term), entry.text);
        }
    }
}

}  // namespace

std::string man_page(const Manual& manual) {
    Page page;
    page.macro(fmt::format(".\\\" Made by `{} --help-man`.", manual.program));
    page.macro(fmt::format(".TH {} {} \"{}\" \"{} {}\" \"{}\"", upper(manual.program),
                           manual.section, manual.date, manual.program, manual.version,
                           manual.section == 8 ? "System Administration" : "User Commands"));
    page.section("NAME");
    page.macro(fmt::format("{} \\- {}", manual.program, escaped(manual.purpose, false)));
    page.section("SYNOPSIS");
    for (const std::string& line : manual.synopsis) {
        if (&line != &manual.synopsis.front()) page.macro(".br");
        page.macro(bold(manual.program) + " " + styled(line));
    }
    page.section("DESCRIPTION");
    page.paragraphs(manual.description);
    if (has_modes(manual)) {
        add_modes(page, manual);
    } else {
        page.section("OPTIONS");
        add_options(page, {&manual.modes.front()});
        page.subsection(kOtherGroup);
        add_rows(page, common_rows());
        add_rows(page, page_rows());
    }
    for (const ManualSection& section : manual.sections) add_section(page, section);
    return page.take();
}

}  // namespace jumpgate
