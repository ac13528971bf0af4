#include "core/base/page_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/bash_completion.h"
#include "core/base/man_page.h"
#include "core/base/zsh_completion.h"

namespace jumpgate {

namespace {

constexpr std::string_view kMan = "--help-man";
constexpr std::string_view kCompletion = "--help-completion";

FlagsExit completion(std::optional<std::string_view> shell, const Manual& manual) {
    if (shell == "bash") return {0, bash_completion(manual), false};
    if (shell == "zsh") return {0, zsh_completion(manual), false};
    const std::string problem = shell ? shown(*shell) + " is unknown" : "needs a value (SHELL)";
    return {2,
            fmt::format("{}: {}: {}; allowed: one of bash, zsh\n", manual.program, kCompletion,
                        problem),
            true};
}

}  // namespace

std::vector<Flag> page_rows() {
    std::vector<Flag> rows(2);
    rows[0].name = kMan.substr(2);
    rows[0].help = "Prints the manual page: --help-man | man -l -";
    rows[1].name = kCompletion.substr(2);
    rows[1].metavar = "SHELL";
    rows[1].kind = FlagKind::Word;
    rows[1].words = {"bash", "zsh"};
    rows[1].allowed = "one of bash, zsh";
    rows[1].help = "Prints what lets the shell complete flags and their values.";
    rows[0].kind = FlagKind::Switch;
    for (Flag& row : rows) {
        row.group = kOtherGroup;
        row.mode = true;
    }
    return rows;
}

std::vector<Flag> rows_of(const Manual& manual, const ManualMode* mode) {
    std::vector<Flag> rows;
    rows = mode != nullptr ? mode->flags.rows : manual.instead_of_mode;
    for (Flag& row : common_rows()) {
        const bool hidden = std::ranges::find(rows, row.name, &Flag::name) != rows.end() ||
                            (mode == nullptr && row.name == "help-markdown");
        if (!hidden) rows.push_back(std::move(row));
    }
    if (mode == nullptr || !has_modes(manual))
        for (Flag& row : page_rows()) rows.push_back(std::move(row));
    return rows;
}

std::optional<FlagsExit> asked_page(std::span<const char* const> arguments, Manual (*describe)()) {
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == kMan) return FlagsExit{0, man_page(describe()), false};
        if (argument.substr(0, argument.find('=')) != kCompletion) continue;
        std::optional<std::string_view> shell;
        if (argument.size() > kCompletion.size()) {
            shell = argument.substr(kCompletion.size() + 1);
        } else if (i + 1 < arguments.size()) {
            shell = arguments[i + 1];
        }
        return completion(shell, describe());
    }
    return std::nullopt;
}

}  // namespace jumpgate
