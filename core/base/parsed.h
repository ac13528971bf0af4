// Parsed<T>: what a user's text means, or what is wrong with it in words.
//
// Law: for what people type, at start-up and in the control plane; the data path uses Result<T>.
#pragma once

#include <string>
#include <variant>

namespace jumpgate {

// What is wrong with a value, said after it: "is out of range".
struct Problem {
    std::string text;
};

template <class T>
using Parsed = std::variant<T, Problem>;

}  // namespace jumpgate
