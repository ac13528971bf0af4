// EventLog: lines of the control plane, whole, from any thread.
//
// Law: the same form as the data plane's lines (core/base/log.h), below the same level.
#pragma once

#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/base/log.h"

namespace jumpgate {

class EventLog {
  public:
    using Write = std::function<void(std::string_view line)>;

    // Lines less severe than `least` are not written.
    EventLog(LineFormat format, Severity least, Write write)
        : format_(format), least_(least), write_(std::move(write)) {}

    // `fill(LogLine&)` adds the fields.
    template <class Fill>
    void say(Severity severity, std::string_view event, Fill fill) {
        if (severity > least_) return;
        LogLine line(format_, severity, event);
        fill(line);
        const std::lock_guard lock(writing_);
        write_(line.finish());
    }

  private:
    LineFormat format_;
    Severity least_;
    Write write_;
    std::mutex writing_;
};

}  // namespace jumpgate
