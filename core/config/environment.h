// Environment: `${{VAR}}` and `${{VAR:=default}}` in a configuration file.
//
// Law: as APISIX has it: in values and keys, a variable that is not set is a complaint unless it
// has a default; nothing is looked up in what was put in. A value that is one variable and no more
// gets the type of its text, so that `port: ${{PORT}}` is a number; it keeps its spelling in
// Value::text, for fields that want text.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/value.h"

namespace jumpgate {

using Variable = std::function<std::optional<std::string>(const std::string& name)>;

// The variable of this process, getenv(3); none where it is not set.
std::optional<std::string> environment_variable(const std::string& name);

// All complaints at once; `file` names the document in them.
std::vector<Complaint> substitute_variables(Value& document, std::string_view file,
                                            const Variable& variable = environment_variable);

}  // namespace jumpgate
