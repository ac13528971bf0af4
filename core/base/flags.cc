#include "core/base/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "core/base/cut_text.h"
#include "core/base/near_miss.h"

namespace jumpgate {

namespace {

constexpr size_t kHelpColumns = 100;
constexpr size_t kHelpIndent = 34;  // where the explanations begin
constexpr size_t kShownMax = 64;

bool all_digits(std::string_view value) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !value.empty() && std::ranges::all_of(value, digit);
}

bool is_number(std::string_view value) {
    return all_digits(value.starts_with('-') ? value.substr(1) : value);
}

// Appends `text` word by word; lines break before kHelpColumns and continue at kHelpIndent.
void wrap(std::string& out, size_t column, std::string_view text) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (column + word.size() > kHelpColumns) {
            out.back() = '\n';  // in place of the blank behind the last word
            out.append(kHelpIndent, ' ');
            column = kHelpIndent;
        }
        out.append(word).push_back(' ');
        column += word.size() + 1;
    }
    out.back() = '\n';
}

// The lines of one flag in --help.
void explain(std::string& out, const Flag& flag) {
    const std::string left = "  " + heading(flag);
    const bool own_line = left.size() + 2 > kHelpIndent;
    out += own_line ? left + "\n" : left;
    out.append(own_line ? kHelpIndent : kHelpIndent - left.size(), ' ');
    const std::string appendix = terms(flag);
    wrap(out, kHelpIndent, appendix.empty() ? flag.help : flag.help + " [" + appendix + "]");
}

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : cut_text(value, kShownMax)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
            text += fmt::format("\\x{:02x}", byte);
        } else {
            text += c;
        }
    }
    return text + (value.size() > kShownMax ? "..." : "");
}

std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|' || c == '<') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

}  // namespace

std::string heading(const Flag& flag) {
    std::string text = flag.letter ? std::string{'-', flag.letter, ',', ' '} : "";
    text += "--" + flag.name;
    if (!flag.metavar.empty()) text += " " + flag.metavar;
    return text;
}

std::string terms(const Flag& flag) {
    std::vector<std::string> parts;
    const bool counted = !flag.unit.empty() && is_number(flag.default_text);
    if (!flag.default_text.empty())
        parts.push_back("default " + flag.default_text + (counted ? " " + flag.unit : ""));
    if (!flag.allowed.empty()) parts.push_back(flag.allowed);
    if (flag.repeatable) parts.push_back("repeatable");
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
    return text;
}

std::vector<Flag> common_rows() {
    static constexpr std::pair<const char*, const char*> kRows[] = {
        {"help", "This text."},
        {"help-markdown", "The same as Markdown."},
        {"version", "Versions, libraries and what the kernel offers."},
    };
    std::vector<Flag> rows;
    for (const auto& [name, help] : kRows) {
        Flag& flag = rows.emplace_back();
        flag.group = kOtherGroup;
        flag.name = name;
        flag.help = help;
        flag.kind = FlagKind::Switch;
        flag.mode = true;
    }
    return rows;
}

Parsed<uint64_t> parse_number(std::string_view value, uint64_t min, uint64_t max) {
    if (!is_number(value)) return Problem{"is not a whole number"};
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.begin(), value.end(), number);
    if (error != std::errc() || number < min || number > max) return Problem{"is out of range"};
    return number;
}

std::string shown(std::string_view value) {
    if (is_number(value) && value.size() <= kShownMax) return std::string(value);
    // A PEM in the wrong field: messages go to logs and to whoever asks.
    if (value.find("PRIVATE KEY") != value.npos) return "(a private key)";
    return '"' + escaped(value) + '"';
}

FlagTable::FlagTable(std::string program, std::string usage, std::string version)
    : program_(std::move(program)), usage_(std::move(usage)), version_(std::move(version)) {}

Flag& FlagTable::add(std::string name, std::string metavar, std::string help) {
    Flag& flag = flags_.emplace_back();
    flag.group = group_;
    flag.name = std::move(name);
    flag.metavar = std::move(metavar);
    flag.help = std::move(help);
    return flag;
}

Flag& FlagTable::toggle(std::string name, bool& target, std::string help) {
    Flag& flag = add(std::move(name), "", std::move(help));
    flag.default_text = target ? "on" : "off";
    flag.kind = FlagKind::Switch;
    flag.current = [&target] { return std::string(target ? "true" : "false"); };
    flag.set = [&target](std::string_view value) -> std::optional<Problem> {
        if (value != "true" && value != "false") return Problem{"is not true or false"};
        target = value == "true";
        return std::nullopt;
    };
    return flag;
}

Flag& FlagTable::text(std::string name, std::string& target, std::string metavar,
                      std::string help) {
    Flag& flag = add(std::move(name), std::move(metavar), std::move(help));
    flag.default_text = target;
    flag.current = [&target] { return target; };
    flag.set = [&target](std::string_view value) {
        target = value;
        return std::nullopt;
    };
    return flag;
}

void FlagTable::operands(std::vector<std::string>& target, size_t least, std::string metavar,
                         std::string help) {
    operands_ = Operands{&target, least, std::move(metavar), std::move(help)};
}

FlagSheet FlagTable::sheet() const {
    FlagSheet sheet{{flags_.begin(), flags_.end()}, {}, {}};
    for (Flag& flag : sheet.rows) {
        flag.set = nullptr;
        flag.current = nullptr;
    }
    if (operands_) {
        sheet.operand = operands_->metavar;
        sheet.operand_help = operands_->help;
    }
    return sheet;
}

Flag* FlagTable::find(std::string_view argument) {
    const bool named = argument.starts_with("--");
    const std::string_view name = named ? argument.substr(2, argument.find('=') - 2) : "";
    for (Flag& flag : flags_) {
        if (named && flag.name == name) return &flag;
        if (!named && argument.size() > 1 && argument[0] == '-' && flag.letter == argument[1])
            return &flag;
    }
    return nullptr;
}

// "--no-pin-cpus": a switch turned off, whatever a file or the environment says.
Flag* FlagTable::find_negated(std::string_view argument) {
    if (!argument.starts_with("--no-")) return nullptr;
    Flag* flag = row(argument.substr(5));
    return flag != nullptr && flag->kind == FlagKind::Switch ? flag : nullptr;
}

Flag* FlagTable::row(std::string_view name) {
    const auto found = std::ranges::find(flags_, name, &Flag::name);
    return found == flags_.end() ? nullptr : &*found;
}

std::optional<std::string_view> FlagTable::near(std::string_view name) const {
    std::vector<std::string_view> names{"help"};
    for (const Flag& flag : flags_) names.push_back(flag.name);
    return near_miss(name, names);
}

std::optional<Problem> FlagTable::give(Flag& flag, const std::vector<std::string>& values,
                                       ValueSource source, std::string where) {
    if (flag.given() && !flag.repeatable)
        return Problem{fmt::format("is given twice, at {} too", flag.where)};
    if (values.size() != 1 && !flag.repeatable)
        return Problem{fmt::format("has {} values; it takes one", values.size())};
    for (const std::string& value : values) {
        if (std::optional<Problem> problem = flag.set(value))
            return Problem{fmt::format("{} {}", shown(value), problem->text)};
        flag.texts.push_back(value);
    }
    if (!flag.given()) flag.where = std::move(where);
    flag.source = source;
    return std::nullopt;
}

void FlagTable::adopt(const FlagTable& lower) {
    CHECK(flags_.size() == lower.flags_.size());
    const auto overruled = [this](const Flag& flag, ValueSource source) {
        return std::ranges::any_of(flags_, [&](const Flag& other) {
            const bool kin = !flag.family.empty() && other.family == flag.family;
            return (kin || &other == &flag) && other.source > source;
        });
    };
    for (size_t i = 0; i < flags_.size(); ++i) {
        const Flag& given = lower.flags_[i];
        if (!given.given() || overruled(flags_[i], given.source)) continue;
        const std::optional<Problem> problem =
            give(flags_[i], given.texts, given.source, given.where);
        CHECK(!problem);  // `lower` has taken the same values
    }
}

int FlagsExit::print() const {
    std::fputs(text.c_str(), to_stderr ? stderr : stdout);
    return exit_code;
}

std::optional<FlagsExit> FlagTable::parse(std::span<const char* const> arguments) {
    for (const std::string_view argument : arguments) {  // whatever else is wrong, help helps
        if (argument == "--help") return FlagsExit{0, help(), false};
        if (argument == "--help-markdown") return FlagsExit{0, markdown(), false};
        if (argument == "--version" && row("version") == nullptr)
            return FlagsExit{0, version_, false};
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (Flag* negated = find_negated(argument)) {
            if (std::optional<FlagsExit> exit = take(*negated, "false")) return exit;
            continue;
        }
        if (operands_ && !argument.starts_with('-')) {
            operands_->target->emplace_back(argument);
            continue;
        }
        Flag* flag = find(argument);
        if (flag == nullptr) return unknown(argument);
        std::optional<std::string_view> value;
        const size_t equals = argument.find('=');
        if (argument.starts_with("--") && equals != argument.npos) {
            value = argument.substr(equals + 1);
        } else if (!argument.starts_with("--") && argument.size() > 2) {
            value = argument.substr(2);
        } else if (!flag->metavar.empty() && i + 1 < arguments.size() &&
                   !std::string_view(arguments[i + 1]).starts_with("--")) {
            value = arguments[++i];
        }
        if (std::optional<FlagsExit> exit = accept(*flag, value)) return exit;
    }
    return missing_operand();
}

std::optional<FlagsExit> FlagTable::missing_operand() const {
    if (!operands_ || operands_->target->size() >= operands_->least) return std::nullopt;
    return refuse(fmt::format("{} is missing: {} given; allowed: {} or more", operands_->metavar,
                              operands_->target->size(), operands_->least));
}

std::optional<FlagsExit> FlagTable::take(Flag& flag, std::string_view value) {
    if (flag.given() && !flag.repeatable)
        return refuse(fmt::format("--{}: given twice; allowed: once", flag.name));
    flag.source = ValueSource::CommandLine;
    flag.texts.emplace_back(value);
    const std::optional<Problem> problem = flag.set(value);
    if (!problem) return std::nullopt;
    const std::string allowed = flag.allowed.empty() ? "" : "; allowed: " + flag.allowed;
    return refuse(fmt::format("--{}: {} {}{}", flag.name, shown(value), problem->text, allowed));
}

std::optional<FlagsExit> FlagTable::accept(Flag& flag, std::optional<std::string_view> value) {
    const std::string allowed = flag.allowed.empty() ? "" : "; allowed: " + flag.allowed;
    const bool is_switch = flag.kind == FlagKind::Switch;
    if (is_switch && value)
        return refuse(fmt::format("--{}: takes no value, got {}", flag.name, shown(*value)));
    if (!is_switch && !value)
        return refuse(fmt::format("--{}: needs a value ({}){}", flag.name, flag.metavar, allowed));
    return take(flag, value.value_or("true"));
}

FlagsExit FlagTable::refuse(std::string_view message) const {
    return FlagsExit{2, fmt::format("{}: {}\n", program_, message), true};
}

FlagsExit FlagTable::unknown(std::string_view argument) const {
    if (!argument.starts_with('-'))
        return refuse(shown(argument) + " is no flag; --help lists all");
    const std::string_view flag = argument.substr(0, argument.find('='));
    const std::string_view name = flag.substr(std::min(flag.size(), flag.find_first_not_of('-')));
    const std::optional<std::string_view> nearest = near(name);
    return refuse(fmt::format(
        "{}: unknown flag; {}", escaped(flag),
        nearest ? fmt::format("did you mean --{}?", *nearest) : std::string("--help lists all")));
}

std::string FlagTable::help() const {
    std::string out = usage_;
    if (operands_) {
        const std::string left = "  " + operands_->metavar + "  ";
        out += "\n" + left;
        out.append(kHelpIndent - std::min(left.size(), kHelpIndent), ' ');
        wrap(out, std::max(left.size(), kHelpIndent), operands_->help);
    }
    std::string_view group;
    for (const Flag& flag : flags_) {
        if (flag.group != group) out += "\n" + flag.group + "\n";
        group = flag.group;
        explain(out, flag);
    }
    out += fmt::format("\n{}\n", kOtherGroup);
    for (const Flag& flag : common_rows())
        if (std::ranges::find(flags_, flag.name, &Flag::name) == flags_.end()) explain(out, flag);
    return out;
}

std::string FlagTable::markdown() const {
    std::string out =
        fmt::format("# Flags of {0}\n\nGenerated by `{0} --help-markdown`.\n", program_);
    std::string_view group;
    for (const Flag& flag : flags_) {
        if (flag.group != group)
            out += fmt::format(
                "\n## {}\n\n| Flag | Unit | Default | Allowed | Meaning |\n|---|---|---|---|---|\n",
                flag.group);
        group = flag.group;
        out += fmt::format("| `{}`{} | {} | {} | {} | {} |\n", heading(flag),
                           flag.repeatable ? ", repeatable" : "", cell(flag.unit),
                           cell(flag.default_text), cell(flag.allowed), cell(flag.help));
    }
    return out;
}

}  // namespace jumpgate
