// YAML: a configuration file's text as a Value.
//
// Law: YAML 1.2 with its core schema (10.3.2): `yes` is text, `~` is null, 0x1F is a number.
// Stricter where a slip hides: a key stands once, no tags, no directives, keys are plain words, one
// document. Time and memory are linear in the text, up to the limits of document.h.
#pragma once

#include <string_view>
#include <variant>

#include "core/config/value.h"

namespace jumpgate {

// The only document of `text`; Null where it is empty. `file` names it in the complaint.
std::variant<Value, Complaint> read_yaml(std::string_view text, std::string_view file);

// What an unquoted scalar means by the core schema: null, bool, integer, real or text.
Value plain_scalar(std::string_view text);

}  // namespace jumpgate
