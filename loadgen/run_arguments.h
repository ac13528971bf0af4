// RunArguments: the command line of a command that runs others: its own flags, then MODE and flags.
//
// Law: the mode is the first argument that is one, or --scenario, or what follows "--"; whatever
// stands behind it belongs to the runs, which say themselves what is wrong with it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jumpgate::load {

struct RunArguments {
    std::vector<const char*> own;  // the mode's name is the last of them, as an operand
    std::vector<std::string> run;  // from the mode on; empty: there is none
};
RunArguments split_run(std::span<const char* const> arguments);

// Why `run` will not do, or empty: it plays no clients, or has a flag that is the command's to set:
// --quiet and --json are, and those of `taken`.
std::string refused_run(const std::vector<std::string>& run,
                        std::initializer_list<std::string_view> taken);

// `run` would last until a signal, as neither its flags nor its scenario say how long.
bool lacks_duration(const std::vector<std::string>& run);

// Writes a whole file. False: it was said on stderr, as "jumpload COMMAND: --json ...".
bool write_result(std::string_view command, const std::string& path, const std::string& text);

}  // namespace jumpgate::load
