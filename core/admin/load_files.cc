#include "core/admin/load_files.h"

#include <utility>
#include <variant>

namespace jumpgate {

FileObjects file_objects(const Loaded& loaded) { return {loaded.objects, loaded.documents}; }

LoadedFiles load_files(const Loaded& running) {
    LoadedFiles files;
    auto read = reload(running);
    if (auto* complaints = std::get_if<std::vector<Complaint>>(&read)) {
        files.found.errors = std::move(*complaints);
        return files;
    }
    Reloaded& reloaded = std::get<Reloaded>(read);
    files.files = {std::move(reloaded.objects), std::move(reloaded.documents)};
    files.found.warnings = std::move(reloaded.warnings);
    files.needs_restart = std::move(reloaded.restart_needed);
    return files;
}

}  // namespace jumpgate
