#include "core/io/exclusive_listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace jumpgate {

static constexpr int kBacklog = 1'024;  // cut to net.core.somaxconn

static Error closed(int fd, int sys) {
    close(fd);
    return error_from_errno(sys, Side::Internal);
}

Result<int> listen_tcp_exclusive(const Address& address) {
    const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return error_from_errno(errno, Side::Internal);
    const int on = 1;  // bind beside connections in TIME_WAIT, not beside another listener
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, &address.any, address.length) != 0 || listen(fd, kBacklog) != 0)
        return closed(fd, errno);
    return fd;
}

// True: somebody answers there, or it is no socket at all.
static bool is_in_use(const sockaddr_un& address) {
    struct stat status {};
    if (lstat(address.sun_path, &status) != 0) return false;
    if (!S_ISSOCK(status.st_mode)) return true;
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return true;
    const bool refused =
        connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno == ECONNREFUSED;
    close(probe);
    return !refused;
}

Result<int> listen_unix(const std::string& path) {
    sockaddr_un address{};
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return error_from_errno(ENAMETOOLONG, Side::Internal);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (is_in_use(address)) return error_from_errno(EADDRINUSE, Side::Internal);
    unlink(path.c_str());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return error_from_errno(errno, Side::Internal);
    // bind(2) gives the file the mode of the socket's own inode, so there is no moment with more.
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(fd, kBacklog) != 0)
        return closed(fd, errno);
    return fd;
}

}  // namespace jumpgate
