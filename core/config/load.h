// Load: from the command line, the environment and files to what the process runs by, and the same
// again for a reload.
//
// Law: flag over environment over file over default; everything wrong is found and said at once,
// with its place; nothing half-loads. Prints nothing, exits nowhere; reads the files of --config
// and no others.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/flags.h"
#include "core/config/config.h"
#include "core/config/file_settings.h"
#include "core/config/objects.h"

namespace jumpgate {

// How the process was called; kept, because a reload reads everything again.
struct Invocation {
    std::vector<std::string> arguments;  // behind the program's name
    std::vector<std::string> variables;  // "NAME=VALUE"
};
// `argv` and `variables` as main() and environ(7) have them; `variables` may be null.
Invocation invocation_of(int argc, const char* const* argv, const char* const* variables);

struct Loaded {
    Config config;
    Objects objects;                  // of files, and of --broker
    std::vector<Document> documents;  // that they were read from
    std::vector<std::string> warnings;
    Invocation invocation;
    // Every setting by its flag's name, as it would be written.
    std::vector<std::pair<std::string, std::string>> settings;
};

// What --check and the start can find out only with parts that this layer does not know: whether
// certificates and keys fit, what stands in the state directory. Complains
// of nothing that load() has complained of.
using Verify = Checked (*)(const Config& config, const Objects& objects);

// Or how the program ends: --help, --check, a mistake. `version`: the text of --version.
std::variant<Loaded, FlagsExit> load(const Invocation& invocation, const std::string& version,
                                     Verify verify);

struct Reloaded {
    Objects objects;
    std::vector<Document> documents;
    // Settings that are another than the process runs by: "jumpgate.threads: 2 -> 4".
    std::vector<std::string> restart_needed;
    std::vector<Complaint> warnings;
};

// Reads the files of `running` again. Complaints: nothing may change.
std::variant<Reloaded, std::vector<Complaint>> reload(const Loaded& running);

}  // namespace jumpgate
