// Listening sockets of the control plane: one process each, TCP or a unix socket.
//
// Law: no SO_REUSEPORT: a second process on the same address fails to start instead of taking half
// of the requests. The data plane's listeners are in socket.h.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/io/address.h"

namespace jumpgate {

Result<int> listen_tcp_exclusive(const Address& address);

// A socket in the file system that only its owner may connect to (mode 0600 from its first moment).
// A socket that nobody listens on is what a crash left behind: it is replaced. Anything else at
// `path` is AddressInUse.
Result<int> listen_unix(const std::string& path);

}  // namespace jumpgate
