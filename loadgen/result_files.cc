#include "loadgen/result_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "loadgen/hdr_log.h"
#include "loadgen/result_csv.h"
#include "loadgen/result_json.h"

namespace jumpgate::load {

// Returns an errno, or 0.
static int write_to(const std::string& path, std::string_view text) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) return errno;
    int error = 0;
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size()) error = errno;
    // What was buffered meets the disk here.
    if (std::fclose(file) != 0 && error == 0) error = errno;
    return error;
}

// Beside it first, so that no half of a result ever bears its name. `old`: what is there, or null.
static int replace(const std::string& path, std::string_view text, const struct stat* old) {
    const std::string beside = path + ".partial";
    int error = write_to(beside, text);
    const bool foreign = old != nullptr && (old->st_uid != geteuid() || old->st_gid != getegid());
    if (error == 0 && foreign && chown(beside.c_str(), old->st_uid, old->st_gid) != 0) {
        error = errno;
    }
    if (error == 0 && old != nullptr && chmod(beside.c_str(), old->st_mode & 07777) != 0) {
        error = errno;
    }
    if (error == 0 && rename(beside.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) unlink(beside.c_str());
    return error;
}

// The folder may not be changed, or the file is a mount of its own (docker -v run.json:/run.json);
// the file itself may well be written.
static bool is_of_the_place(int error) {
    return error == EACCES || error == EBUSY || error == EPERM || error == EROFS || error == EXDEV;
}

std::string write_file(const std::string& path, std::string_view text) {
    struct stat there {};
    const bool is_new = lstat(path.c_str(), &there) != 0;
    int error = 0;
    if (is_new) {
        error = replace(path, text, nullptr);
    } else if (!S_ISREG(there.st_mode)) {
        error = write_to(path, text);  // a device, a pipe, or a link that is to stay one
    } else if (access(path.c_str(), W_OK) != 0) {
        error = errno;
    } else {
        error = replace(path, text, &there);
        if (is_of_the_place(error)) error = write_to(path, text);
    }
    return error == 0 ? std::string() : std::strerror(error);
}

std::string why_unwritable(const std::string& path) {
    if (path == "-") return "standard output is for the text; give a file, or ./- for that name";
    struct stat there {};
    if (stat(path.c_str(), &there) == 0) {
        if (S_ISDIR(there.st_mode)) return "is a folder; give a file in it";
        return access(path.c_str(), W_OK) == 0 ? std::string() : std::strerror(errno);
    }
    if (lstat(path.c_str(), &there) == 0) return {};  // a link to what will be made
    const size_t slash = path.rfind('/');
    if (slash + 1 == path.size()) return "names no file";
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    if (stat(folder.c_str(), &there) != 0) {
        return errno == ENOENT ? fmt::format("there is no folder {}; make it first", folder)
                               : std::strerror(errno);
    }
    if (access(folder.c_str(), W_OK | X_OK) == 0) return {};
    return fmt::format("nothing can be made in the folder {}: {}", folder, std::strerror(errno));
}

std::vector<std::string> write_results(const ResultOptions& options, const Results& results) {
    std::vector<std::string> problems;
    const auto write = [&](std::string_view flag, const std::string& path, auto&& text_of) {
        if (path.empty()) return;
        const std::string why = write_file(path, text_of());
        if (why.empty()) return;
        problems.push_back(fmt::format("--{} {}: could not be written: {}", flag, path, why));
    };
    write("json", options.json_path, [&] { return result_json(results); });
    write("csv", options.csv_path, [&] { return result_csv(results); });
    write("hgrm", options.hgrm_path,
          [&] { return percentile_distribution(main_histogram(results.recorder)); });
    write("hdr-log", options.hdr_log_path, [&] { return hdr_log(results); });
    return problems;
}

}  // namespace jumpgate::load
