// read_pem: a file of certificates or of a key, as the TLS contexts want it.
//
// Law: reads whole files, at the start only. Whether it is PEM, tls/context.h judges.
#pragma once

#include <string>
#include <variant>

#include "tls/context.h"

namespace jumpgate {

// The file under its own name; an empty one, or one above 4 MiB, is a problem.
std::variant<tls::Pem, tls::Problem> read_pem(const std::string& path);

}  // namespace jumpgate
