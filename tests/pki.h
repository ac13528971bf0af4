// The test PKI of the build folder (tests/meson.build; `bench/certs.py --show` lists the files).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "core/base/read_file.h"
#include "tls/context.h"

namespace jumpgate {

inline std::string pki_path(const std::string& name) { return JUMPGATE_TEST_PKI "/" + name; }

inline tls::Pem pki_file(const std::string& name) {
    Parsed<std::string> read = read_file(pki_path(name));
    if (const Problem* problem = std::get_if<Problem>(&read)) {
        ADD_FAILURE() << pki_path(name) << ": " << problem->text;
        return {};
    }
    return {name, std::get<std::string>(std::move(read))};
}

// NAME.crt and NAME.key.
inline tls::Pair pki_pair(const std::string& name) {
    return {pki_file(name + ".crt"), pki_file(name + ".key")};
}

}  // namespace jumpgate
