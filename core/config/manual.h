// The manual of jumpgate: prose that no flag can say, beside the flags. jumpgate(8) and the
// completion of shells are made from it.
#pragma once

#include "core/base/manual.h"

namespace jumpgate {

Manual jumpgate_manual();

}  // namespace jumpgate
