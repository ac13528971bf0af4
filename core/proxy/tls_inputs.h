// TlsInputs: what of a set of objects makes its TLS contexts, as a digest.
//
// Law: equal for equal inputs; 128 bits, so that different ones are told apart. Nothing of a
// private key is copied: the digest is all that is kept.
#pragma once

#include <array>
#include <cstdint>

#include "core/config/objects.h"

namespace jumpgate {

using TlsInputs = std::array<uint64_t, 2>;

// XXH3-128 of all that load_credentials() reads of `objects`: of files, their names. Upstreams
// without TLS have no part in it.
TlsInputs tls_inputs(const Objects& objects);

}  // namespace jumpgate
