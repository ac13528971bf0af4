// Manual: what the pages of a program are made from: its flag tables, and the prose beside them.
//
// Law: plain values; whatever a flag table knows is said by its rows, and never again in prose.
// The pages: man_page.h, bash_completion.h, zsh_completion.h; page_flags.h prints them.
#pragma once

#include <string>
#include <vector>

#include "core/base/flags.h"

namespace jumpgate {

// Text of a manual: paragraphs parted by an empty line; `backquoted` words and --flags are set
// bold.

struct ManualEntry {
    std::string term;  // "SIGHUP"
    std::string text;
};

struct ManualSection {
    std::string title;                 // "SIGNALS"
    std::string text;                  // before the entries; may be empty
    std::vector<ManualEntry> entries;  // may be empty
    bool shell = false;                // the entries' texts are commands, shown as they are
};

struct ManualMode {
    std::string name;     // the first argument; empty: the program has no modes, and this one entry
    std::string purpose;  // "connects clients and holds them"
    std::string kind;     // modes of one kind share a list of options: "Playing clients"
    FlagSheet flags;
    // Not empty: its operands are another mode, of this kind, and flags of that mode.
    std::string runs;
};

struct Manual {
    std::string program;
    int section = 1;      // of the Unix manual: 1 commands, 8 of the administrator
    std::string purpose;  // one line, lower case, no full stop
    std::string version;  // "0.1.0"
    std::string date;     // "2026-11-23", when the prose was last written: builds stay the same
    std::vector<std::string> synopsis;  // behind the program's name
    std::string description;
    std::vector<ManualMode> modes;
    std::vector<Flag> instead_of_mode;  // flags that stand where a mode does
    // A switch may be on by a file or the environment: shells offer --no-NAME.
    bool has_other_sources = false;
    std::vector<ManualSection> sections;  // behind the options
};

// False: its flags stand behind its name.
inline bool has_modes(const Manual& manual) { return !manual.modes.front().name.empty(); }

// The names of the modes of one kind.
inline std::vector<std::string> names_of(const Manual& manual, const std::string& kind) {
    std::vector<std::string> names;
    for (const ManualMode& mode : manual.modes)
        if (mode.kind == kind) names.push_back(mode.name);
    return names;
}

}  // namespace jumpgate
