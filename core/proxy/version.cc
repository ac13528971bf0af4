#include "core/proxy/version.h"

#include <fmt/format.h>

#include "core/io/ring.h"
#include "tls/context.h"

namespace jumpgate {

std::string version_text() {
    std::string text = fmt::format(
        "jumpgate {}\nliburing {}.{}, wolfSSL {}, {}, xxHash XXH3, fmt {}\n", JUMPGATE_VERSION,
        IO_URING_VERSION_MAJOR, IO_URING_VERSION_MINOR, tls::library_version(),
        tls::library_has_assembly() ? "assembly" : "no assembly (slow)", FMT_VERSION);
    RingLimits limits;
    limits.submissions = limits.completions = 16;
    auto ring = Ring::open(limits);
    text += ring ? "io_uring " + (*ring)->capabilities().line()
                 : explain_ring_failure(ring.error(), limits);
    return text + "\n";
}

}  // namespace jumpgate
