#include "core/base/zsh_completion.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/completion.h"
#include "core/base/page_flags.h"

namespace jumpgate {

namespace {

// Between single quotes, in a specification of _arguments: what it or the shell would take for its
// own gets a backslash.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
            continue;
        }
        if (c == '\\' || c == '[' || c == ']' || c == ':') out += '\\';
        out += c;
    }
    return out;
}

// The first sentence, which is enough beside a flag.
std::string_view gist(std::string_view help) {
    const size_t stop = help.find(". ");
    help = help.substr(0, stop);
    if (help.ends_with('.')) help.remove_suffix(1);
    return help;
}

// ":WORD:(a b c)", what follows a flag; empty: a switch.
std::string value(const Flag& flag) {
    if (flag.kind == FlagKind::Switch || flag.metavar.empty()) return {};
    const Offer offer = offer_of(flag);
    std::string action = " ";
    if (!offer.words.empty()) {
        action.clear();
        for (const std::string& word : offer.words)
            action += (action.empty() ? "(" : " ") + escaped(word);
        action += ')';
        if (offer.files) action = "_alternative \"words::" + action + "\" \"files::_files\"";
    } else if (offer.files) {
        action = "_files";
    } else if (offer.folders) {
        action = "_files -/";
    }
    return fmt::format(":{}:{}", escaped(flag.metavar), action);
}

// One specification for each way to write it.
void add_specifications(std::vector<std::string>& out, const Manual& manual, const Flag& flag) {
    std::vector<std::string> names{"--" + flag.name};
    if (flag.letter) names.push_back({'-', flag.letter});
    if (is_negatable(manual, flag)) names.push_back("--no-" + flag.name);
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
    const bool ends = flag.group == kOtherGroup;  // --help: nothing else matters
    const std::string before = flag.repeatable ? "*" : ends ? "(- : *)" : "(" + all + ")";
    const std::string takes = value(flag);
    for (const std::string& name : names) {
        const bool negated = name.starts_with("--no-") && name != "--" + flag.name;
        const std::string_view join = takes.empty() ? "" : name.starts_with("--") ? "=" : "+";
        out.push_back(fmt::format("'{}{}{}[{}{}]{}'", before, name, join, negated ? "not\\: " : "",
                                  escaped(gist(flag.help)), takes));
    }
}

// A call of _arguments with the flags of `mode`, and `more`, a specification or empty.
std::string call(std::string_view start, const Manual& manual, const ManualMode* mode,
                 std::string_view more) {
    std::vector<std::string> specifications;
    for (const Flag& row : rows_of(manual, mode)) add_specifications(specifications, manual, row);
    if (!more.empty()) specifications.emplace_back(more);
    const std::string indent(start.find_first_not_of(' ') + 4, ' ');
    std::string out(start);
    for (const std::string& specification : specifications) out += " \\\n" + indent + specification;
    return out;
}

std::string call_of_mode(std::string_view indent, const Manual& manual, const ManualMode& mode) {
    const std::string start = std::string(indent) + "_arguments";
    if (!mode.runs.empty()) {  // only what stands before the mode that it runs is its own
        std::string names;
        for (const std::string& name : names_of(manual, mode.runs)) names += " " + name;
        return call(start + " -A \"-*\"", manual, &mode,
                    fmt::format("'1:MODE:({})' '*:: :_{}_mode'", names.substr(1), manual.program));
    }
    const std::string& operand = mode.flags.operand;
    return call(start, manual, &mode,
                operand.empty() ? "" : fmt::format("'*:{}:_files'", escaped(operand)));
}

// The function _PROGRAM_mode: $words begins with the name of a mode.
std::string mode_function(const Manual& manual) {
    std::string arms;
    for (const ManualMode& mode : manual.modes)
        arms += fmt::format("    {})\n{}\n        ;;\n", mode.name,
                            call_of_mode("        ", manual, mode));
    return fmt::format(
        "_{0}_mode() {{\n    local curcontext=${{curcontext%:*}}-$words[1]:\n"
        "    case $words[1] in\n{1}    *) return 1 ;;\n    esac\n}}\n\n",
        manual.program, arms);
}

std::string choice_of_mode(const Manual& manual) {
    std::string names;
    for (const ManualMode& mode : manual.modes)
        names += fmt::format("            '{}:{}'\n", mode.name, escaped(mode.purpose));
    return fmt::format(
        "    local curcontext=$curcontext state line ret=1\n    local -A opt_args\n"
        "{} && ret=0\n"
        "    if [[ $state == mode ]]; then\n        local -a modes=(\n{}        )\n"
        "        _describe -t modes mode modes && ret=0\n    fi\n    return ret\n",
        call("    _arguments -C", manual, nullptr,
             fmt::format("'1: :->mode' '*:: :_{}_mode'", manual.program)),
        names);
}

}  // namespace

std::string zsh_completion(const Manual& manual) {
    const bool modes = has_modes(manual);
    const std::string body =
        modes ? choice_of_mode(manual) : call_of_mode("    ", manual, manual.modes.front()) + "\n";
    return fmt::format(
        "#compdef {0}\n# Lets zsh complete {0}({1}). Made by `{0} --help-completion zsh`.\n\n"
        "{3}_{0}() {{\n{2}}}\n\nif [[ $funcstack[1] == _{0} ]]; then\n    _{0} \"$@\"\nelse\n"
        "    compdef _{0} {0}\nfi\n",
        manual.program, manual.section, body, modes ? mode_function(manual) : "");
}

}  // namespace jumpgate
