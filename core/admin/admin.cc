#include "core/admin/admin.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "core/admin/key_files.h"
#include "core/admin/metrics.h"
#include "core/admin/process_metrics.h"
#include "core/base/cidr.h"
#include "core/base/host_port.h"
#include "core/config/credential_files.h"
#include "core/config/reach.h"
#include "core/io/exclusive_listener.h"
#include "core/io/socket.h"

namespace jumpgate {

static constexpr std::string_view kUnix = "unix:";

void write_to_stderr(std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); }

static LineFormat line_format(const Config& config) {
    return config.log_format == LogFormat::Json ? LineFormat::Json : LineFormat::Text;
}

Admin::Admin(const Config& config, LoadFiles load, Control& control, EventLog::Write write)
    : config_(config),
      control_(control),
      log_(line_format(config), static_cast<Severity>(config.log_level), std::move(write)),
      load_(std::move(load)) {}

Admin::~Admin() {
    if (listener_fd_ >= 0) close_fd(listener_fd_);
    http_.reset();  // a request may still ask for a reload
    reload_thread_.reset();
    if (address_.starts_with(kUnix)) std::remove(address_.c_str() + kUnix.size());
}

Parsed<std::unique_ptr<Admin>> Admin::open(const Config& config, FileObjects files, LoadFiles load,
                                           Control& control, EventLog::Write write) {
    std::unique_ptr<Admin> admin(new Admin(config, std::move(load), control, std::move(write)));
    if (auto problem = admin->open_catalog(std::move(files))) return *problem;
    admin->reloader_ = std::make_unique<Reloader>(
        *admin->catalog_, [raw = admin.get()] { return raw->load_all(); }, admin->log_);
    if (config.admin.empty()) return admin;
    if (auto problem = admin->open_access()) return *problem;
    if (auto problem = admin->open_listener()) return *problem;
    return admin;
}

std::optional<Problem> Admin::open_catalog(FileObjects files) {
    if (!config_.state_dir.empty()) {
        Parsed<std::unique_ptr<Store>> store = Store::open(config_.state_dir);
        if (const Problem* problem = std::get_if<Problem>(&store))
            return Problem{"--state-dir: " + problem->text};
        store_ = std::move(std::get<std::unique_ptr<Store>>(store));
        if (!store_->warning().empty())
            log_.say(Severity::Warn, "state_dir_open",
                     [&](LogLine& line) { line.field("warning", store_->warning()); });
    }
    catalog_ = std::make_unique<Catalog>(control_, store_.get(), [this](const Objects& objects) {
        return without_listener(config_, objects);
    });
    const Checked checked = catalog_->start(std::move(files));
    for (const Complaint& warning : checked.warnings)
        log_.say(Severity::Warn, "config_warning",
                 [&](LogLine& line) { line.field("warning", text(warning)); });
    std::string problems;
    for (const Complaint& error : checked.errors)
        problems += (problems.empty() ? "" : "\n") + text(error);
    if (!problems.empty()) return Problem{problems};
    return std::nullopt;
}

std::optional<Problem> Admin::open_access() {
    AccessPolicy policy;
    if (auto problem = open_keys(policy)) return problem;
    for (const std::string& network : config_.admin_allow) {
        Parsed<Cidr> cidr = parse_cidr(network);
        if (const Problem* problem = std::get_if<Problem>(&cidr))
            return Problem{fmt::format("--admin-allow: {} {}", network, problem->text)};
        policy.allow.push_back(std::get<Cidr>(cidr));
    }
    access_ = std::make_unique<Access>(std::move(policy), log_);
    if (!catalog_->persists())
        log_.say(Severity::Warn, "admin_objects_in_memory", [](LogLine& line) {
            line.field("hint",
                       "without --state-dir, what the Admin API makes ends with the process");
        });
    return std::nullopt;
}

std::optional<Problem> Admin::open_keys(AccessPolicy& policy) {
    Parsed<KeyFiles> opened = open_key_files(config_, MissingKey::Make);
    if (Problem* problem = std::get_if<Problem>(&opened)) return std::move(*problem);
    KeyFiles& files = std::get<KeyFiles>(opened);
    for (const std::string& path : files.made)
        log_.say(Severity::Info, "admin_key_made",
                 [&](LogLine& line) { line.field("path", path); });
    for (const std::string& warning : files.warnings)
        log_.say(Severity::Warn, "admin_key_readable",
                 [&](LogLine& line) { line.field("warning", warning); });
    policy.keys = std::move(files.keys);
    return std::nullopt;
}

std::optional<Problem> Admin::open_listener() {
    Result<int> fd = error_from_errno(0, Side::Internal);
    address_ = config_.admin;
    if (address_.starts_with(kUnix)) {
        fd = listen_unix(address_.substr(kUnix.size()));
    } else {
        const Parsed<HostPort> parsed = parse_host_port(config_.admin, 0);
        const HostPort* place = std::get_if<HostPort>(&parsed);
        const auto address =
            place == nullptr
                ? std::nullopt
                : Address::parse(place->host.empty() ? "::" : place->host, place->port);
        if (!address)
            return Problem{"--admin: " + config_.admin +
                           " is no address; allowed: IP:PORT, unix:/PATH"};
        fd = listen_tcp_exclusive(*address);
        if (fd) address_ = local_address(*fd).to_string();
    }
    if (!fd) {
        const bool taken = fd.error().code == ErrorCode::AddressInUse;
        const Problem problem{fmt::format(
            "--admin: {}: {}", address_,
            taken ? "is in use; another process may have it" : std::strerror(fd.error().sys))};
        address_.clear();  // it is another's
        return problem;
    }
    listener_fd_ = *fd;
    return std::nullopt;
}

// Files and keys are one reload: all of them hold, or none.
LoadedFiles Admin::load_all() {
    LoadedFiles loaded = load_();
    if (access_ == nullptr) return loaded;
    Parsed<KeyFiles> opened = open_key_files(config_, MissingKey::Refuse);
    if (Problem* problem = std::get_if<Problem>(&opened)) {
        loaded.found.errors.push_back({"jumpgate", {}, "", std::move(problem->text), ""});
        return loaded;
    }
    KeyFiles& files = std::get<KeyFiles>(opened);
    for (std::string& warning : files.warnings)
        loaded.found.warnings.push_back({"", {}, "", std::move(warning), ""});
    loaded.commit = [this, keys = std::move(files.keys)] {
        if (!access_->replace_keys(keys)) return;
        log_.say(Severity::Info, "admin_keys_changed",
                 [&](LogLine& line) { line.field("keys", keys.size()); });
    };
    return loaded;
}

std::vector<std::string> Admin::watched_files() const {
    std::vector<std::string> paths;
    if (!config_.config_watch) return paths;
    paths = credential_files(config_, catalog_->objects());
    paths.insert(paths.begin(), config_.config_files.begin(), config_.config_files.end());
    for (std::string& path : key_file_paths(config_)) paths.push_back(std::move(path));
    return paths;
}

std::optional<Problem> Admin::serve() {
    auto reloads = ReloadThread::start(*reloader_, [this] { return watched_files(); });
    if (!reloads) return Problem{fmt::format("inotify: {}", text(reloads.error().code))};
    reload_thread_ = std::move(*reloads);
    catalog_->on_change([thread = reload_thread_.get()] { thread->look_at_paths(); });
    if (listener_fd_ < 0) return std::nullopt;
    api_ = std::make_unique<Api>(*catalog_, control_, log_, [this](const Watch& watch) {
        return metrics_text(watch) + access_metrics_text(*access_) +
               reload_metrics_text(reloader_->state()) + process_metrics_text(watch.started_s);
    });
    http_ = HttpServer::start(
        std::exchange(listener_fd_, -1),
        {[this](std::span<const uint8_t> peer) { return !access_->is_allowed(peer); },
         [this](const HttpRequest& request) { return access_->refusal_of(request); }, lane_of,
         [this](const HttpRequest& request) { return api_->answer(request); }});
    if (http_ == nullptr) return Problem{"--admin: the HTTP server does not start"};
    log_.say(Severity::Info, "admin_listening",
             [&](LogLine& line) { line.field("address", address_); });
    return std::nullopt;
}

void Admin::reload() {
    if (reload_thread_ != nullptr) reload_thread_->call();
}

}  // namespace jumpgate
