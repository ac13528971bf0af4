#include "core/admin/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <span>

#include "core/base/crc32c.h"
#include "core/base/read_file.h"
#include "core/base/writable.h"

namespace jumpgate {

// The first line of the file, before the text: its bytes and their CRC32c, of fixed width.
static constexpr std::string_view kMagic = "jumpgate-state-1 ";
static constexpr size_t kHeadBytes = kMagic.size() + 16 + 1 + 8 + 1;

static std::string head_of(std::string_view text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    return fmt::format("{}{:016x} {:08x}\n", kMagic, text.size(),
                       crc32c(std::span(bytes, text.size())));
}

Problem Store::failed(const std::string& path) const {
    return Problem{path + ": " + std::strerror(errno)};
}

Parsed<std::unique_ptr<Store>> Store::open(const std::string& directory) {
    std::unique_ptr<Store> store(new Store(directory));
    if (auto problem = store->lock()) return *problem;
    store->look_at_mode();
    if (auto problem = store->read()) return *problem;
    return store;
}

Store::~Store() {
    if (directory_fd_ >= 0) close(directory_fd_);
}

// The lock is on the directory itself, so it leaves no file behind.
std::optional<Problem> Store::lock() {
    if (mkdir(directory_.c_str(), S_IRWXU) != 0 && errno != EEXIST) return failed(directory_);
    directory_fd_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd_ < 0) return failed(directory_);
    if (flock(directory_fd_, LOCK_EX | LOCK_NB) == 0) return std::nullopt;
    if (errno != EWOULDBLOCK) return failed(directory_);
    return Problem{directory_ +
                   ": another process uses it; give each jumpgate its own --state-dir"};
}

// Who may write in a folder may exchange the files in it, whatever their own modes are.
void Store::look_at_mode() {
    struct stat status {};
    if (fstat(directory_fd_, &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
    warning_ = fmt::format(
        "{}: others than its owner may exchange what the Admin API made, and its key (mode "
        "{:04o}); chmod 700",
        directory_, status.st_mode & 07777U);
}

static Parsed<std::optional<std::string>> text_in(const std::string& path) {
    if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
    Parsed<std::string> file = read_file(path);
    if (const Problem* problem = std::get_if<Problem>(&file))
        return Problem{path + ": " + problem->text};
    std::string& text = std::get<std::string>(file);
    const std::string head = text.substr(0, kHeadBytes);
    text.erase(0, kHeadBytes);
    if (head != head_of(text))
        return Problem{path +
                       ": is damaged: its checksum does not fit; restore it from a backup, or move "
                       "it away to start without the objects made by the Admin API"};
    return std::optional<std::string>(std::move(text));
}

std::optional<Problem> Store::read() {
    unlink(next_path().c_str());  // of a process that ended between prepare() and commit()
    Parsed<std::optional<std::string>> text = text_in(path());
    if (Problem* problem = std::get_if<Problem>(&text)) return std::move(*problem);
    at_start_ = std::move(std::get<std::optional<std::string>>(text));
    return std::nullopt;
}

// errno of what open() would fail with at the directory that it makes or reads; 0: it would not.
static int directory_error(const std::string& directory) {
    struct stat status {};
    if (stat(directory.c_str(), &status) != 0)
        return errno == ENOENT ? creation_error(directory) : errno;
    if (!S_ISDIR(status.st_mode)) return ENOTDIR;
    return faccessat(AT_FDCWD, directory.c_str(), R_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

Parsed<std::optional<std::string>> Store::look(const std::string& directory) {
    const Store there(directory);
    errno = directory_error(directory);
    if (errno != 0) return there.failed(directory);
    return text_in(there.path());
}

static bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

std::optional<Problem> Store::prepare(std::string_view text) {
    if (text.size() + kHeadBytes > kTextFileBytesMax)
        return Problem{path() + ": would grow over 16 MiB"};
    const int fd = ::open(next_path().c_str(),
                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) return failed(next_path());
    const bool written = write_all(fd, head_of(text)) && write_all(fd, text) && fdatasync(fd) == 0;
    std::optional<Problem> problem;
    if (!written) problem = failed(next_path());
    close(fd);
    if (problem) discard();
    return problem;
}

std::optional<Problem> Store::commit() {
    if (rename(next_path().c_str(), path().c_str()) != 0) return failed(path());
    if (fsync(directory_fd_) != 0) return failed(directory_);
    return std::nullopt;
}

void Store::discard() { unlink(next_path().c_str()); }

}  // namespace jumpgate
