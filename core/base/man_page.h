// man_page: a Manual as a page of the Unix manual, in the man(7) macros that groff and mandoc
// share.
//
// Law: every row of every flag table is in it, once for all modes that explain it in the same
// words. Neither groff nor mandoc has a warning about it.
#pragma once

#include <string>

#include "core/base/manual.h"

namespace jumpgate {

std::string man_page(const Manual& manual);

}  // namespace jumpgate
