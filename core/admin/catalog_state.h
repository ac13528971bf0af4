// CatalogState: the objects that the Admin API made, and the view of all objects together with
// those of files.
//
// Law: plain values, copied and replaced whole; the entries themselves are shared and immutable, so
// a copy is cheap. Its text is what the state directory keeps, private keys included.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/admin/object_body.h"
#include "core/config/file_settings.h"
#include "core/config/objects.h"
#include "core/config/read_objects.h"
#include "core/config/value.h"

namespace jumpgate {

// An object as the API keeps it.
struct StoredObject {
    Value value;  // as it was given, with id, create_time, update_time
    uint64_t created_index = 0;
    uint64_t modified_index = 0;
    Origin origin;
};

struct CatalogEntry {
    StoredObject object;
    Objects parsed;  // a stream route with an inline upstream: both
};

struct CatalogState {
    using ById = std::map<std::string, std::shared_ptr<const CatalogEntry>, std::less<>>;

    std::array<ById, 3> objects;  // by ObjectType
    std::array<uint64_t, 3> conf_versions{};
    uint64_t index = 0;  // of the last change
    uint64_t changed_s = 0;
    std::string digest;  // of the last PUT of all, where nothing changed since

    ById& of(ObjectType type) { return objects[static_cast<size_t>(type)]; }
    const ById& of(ObjectType type) const { return objects[static_cast<size_t>(type)]; }
    uint64_t& conf_version(ObjectType type) { return conf_versions[static_cast<size_t>(type)]; }
    uint64_t conf_version(ObjectType type) const {
        return conf_versions[static_cast<size_t>(type)];
    }
};

std::string to_text(const CatalogState& state);
std::variant<CatalogState, std::vector<Complaint>> parse_state(std::string_view text);

// Why parse_state() would not take this object, or all but the objects, from to_text(): what was
// merged from several bodies may be larger or deeper than any of them, and a path or a header need
// not be UTF-8. Nothing: it would.
std::optional<std::string> unreadable(ObjectType type, const StoredObject& object);
std::optional<std::string> unreadable_head(const CatalogState& state);

// "upstreams_conf_version"
std::string conf_version_key(ObjectType type);

// What objects were read from, for showing them as they were written.
using FileDocument = Document;

// What flags and files say.
struct FileObjects {
    Objects objects;
    std::vector<FileDocument> documents;
};

// Everything that is served at one moment.
struct CatalogView {
    std::shared_ptr<const FileObjects> files;
    CatalogState state;
    Objects objects;                  // of files in their order, then of the API by id
    std::vector<Complaint> warnings;  // of check_objects()
};

// `objects` of its files and its state.
void join_objects(CatalogView& view);

// The objects of files as the API shows them: as they were written, and those of flags in the same
// words. Inline upstreams are shown in their route only.
std::vector<StoredObject> file_objects(const FileObjects& files, ObjectType type);
const Origin* origin_in(const Objects& objects, ObjectType type, std::string_view id);

}  // namespace jumpgate
