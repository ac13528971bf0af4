#include "core/io/file_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/time.h"

namespace jumpgate {

namespace fs = std::filesystem;

// IN_ATTRIB: a file that was not readable becomes it. No IN_MODIFY: a writer is done when it
// closes.
static constexpr uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;
// The folder itself went, or the kernel dropped events.
static constexpr uint32_t kLost =
    IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW;
static constexpr int kLinksMax = 40;  // as path_resolution(7)

static int64_t nanos(const timespec& time) {
    return time.tv_sec * static_cast<int64_t>(kNanosPerSecond) + time.tv_nsec;
}

Result<std::unique_ptr<FileWatch>> FileWatch::open(const std::vector<std::string>& paths) {
    std::unique_ptr<FileWatch> watch(new FileWatch);
    watch->inotify_fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->call_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch->inotify_fd_ < 0 || watch->call_fd_ < 0) {
        return error_from_errno(errno, Side::Internal);
    }
    for (const std::string& path : paths) {
        std::error_code failed;
        watch->paths_.push_back(fs::absolute(path, failed));
    }
    watch->look();
    return watch;
}

FileWatch::~FileWatch() {
    if (inotify_fd_ >= 0) close(inotify_fd_);
    if (call_fd_ >= 0) close(call_fd_);
}

void FileWatch::call() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(call_fd_, &one, sizeof one);
}

void FileWatch::end() {
    ended_ = true;
    call();
}

FileWatch::Event FileWatch::wait() {
    for (;;) {
        wait_for_events();
        if (ended_) return Event::Ended;
        // A burst under way is not lost by this: look_at_ns_ stands until look().
        uint64_t calls = 0;
        if (read(call_fd_, &calls, sizeof calls) == sizeof calls) return Event::Called;
        const uint64_t now_ns = monotonic_ns();
        if (take_events()) note_burst(now_ns);
        if (look_at_ns_ != 0 && now_ns >= look_at_ns_ && look()) return Event::Changed;
    }
}

void FileWatch::wait_for_events() {
    int timeout_ms = -1;
    if (look_at_ns_ != 0) {
        const uint64_t now_ns = monotonic_ns();
        const uint64_t left_ns = look_at_ns_ > now_ns ? look_at_ns_ - now_ns : 0;
        timeout_ms = static_cast<int>((left_ns + kNanosPerMilli - 1) / kNanosPerMilli);
    }
    std::array<pollfd, 2> waited = {{{inotify_fd_, POLLIN, 0}, {call_fd_, POLLIN, 0}}};
    poll(waited.data(), waited.size(), ended_ ? 0 : timeout_ms);
}

// Empties the queue; true where one of the events is about a path of ours or a folder on its way.
bool FileWatch::take_events() {
    bool ours = false;
    alignas(inotify_event) std::array<char, 16 * 1024> bytes;
    for (;;) {
        const ssize_t count = read(inotify_fd_, bytes.data(), bytes.size());
        if (count <= 0) return ours;
        const char* end = bytes.data() + count;
        for (const char* at = bytes.data(); at < end;) {
            const auto* event = reinterpret_cast<const inotify_event*>(at);
            at += sizeof *event + event->len;
            const std::string name = event->len == 0 ? "" : event->name;
            ours = ours || (event->mask & kLost) != 0 || watched_.contains({event->wd, name});
        }
    }
}

// Looks once nothing has come for a while, but does not wait for it for ever.
void FileWatch::note_burst(uint64_t now_ns) {
    if (burst_since_ns_ == 0) burst_since_ns_ = now_ns;
    look_at_ns_ = std::min(now_ns + kQuietMs * kNanosPerMilli,
                           burst_since_ns_ + kBurstMaxMs * kNanosPerMilli);
}

// Watches the folders as they are now, then compares: a change during this makes an event or is
// seen. True: a file is another than before.
bool FileWatch::look() {
    std::set<std::pair<int, std::string>> before;
    before.swap(watched_);
    blind_ = false;
    for (const fs::path& path : paths_) watch_folders_of(path);
    for (const auto& [folder, name] : before) {
        const auto same = watched_.lower_bound({folder, ""});
        const bool used = same != watched_.end() && same->first == folder;
        if (!used) inotify_rm_watch(inotify_fd_, folder);
    }
    burst_since_ns_ = 0;
    look_at_ns_ = blind_ ? monotonic_ns() + kBlindMs * kNanosPerMilli : 0;

    std::vector<Stamp> stamps;
    for (const fs::path& path : paths_) {
        struct stat now {};
        if (stat(path.c_str(), &now) != 0) now = {};
        stamps.push_back({now.st_dev, now.st_ino, static_cast<uint64_t>(now.st_size),
                          nanos(now.st_mtim), nanos(now.st_ctim)});
    }
    stamps_.swap(stamps);
    return stamps_ != stamps;
}

// Every step on the way from / to the file, through symbolic links, may be exchanged: each folder
// on it is watched for the name of the next step, before that is looked at.
void FileWatch::watch_folders_of(const fs::path& path) {
    fs::path folder = "/";
    std::vector<fs::path> steps(path.begin(), path.end());
    std::ranges::reverse(steps);  // the next one is the last
    int links = 0;
    while (!steps.empty()) {
        const fs::path step = std::move(steps.back());
        steps.pop_back();
        if (step.is_absolute() || step.empty() || step == ".") continue;
        if (step == "..") {
            folder = folder.parent_path();
            continue;
        }
        watch(folder, step.string());
        std::error_code failed;
        const fs::path link = fs::read_symlink(folder / step, failed);
        if (failed) {
            folder /= step;
            if (!fs::exists(folder, failed)) return;  // waited for in the folder above
            continue;
        }
        if (++links > kLinksMax) return;
        if (link.is_absolute()) folder = "/";
        const std::vector<fs::path> way(link.begin(), link.end());
        steps.insert(steps.end(), way.rbegin(), way.rend());
    }
}

void FileWatch::watch(const fs::path& folder, const std::string& name) {
    const int descriptor = inotify_add_watch(inotify_fd_, folder.c_str(), kMask);
    if (descriptor >= 0) {
        watched_.emplace(descriptor, name);
    } else {
        blind_ = true;
    }
}

}  // namespace jumpgate
