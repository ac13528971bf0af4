// The test PKI of the build folder (tests/meson.build; bench/certs.py --show lists the files).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "loadgen/pem_file.h"

namespace jumpgate {

inline std::string pki_path(const std::string& name) {
    return std::string(JUMPGATE_TEST_PKI) + "/" + name;
}

inline tls::Pem pki_file(const std::string& name) {
    std::variant<tls::Pem, tls::Problem> read = read_pem(pki_path(name));
    if (const tls::Problem* problem = std::get_if<tls::Problem>(&read)) {
        ADD_FAILURE() << problem->text;
        return {};
    }
    return std::get<tls::Pem>(std::move(read));
}

// NAME.crt and NAME.key.
inline tls::Pair pki_pair(const std::string& name) {
    return {pki_file(name + ".crt"), pki_file(name + ".key")};
}

}  // namespace jumpgate
