// FileWatch: waits until one of some files changes (inotify(7)), or someone calls.
//
// Law: it watches the folders, not the files, so that editors that rename and the symbolic links of
// Kubernetes' ConfigMaps are seen; a burst of changes within kQuietMs is one. Events only say when
// to look: a change is another stat(2) of a file, so what happens beside it wakes nobody. Blocks
// its thread: only for a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace jumpgate {

class FileWatch {
  public:
    static constexpr uint32_t kQuietMs = 50;
    static constexpr uint32_t kBurstMaxMs =
        1'000;                                   // a file that never rests is looked at this often
    static constexpr uint32_t kBlindMs = 1'000;  // and one in a folder that cannot be watched
    enum class Event : uint8_t { Changed, Called, Ended };

    // Paths that do not exist yet are waited for; relative ones belong to today's working folder.
    // Errors: OutOfFiles (fs.inotify.max_user_instances, RLIMIT_NOFILE), OutOfMemory.
    static Result<std::unique_ptr<FileWatch>> open(const std::vector<std::string>& paths);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    // Until something happens. After end(): Ended, at once and for ever.
    Event wait();
    // From any thread.
    void call();
    void end();

  private:
    // What tells one state of a file from another; all zero where there is none.
    struct Stamp {
        uint64_t device = 0, inode = 0, size = 0;
        int64_t modified_ns = 0, changed_ns = 0;
        bool operator==(const Stamp&) const = default;
    };

    FileWatch() = default;
    void wait_for_events();
    bool take_events();
    void note_burst(uint64_t now_ns);
    bool look();
    void watch_folders_of(const std::filesystem::path& path);
    void watch(const std::filesystem::path& folder, const std::string& name);

    std::vector<std::filesystem::path> paths_;
    std::vector<Stamp> stamps_;                      // of each path
    std::set<std::pair<int, std::string>> watched_;  // watch descriptor, name in that folder
    bool blind_ = false;                             // a folder cannot be watched
    uint64_t look_at_ns_ = 0;                        // 0: only events tell
    uint64_t burst_since_ns_ = 0;
    int inotify_fd_ = -1;
    int call_fd_ = -1;  // eventfd(2)
    std::atomic<bool> ended_{false};
};

}  // namespace jumpgate
