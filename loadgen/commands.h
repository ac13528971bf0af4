// The modes of jumpload, one row each: main(), --help, the man page and the completion of shells
// all read this table. A new mode is a new row (commands.cc), and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/flags.h"

namespace jumpgate::load {

// What a mode is for; modes of one purpose stand together, and share most of their flags.
enum class CommandKind : uint8_t { Clients, Experiments, Brokers, Results };

struct Command {
    std::string_view name;     // "p2p": the first argument
    std::string_view purpose;  // "plays pairs of publisher and subscriber"
    CommandKind kind;
    // `arguments`: those behind the name. Returns the exit code.
    int (*run)(std::span<const char* const> arguments);
    FlagSheet (*flags)();
};

std::span<const Command> commands();

std::string_view title(CommandKind kind);  // "Playing clients"

// The text of `jumpload --help`.
std::string usage();

// Runs the mode that the first argument names, or prints what it asks for. Returns the exit code.
int run_command(std::span<const char* const> arguments);

}  // namespace jumpgate::load
