#include "core/proxy/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"

namespace jumpgate {

// One write(2) for this much; at most one line more is gathered.
static constexpr size_t kGatherBytes = size_t{64} * 1024;
static constexpr mode_t kMode = 0640;  // addresses and client ids are nobody else's business

AccessLogFile::~AccessLogFile() {
    flush();
    close();
}

void AccessLogFile::close() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
    fd_ = -1;
}

std::string AccessLogFile::open(const std::string& path) {
    int fd = STDOUT_FILENO;
    if (path != "-") {
        // O_NONBLOCK: a FIFO without a reader is an error (ENXIO), a slow one loses lines.
        constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        fd = ::open(path.c_str(), kFlags, kMode);
        if (fd < 0) return fmt::format("open {}: {}", path, std::strerror(errno));
    }
    flush();
    close();
    path_ = path;
    fd_ = fd;
    torn_ = false;
    return {};
}

std::string AccessLogFile::reopen() {
    const std::string same = path_;
    return same.empty() ? std::string() : open(same);
}

void AccessLogFile::write(std::string_view line) {
    CHECK(fd_ >= 0);
    gathered_ += line;
    if (gathered_.size() >= kGatherBytes) flush();
}

size_t AccessLogFile::write_some(std::string_view bytes) {
    size_t written = 0;
    while (written < bytes.size()) {
        const ssize_t count = ::write(fd_, bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            last_error_ = count < 0 ? errno : ENOSPC;
            break;
        }
        written += static_cast<size_t>(count);
    }
    return written;
}

// What does not go out now is lost: a disk that is full stays so for longer than memory lasts. A
// line that was cut gets its end when there is room again, so that the next one stands alone.
void AccessLogFile::flush() {
    if (gathered_.empty()) return;
    if (torn_) torn_ = write_some("\n") == 0;
    const std::string_view all = gathered_;
    const size_t written = torn_ ? 0 : write_some(all);
    if (written < all.size()) {
        const std::string_view rest = all.substr(written);
        lost_lines_ += static_cast<uint64_t>(std::ranges::count(rest, '\n'));
        torn_ = torn_ || (written > 0 && all[written - 1] != '\n');
    }
    gathered_.clear();
}

}  // namespace jumpgate
