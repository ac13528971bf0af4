// Catalog: all objects with where they come from: files, flags, the Admin API. Every change is made
// here, one at a time.
//
// Law: a change is checked whole, applied to the data plane, and written to the state directory, in
// this order; what fails changes nothing. An object of a file is never changed by the API, and no
// object hides another. Readers wait for nobody: they see the last complete state.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/catalog_state.h"
#include "core/admin/store.h"
#include "core/config/objects.h"
#include "core/config/value.h"
#include "core/proxy/control.h"

namespace jumpgate {

// Of a change that is made (Applied::complete is false): for its author and for the log.
inline constexpr std::string_view kWorkerIsLate =
    "a worker has not answered yet: its new clients are served as before until it does";

// How a change went, in HTTP's words.
struct ChangeResult {
    unsigned status = 200;  // 200, 201, 202, 204, 400, 404, 409, 503
    std::string id;
    StoredObject object;  // after the change, keys included: see shown()
    std::string problem;  // of a status from 400
    Applied applied;
    // Of one object: about it, and what else the change made odd; of a document: all.
    std::vector<Complaint> warnings;
};

struct ReloadResult {
    std::vector<Complaint> complaints;  // empty: it went well
    std::vector<Complaint> warnings;
    Applied applied;
    std::vector<std::string> added;  // "upstreams/1"
    std::vector<std::string> changed;
    std::vector<std::string> removed;
};

// One thing that is wrong in a whole configuration, with its place in it.
struct DocumentError {
    std::string type;  // "upstreams"; empty: of no type
    std::string id;
    std::optional<size_t> index;
    std::string problem;
};

class Catalog {
  public:
    // What is odd about objects in this process, as that no listener is there for them; a warning.
    using Oddities = std::function<std::vector<Complaint>(const Objects&)>;

    // Both outlive it. `store` null: objects of the API live as long as the process. `oddities` is
    // asked of objects of the API, once each time they are written, and all of them at the start.
    Catalog(Control& control, Store* store, Oddities oddities = {});

    // What files and flags say, and what the state directory holds; once, before all others and
    // before the data plane starts with objects(). Asks nothing of `control`.
    Checked start(FileObjects files);
    Objects objects() const { return view()->objects; }
    bool persists() const { return store_ != nullptr; }
    // `call` after each change, on its thread: it must not change anything itself.
    void on_change(std::function<void()> call);

    // ---- One object. `id` has passed is_object_id().

    std::optional<StoredObject> get(ObjectType type, std::string_view id) const;
    // Files' objects in their order, then the API's by id.
    std::vector<StoredObject> list(ObjectType type) const;
    ChangeResult put(ObjectType type, std::string_view id, Value body);
    // With a new id of 20 digits.
    ChangeResult post(ObjectType type, Value body);
    ChangeResult patch(ObjectType type, std::string_view id, std::span<const std::string> path,
                       const Value& part);
    ChangeResult remove(ObjectType type, std::string_view id);

    // ---- All objects of the API (`stream_routes`, `upstreams`, `ssls` and their versions).

    Value document() const;
    std::string digest() const { return view()->state.digest; }
    uint64_t changed_s() const { return view()->state.changed_s; }
    // Replaces them all, or none. `digest` is its sender's name for the document: 204 where it is
    // the last one's, and nothing changed since.
    ChangeResult put_document(const Value& document, std::string_view digest);
    std::vector<DocumentError> validate(const Value& document) const;

    // ---- Files

    ReloadResult reload(FileObjects files);

  private:
    using ViewRef = std::shared_ptr<const CatalogView>;

    ViewRef view() const;
    void publish(ViewRef next);
    // The pipeline that every change takes.
    ChangeResult install(CatalogView next);
    ReadFiles files_read_by(const CatalogView& next) const;
    ChangeResult persist_and_apply(const CatalogView& next);
    std::string restore(const CatalogView& before);
    ChangeResult write(ObjectType type, std::string_view id, Value body);
    std::optional<ChangeResult> belongs_to_file(ObjectType type, std::string_view id) const;

    Control& control_;
    Store* store_;
    const Oddities oddities_;
    std::mutex changing_;  // one change at a time
    mutable std::mutex viewing_;
    ViewRef view_;
    std::function<void()> changed_;  // as view_, under viewing_
};

}  // namespace jumpgate
