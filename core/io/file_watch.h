// FileWatch: waits until one of some files changes (inotify(7)), or someone calls.
//
// Law: it watches the folders, not the files, so that editors that rename and the symbolic links of
// Kubernetes' ConfigMaps are seen; a burst of changes within kQuietMs is one. Blocks its thread:
// only for a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace jumpgate {

class FileWatch {
  public:
    static constexpr uint32_t kQuietMs = 50;
    enum class Event : uint8_t { Changed, Called, Ended };

    // Paths that do not exist yet are waited for.
    static Result<std::unique_ptr<FileWatch>> open(const std::vector<std::string>& paths);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    // Until something happens. After end(): Ended, at once and for ever.
    Event wait();
    // From any thread.
    void call();
    void end();
};

}  // namespace jumpgate
