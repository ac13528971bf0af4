#include "core/proxy/control.h"

namespace jumpgate {

std::string_view text(BrokerCondition condition) {
    switch (condition) {
        case BrokerCondition::Unchecked:
            return "unchecked";
        case BrokerCondition::Up:
            return "up";
        case BrokerCondition::Starting:
            return "starting";
        case BrokerCondition::Down:
            return "down";
        case BrokerCondition::NotReady:
            return "not_ready";
        case BrokerCondition::Busy:
            return "busy";
        case BrokerCondition::Drained:
            return "drained";
    }
    return "unknown";
}

}  // namespace jumpgate
