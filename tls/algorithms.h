// Algorithms: which cipher suites and curves there are, by the names that people use.
//
// Law: only forward-secret AEAD suites, for nobody needs the others any more; what is not in the
// tables cannot be switched on.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tls/context.h"

namespace jumpgate::tls {

// What wolfSSL is told.
struct CipherList {
    std::string names;       // wolfSSL's, divided by ':', best first
    bool has_tls12 = false;  // at least one suite of the version
    bool has_tls13 = false;
};

// `names` divided by ':', OpenSSL's or IANA's names; empty: all, best first.
std::variant<CipherList, Problem> read_ciphers(std::string_view names);

// The same for curves: wolfSSL's group numbers, best first.
std::variant<std::vector<int>, Problem> read_curves(std::string_view names);

}  // namespace jumpgate::tls
