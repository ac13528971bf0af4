#include "core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace jumpgate {

void check_failed(const char* file, int line, const char* condition) {
    std::fprintf(stderr, "jumpgate: broken invariant at %s:%d: %s\n", file, line, condition);
    std::abort();
}

}  // namespace jumpgate
