#include "core/base/bash_completion.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/completion.h"
#include "core/base/page_flags.h"

namespace jumpgate {

namespace {

// The part that is the same for all programs; {0} is the program's name, {1} finds the mode. `kind`
// says what follows flags: words, files, folders, or text, for which nothing is offered.
constexpr std::string_view kFunction = R"(
_{0}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}}
    local word before= mode= flags= letters= negated= kind= words=
    COMPREPLY=()
    # --name=value is three words while COMP_WORDBREAKS has the =, else one.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${{COMP_WORDS[COMP_CWORD - 2]}}
    elif [[ $cur == --*=* ]]; then
        prev=${{cur%%=*}} cur=${{cur#*=}}
        before=$prev=
    fi
{1}    _{0}_value "$mode" "$prev"
    if [[ ! $kind ]]; then # prev takes no value: a flag comes, or what stands beside flags
        _{0}_flags "$mode"
        if [[ $cur == -* || ! $kind ]]; then
            kind=words words=$flags
            if [[ $cur == - ]]; then words+=" $letters"; fi
            if [[ $cur == --no* ]]; then words+=" $negated"; fi
        fi
    fi
    if [[ $words ]]; then
        mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "$cur")
    fi
    case $kind in
    files) kind=-f ;;
    folders) kind=-d ;;
    *) return ;;
    esac
    compopt -o filenames 2>/dev/null
    mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -P "$before" "$kind" -- "$cur")
}}
complete -F _{0} {0}
)";

constexpr std::string_view kFindMode =
    "    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then mode=${COMP_WORDS[1]}; fi\n";

// A mode that runs another one, {0}: behind the other's name its flags are meant, {1}.
constexpr std::string_view kFindRunMode = R"(    case $mode in
    {0})
        for word in "${{COMP_WORDS[@]:2:COMP_CWORD-2}}"; do
            case $word in {1}) mode=$word && break ;; esac
        done
        ;;
    esac
)";

std::string joined(const std::vector<std::string>& words, std::string_view between) {
    std::string out;
    for (const std::string& word : words) {
        if (!out.empty()) out += between;
        out += word;
    }
    return out;
}

// The arms of a `case` on flags: what the value of each may be.
std::string value_arms(const std::vector<Flag>& rows) {
    std::string out;
    std::vector<std::string> files, folders, texts;
    for (const Flag& row : rows) {
        if (row.kind == FlagKind::Switch || row.metavar.empty()) continue;
        std::vector<std::string> names{"--" + row.name};
        if (row.letter) names.push_back({'-', row.letter});
        const Offer offer = offer_of(row);
        if (!offer.words.empty()) {
            out += fmt::format("        {}) kind={} words='{}' ;;\n", joined(names, " | "),
                               offer.files ? "files" : "words", joined(offer.words, " "));
            continue;
        }
        std::vector<std::string>& alike = offer.files ? files : offer.folders ? folders : texts;
        alike.insert(alike.end(), names.begin(), names.end());
    }
    const auto arm = [&out](const std::vector<std::string>& names, std::string_view kind) {
        if (names.empty()) return;
        out += fmt::format("        {}) kind={} ;;\n", joined(names, " | \\\n            "), kind);
    };
    arm(files, "files");
    arm(folders, "folders");
    arm(texts, "text");
    return out;
}

// The arm of one mode: its flags, and the word that says what may stand beside them.
std::string flags_arm(const Manual& manual, std::string_view mode, const std::vector<Flag>& rows,
                      std::string_view kind, const std::vector<std::string>& words) {
    std::string flags, letters, negated;
    for (const Flag& row : rows) {
        flags += (flags.empty() ? "--" : "\n            --") + row.name;
        if (row.letter) letters += fmt::format("{}-{}", letters.empty() ? "" : " ", row.letter);
        if (is_negatable(manual, row)) negated += (negated.empty() ? "--no-" : " --no-") + row.name;
    }
    return fmt::format(
        "    '{}')\n        flags='{}'\n        letters='{}' negated='{}'\n        kind={} "
        "words='{}'\n        ;;\n",
        mode, flags, letters, negated, kind, joined(words, " "));
}

std::string value_arm(std::string_view mode, const std::vector<Flag>& rows) {
    return fmt::format("    '{}')\n        case $2 in\n{}        esac\n        ;;\n", mode,
                       value_arms(rows));
}

// The modes that `mode` runs, if it runs others.
std::vector<std::string> runnable(const Manual& manual, const ManualMode& mode) {
    return mode.runs.empty() ? std::vector<std::string>() : names_of(manual, mode.runs);
}

std::string find_mode(const Manual& manual) {
    if (!has_modes(manual)) return {};
    std::string out(kFindMode);
    for (const ManualMode& mode : manual.modes) {
        if (mode.runs.empty()) continue;
        out += fmt::format(kFindRunMode, mode.name, joined(runnable(manual, mode), " | "));
    }
    return out;
}

}  // namespace

std::string bash_completion(const Manual& manual) {
    std::string flags, values;
    std::vector<std::string> names;
    for (const ManualMode& mode : manual.modes) {
        const std::vector<Flag> rows = rows_of(manual, &mode);
        const std::string_view kind = mode.flags.operand.empty() ? ""
                                      : mode.runs.empty()        ? "files"
                                                                 : "words";
        flags += flags_arm(manual, mode.name, rows, kind, runnable(manual, mode));
        values += value_arm(mode.name, rows);
        names.push_back(mode.name);
    }
    if (has_modes(manual)) {
        const std::vector<Flag> rows = rows_of(manual, nullptr);
        flags += flags_arm(manual, "", rows, "words", names);
        values += value_arm("", rows);
    }
    return fmt::format(
               "# Lets bash complete {0}({1}). Made by `{0} --help-completion bash`.\n\n"
               "# What may stand behind the words of mode $1. Sets flags, letters, negated; kind "
               "and "
               "words of what\n# may stand beside flags.\n_{0}_flags() {{\n    case $1 in\n{2}    "
               "esac\n}}\n\n# Sets kind, and words, of the value that flag $2 of mode $1 takes, if "
               "it takes one.\n_{0}_value() {{\n    case $1 in\n{3}    esac\n}}\n",
               manual.program, manual.section, flags, values) +
           fmt::format(kFunction, manual.program, find_mode(manual));
}

}  // namespace jumpgate
