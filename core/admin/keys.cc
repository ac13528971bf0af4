#include "core/admin/keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/read_file.h"

namespace jumpgate {

// Printed in documents and shipped in defaults of Apache APISIX, so every scanner tries them.
static constexpr std::array<std::string_view, 2> kPublicKeys = {"edd1c9f034335f136f87ad84b625c8f1",
                                                                "4054f7cf07e344346cd3f287985e76a2"};

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    std::array<unsigned char, kKeyLengthMax> left{};
    std::array<unsigned char, kKeyLengthMax> right{};
    std::memcpy(left.data(), a.data(), std::min(a.size(), left.size()));
    std::memcpy(right.data(), b.data(), std::min(b.size(), right.size()));
    size_t difference = a.size() ^ b.size();
    for (size_t i = 0; i < left.size(); ++i) difference |= static_cast<size_t>(left[i] ^ right[i]);
    // The compiler may not learn from one byte that it could stop there.
    asm volatile("" : "+r"(difference));
    return difference == 0;
}

static std::optional<std::string> problem_of(std::string_view key) {
    for (const std::string_view known : kPublicKeys)
        if (key == known)
            return "is a key that Apache APISIX shipped and documents print: everybody knows it "
                   "(CVE-2020-13945); choose another";
    if (key.size() < kKeyLengthMin || key.size() > kKeyLengthMax)
        return fmt::format("has {} characters; allowed: {} to {}", key.size(), kKeyLengthMin,
                           kKeyLengthMax);
    for (const char c : key)
        if (c <= ' ' || c > '~') return "holds a character that is not printable ASCII";
    return std::nullopt;
}

static std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<Problem> Keys::add(std::string_view text, Role role) {
    bool added = false;
    for (size_t number = 1; !text.empty(); ++number) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view key = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (key.empty() || key[0] == '#') continue;
        if (const auto problem = problem_of(key))
            return Problem{fmt::format("line {}: the key {}", number, *problem)};
        if (role_of(key)) return Problem{fmt::format("line {}: the key is there twice", number)};
        entries_.push_back({std::string(key), role});
        added = true;
    }
    if (!added) return Problem{"holds no key"};
    return std::nullopt;
}

std::optional<Role> Keys::role_of(std::string_view key) const {
    std::optional<Role> role;
    for (const Entry& entry : entries_)  // all of them: which one it is takes no shorter
        if (equal_in_constant_time(entry.key, key)) role = entry.role;
    return role;
}

static Problem failed(const std::string& path, int sys) {
    return Problem{path + ": " + std::strerror(sys)};
}

// Gives the file its name where nobody has it yet; 0, or errno.
static int rename_to_new(const char* from, const char* to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    // EINVAL: a file system without flags, as NFS: there the last one wins.
    return errno == EINVAL && rename(from, to) == 0 ? 0 : errno;
}

// The new name outlives a loss of power.
static int flush_folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    const int sys = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return sys;
}

// Under a name of its own, flushed, then under `path`: no crash leaves a file with half a key.
// 0, or errno.
static int write_new(const std::string& path, std::string_view text) {
    std::string draft = path + ".XXXXXX";
    const int fd = mkostemp(draft.data(), O_CLOEXEC);  // mode 0600
    if (fd < 0) return errno;
    errno = EIO;  // of a write that is short
    const bool written =
        write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
    int sys = written ? 0 : errno;
    close(fd);
    if (sys == 0) sys = rename_to_new(draft.c_str(), path.c_str());
    if (sys == 0) return flush_folder_of(path);
    unlink(draft.c_str());
    return sys;
}

// Nothing: done. EEXIST: somebody was faster, whose key it is then.
static std::optional<int> generate(const std::string& path) {
    std::array<uint8_t, 32> random{};
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
        return errno;
    std::string text;
    text.reserve(2 * random.size() + 1);  // no copies of a key are left behind
    for (const uint8_t byte : random) {
        text.push_back("0123456789abcdef"[byte >> 4U]);
        text.push_back("0123456789abcdef"[byte & 15U]);
    }
    text.push_back('\n');
    const int sys = write_new(path, text);
    explicit_bzero(text.data(), text.size());
    if (sys == 0) return std::nullopt;
    return sys;
}

Parsed<KeyFile> open_key_file(const std::string& path, Role role, Keys& keys) {
    KeyFile file;
    if (role == Role::Admin && access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
        const std::optional<int> sys = generate(path);
        if (sys && *sys != EEXIST) return failed(path, *sys);
        file.generated = !sys;
    }
    Parsed<KeyFile> read = read_key_file(path, role, keys);
    if (KeyFile* found = std::get_if<KeyFile>(&read)) found->generated = file.generated;
    return read;
}

Parsed<KeyFile> read_key_file(const std::string& path, Role role, Keys& keys) {
    KeyFile file;
    Parsed<std::string> read = read_file(path);
    if (const Problem* problem = std::get_if<Problem>(&read))
        return Problem{path + ": " + problem->text};
    std::string& text = std::get<std::string>(read);
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        file.warning = fmt::format("{}: others than its owner may use it (mode {:04o}); chmod 600",
                                   path, status.st_mode & 07777U);
    const std::optional<Problem> problem = keys.add(text, role);
    explicit_bzero(text.data(), text.size());
    if (problem) return Problem{path + ": " + problem->text};
    return file;
}

}  // namespace jumpgate
