// Admin: the whole control plane: catalog, state directory, keys, HTTP server and reloads.
//
// Law: open() does everything that can fail and asks nothing of the data plane; serve() begins once
// the data plane answers. Without --admin there is no HTTP server, and files are reloaded all the
// same.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/admin/access.h"
#include "core/admin/api.h"
#include "core/admin/catalog.h"
#include "core/admin/event_log.h"
#include "core/admin/http_server.h"
#include "core/admin/reload_thread.h"
#include "core/admin/reloader.h"
#include "core/admin/store.h"
#include "core/base/parsed.h"
#include "core/config/config.h"
#include "core/proxy/control.h"

namespace jumpgate {

// Where the process's lines go, stderr but for tests.
void write_to_stderr(std::string_view line);

class Admin {
  public:
    // `config` and `control` outlive it. `load` reads the files again, on a thread of its own.
    static Parsed<std::unique_ptr<Admin>> open(const Config& config, FileObjects files,
                                               LoadFiles load, Control& control,
                                               EventLog::Write write = write_to_stderr);
    ~Admin();
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    // What the data plane shall start with: of flags, files and the state directory.
    Objects objects() const { return catalog_->objects(); }
    // Answers requests and reloads from here on.
    std::optional<Problem> serve();
    // As SIGHUP asks it. From any thread.
    void reload();
    // "127.0.0.1:9180", the port filled in, or "unix:/PATH"; empty: no Admin API.
    const std::string& address() const { return address_; }

  private:
    Admin(const Config& config, LoadFiles load, Control& control, EventLog::Write write);
    std::optional<Problem> open_catalog(FileObjects files);
    std::optional<Problem> open_access();
    std::optional<Problem> open_keys(AccessPolicy& policy);
    std::optional<Problem> open_listener();
    std::vector<std::string> watched_files() const;
    LoadedFiles load_all();

    const Config& config_;
    Control& control_;
    EventLog log_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Catalog> catalog_;
    std::unique_ptr<Access> access_;
    std::unique_ptr<Api> api_;
    std::unique_ptr<Reloader> reloader_;
    std::string address_;
    int listener_fd_ = -1;
    LoadFiles load_;
    // Their threads use all of the above: they end first.
    std::unique_ptr<ReloadThread> reload_thread_;
    std::unique_ptr<HttpServer> http_;
};

}  // namespace jumpgate
