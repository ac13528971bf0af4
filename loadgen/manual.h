// The manual of jumpload: prose that no flag can say, beside the modes (commands.h). jumpload(1)
// and the completion of shells are made from it.
#pragma once

#include "core/base/manual.h"

namespace jumpgate::load {

Manual jumpload_manual();

}  // namespace jumpgate::load
