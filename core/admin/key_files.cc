#include "core/admin/key_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/writable.h"

namespace jumpgate {

namespace {

// Empty: nobody said where.
std::string admin_path(const Config& config) {
    if (!config.admin_key_file.empty()) return config.admin_key_file;
    return config.state_dir.empty() ? "" : config.state_dir + "/admin.key";
}

bool is_missing(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) != 0 && errno == ENOENT;
}

// A key that a start would make: the state directory is made before it.
Parsed<KeyFile> expect_key_file(const Config& config, const std::string& path) {
    const bool in_state_dir = config.admin_key_file.empty();
    const int sys =
        creation_error(in_state_dir && is_missing(config.state_dir) ? config.state_dir : path);
    if (sys != 0) return Problem{path + ": " + std::strerror(sys)};
    return KeyFile{};
}

Parsed<KeyFile> open_one(const Config& config, MissingKey missing, const std::string& path,
                         Role role, Keys& keys) {
    const bool makes = role == Role::Admin && missing != MissingKey::Refuse;
    if (makes && missing == MissingKey::Make) return open_key_file(path, role, keys);
    if (makes && is_missing(path)) return expect_key_file(config, path);
    return read_key_file(path, role, keys);
}

}  // namespace

std::vector<std::string> key_file_paths(const Config& config) {
    std::vector<std::string> paths;
    for (std::string path : {admin_path(config), config.admin_viewer_key_file})
        if (!path.empty() && !config.admin.empty()) paths.push_back(std::move(path));
    return paths;
}

Parsed<KeyFiles> open_key_files(const Config& config, MissingKey missing) {
    KeyFiles files;
    const std::string admin = admin_path(config);
    if (admin.empty())
        return Problem{
            "--admin: there is no place for its key; give --admin-key-file, or "
            "--state-dir, where one is made at the first start"};
    const std::pair<std::string, Role> all[] = {{admin, Role::Admin},
                                                {config.admin_viewer_key_file, Role::Viewer}};
    for (const auto& [path, role] : all) {
        if (path.empty()) continue;
        const Parsed<KeyFile> opened = open_one(config, missing, path, role, files.keys);
        if (const Problem* problem = std::get_if<Problem>(&opened)) {
            const char* flag = role == Role::Admin ? "--admin-key-file" : "--admin-viewer-key-file";
            return Problem{fmt::format("{}: {}", flag, problem->text)};
        }
        const KeyFile& file = std::get<KeyFile>(opened);
        if (file.generated) files.made.push_back(path);
        if (!file.warning.empty()) files.warnings.push_back(file.warning);
    }
    return files;
}

}  // namespace jumpgate
