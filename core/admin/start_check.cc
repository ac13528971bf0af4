#include "core/admin/start_check.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "core/admin/catalog_state.h"
#include "core/admin/key_files.h"
#include "core/admin/store.h"
#include "core/base/writable.h"
#include "core/config/reach.h"

namespace jumpgate {

namespace {

constexpr std::string_view kUnix = "unix:";

class Checker {
  public:
    Checker(const Config& config, StartCheck& out) : config_(config), out_(out) {}

    void check(const Objects& objects) {
        check_state(objects);
        check_keys();
        if (!config_.access_log.empty() && config_.access_log != "-")
            if (const int sys = write_error(config_.access_log))
                complain("--access-log",
                         fmt::format("open {}: {}", config_.access_log, std::strerror(sys)));
        if (config_.admin.starts_with(kUnix))
            if (const int sys = creation_error(config_.admin.substr(kUnix.size())))
                complain("--admin", fmt::format("{}: {}", config_.admin, std::strerror(sys)));
    }

  private:
    void complain(std::string flag, std::string problem) {
        out_.found.errors.push_back({"jumpgate", {}, std::move(flag), std::move(problem), {}});
    }

    // "--flag: what is wrong"
    void complain(const Problem& problem) {
        const size_t colon = problem.text.find(": ");
        complain(problem.text.substr(0, colon), problem.text.substr(colon + 2));
    }

    void check_keys() {
        if (config_.admin.empty()) return;
        const Parsed<KeyFiles> files = open_key_files(config_, MissingKey::Expect);
        if (const Problem* problem = std::get_if<Problem>(&files)) return complain(*problem);
        for (const std::string& warning : std::get<KeyFiles>(files).warnings)
            out_.found.warnings.push_back({"", {}, "", warning, ""});
    }

    // As Catalog::start() puts them together.
    void check_state(const Objects& objects) {
        out_.objects = objects;
        if (config_.state_dir.empty()) return;
        Parsed<std::optional<std::string>> text = Store::look(config_.state_dir);
        if (const Problem* problem = std::get_if<Problem>(&text))
            return complain("--state-dir", problem->text);
        const auto& kept = std::get<std::optional<std::string>>(text);
        if (!kept) return;
        if (const int sys = creation_error(config_.state_dir + "/new"))
            out_.found.warnings.push_back(
                {"jumpgate",
                 {},
                 "--state-dir",
                 fmt::format("{}: {}: what is in it is served, the Admin API can change nothing",
                             config_.state_dir, std::strerror(sys)),
                 {}});
        auto state = parse_state(*kept);
        if (auto* complaints = std::get_if<std::vector<Complaint>>(&state))
            return append(out_.found.errors, std::move(*complaints));
        CatalogView view;
        view.files = std::make_shared<const FileObjects>(FileObjects{objects, {}});
        view.state = std::move(std::get<CatalogState>(state));
        join_objects(view);
        Checked together = check_objects(view.objects);
        append(out_.found.errors, std::move(together.errors));
        append(out_.found.warnings, std::move(together.warnings));
        std::vector<Complaint> odd = without_listener(config_, view.objects);
        std::erase_if(odd, [](const Complaint& complaint) { return !complaint.file.empty(); });
        append(out_.found.warnings, std::move(odd));
        out_.objects = std::move(view.objects);
    }

    // Objects of the Admin API have no place but the state directory.
    void append(std::vector<Complaint>& all, std::vector<Complaint> more) {
        for (Complaint& complaint : more) {
            if (complaint.file.empty() || complaint.file == "state.json")
                complaint.file = config_.state_dir + "/state.json";
            all.push_back(std::move(complaint));
        }
    }

    const Config& config_;
    StartCheck& out_;
};

}  // namespace

StartCheck check_start(const Config& config, const Objects& objects) {
    StartCheck check;
    Checker(config, check).check(objects);
    return check;
}

}  // namespace jumpgate
