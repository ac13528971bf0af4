// The whole configuration as one document: GET and PUT of /configs, and what is wrong with one.
//
// Law: a document replaces all objects of the API or none; an item that is as it was keeps its
// times and its index.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "core/admin/catalog.h"

namespace jumpgate {

Value Catalog::document() const {
    const ViewRef now = view();
    Value document = make_map();
    for (const ObjectType type : kObjectTypes) {
        Value list = make_list();
        for (const auto& [id, entry] : now->state.of(type))
            list.items.push_back(shown(type, entry->object.value));
        set(document, text(type), std::move(list));
        set(document, conf_version_key(type), make_count(now->state.conf_version(type)));
    }
    return document;
}

namespace {

// What a double holds exactly (RFC 7493, 2.2), so that every client reads it as it was written; and
// the changes of one by one that come after it find room.
constexpr uint64_t kConfVersionMax = uint64_t{1} << 53U;

// Reads a document over `before` into the next state, and notes all that is wrong.
class DocumentReader {
  public:
    DocumentReader(const CatalogView& before, uint64_t now_s, const Catalog::Oddities& oddities)
        : before_(before), now_s_(now_s), oddities_(oddities), state(before.state) {
        state.index++;
        state.changed_s = now_s;
    }

    void read(const Value& document) {
        if (document.kind != Value::Kind::Map)
            return complain({}, {}, std::nullopt, "the document must be an object");
        for (const Member& member : document.members)
            if (!is_known(member.key))
                complain({}, {}, std::nullopt,
                         fmt::format("{}: is unknown; allowed: stream_routes, upstreams, ssls and "
                                     "their _conf_version",
                                     member.key));
        for (const ObjectType type : kObjectTypes)
            if (takes(document, type)) read_list(type, document.find(text(type)));
    }

  private:
    static bool is_known(std::string_view key) {
        return std::ranges::any_of(kObjectTypes, [key](ObjectType type) {
            return key == text(type) || key == conf_version_key(type);
        });
    }

    void complain(std::string type, std::string id, std::optional<size_t> index,
                  std::string problem) {
        errors.push_back({std::move(type), std::move(id), index, std::move(problem)});
    }

    // False: the document says that this type is as it was.
    bool takes(const Value& document, ObjectType type) {
        uint64_t& version = state.conf_version(type);
        const Value* given = document.find(conf_version_key(type));
        if (given == nullptr) {
            version++;
            return true;
        }
        if (given->kind != Value::Kind::Integer || given->integer < 0) {
            complain(std::string(text(type)), {}, std::nullopt,
                     conf_version_key(type) + " must be an integer from 0");
            return false;
        }
        const auto number = static_cast<uint64_t>(given->integer);
        if (number > kConfVersionMax && number > version) {
            complain(std::string(text(type)), {}, std::nullopt,
                     fmt::format("{} is out of range; allowed: 0 to {}", conf_version_key(type),
                                 kConfVersionMax));
            return false;
        }
        if (number < version)
            complain(std::string(text(type)), {}, std::nullopt,
                     fmt::format("{} must be greater than or equal to ({})", conf_version_key(type),
                                 version));
        if (number <= version) return false;
        version = number;
        return true;
    }

    void read_list(ObjectType type, const Value* list) {
        state.of(type).clear();
        if (list == nullptr) return;
        if (list->kind != Value::Kind::List)
            return complain(std::string(text(type)), {}, std::nullopt,
                            fmt::format("{} must be a list", text(type)));
        for (size_t i = 0; i < list->items.size(); ++i) read_item(type, i, list->items[i]);
    }

    void read_item(ObjectType type, size_t index, const Value& item) {
        const std::string type_name(text(type));
        const std::string id = id_in(item).value_or("");
        if (!is_object_id(id))
            return complain(type_name, id, index,
                            "id must be given: 1 to 64 of a-z A-Z 0-9 - _ . or a number from 1");
        if (const Origin* origin = origin_in(before_.files->objects, type, id)) {
            conflict = true;
            return complain(type_name, id, index, "is defined by " + text(*origin));
        }
        if (state.of(type).contains(id))
            return complain(type_name, id, index, "the id stands twice");
        CatalogEntry entry;
        entry.object.value = without_times(item);
        set(entry.object.value, "id", make_text(id));
        Checked found;
        read_object(type, id, entry.object.value, {}, entry.parsed, found);
        for (const Complaint& complaint : found.errors)
            complain(type_name, id, index, text(complaint));
        if (!found.errors.empty()) return;
        for (Complaint& warning : found.warnings) {
            warning.path = fmt::format("{}[{}].{}", type_name, id, warning.path);
            warnings.push_back(std::move(warning));
        }
        if (oddities_) std::ranges::move(oddities_(entry.parsed), std::back_inserter(warnings));
        const auto kept = dated(type, id, std::move(entry));
        if (const auto problem = unreadable(type, kept->object))
            return complain(type_name, id, index, *problem);
        state.of(type)[id] = kept;
    }

    std::shared_ptr<const CatalogEntry> dated(ObjectType type, const std::string& id,
                                              CatalogEntry entry) const {
        uint64_t created_s = now_s_;
        entry.object.created_index = entry.object.modified_index = state.index;
        const auto old = before_.state.of(type).find(id);
        if (old != before_.state.of(type).end()) {
            const StoredObject& was = old->second->object;
            if (to_json(without_times(was.value)) == to_json(entry.object.value))
                return old->second;
            entry.object.created_index = was.created_index;
            if (const Value* created = was.value.find("create_time"))
                created_s = static_cast<uint64_t>(created->integer);
        }
        set(entry.object.value, "create_time", make_count(created_s));
        set(entry.object.value, "update_time", make_count(now_s_));
        return std::make_shared<const CatalogEntry>(std::move(entry));
    }

    const CatalogView& before_;
    uint64_t now_s_;
    const Catalog::Oddities& oddities_;

  public:
    CatalogState state;
    std::vector<DocumentError> errors;
    std::vector<Complaint> warnings;
    bool conflict = false;
};

std::string line_of(const DocumentError& error) {
    std::string line = error.type;
    if (error.index) line += fmt::format("[{}]", *error.index);
    return line.empty() ? error.problem : line + ": " + error.problem;
}

}  // namespace

ChangeResult Catalog::put_document(const Value& document, std::string_view digest) {
    const std::lock_guard lock(changing_);
    ChangeResult result;
    const ViewRef before = view();
    if (!digest.empty() && digest == before->state.digest) {
        result.status = 204;
        return result;
    }
    DocumentReader reader(*before, static_cast<uint64_t>(std::time(nullptr)), oddities_);
    reader.read(document);
    if (!reader.errors.empty()) {
        result.status = reader.conflict ? 409 : 400;
        for (const DocumentError& error : reader.errors)
            result.problem += (result.problem.empty() ? "" : "; ") + line_of(error);
        return result;
    }
    CatalogView next = *before;
    next.state = std::move(reader.state);
    next.state.digest = digest;
    if (const auto problem = unreadable_head(next.state)) {
        result.status = 400;
        result.problem = "X-Digest: " + *problem;
        return result;
    }
    result = install(std::move(next));
    if (result.status < 400) result.status = 202;
    std::ranges::move(reader.warnings, std::back_inserter(result.warnings));
    return result;
}

std::vector<DocumentError> Catalog::validate(const Value& document) const {
    const ViewRef now = view();
    DocumentReader reader(*now, 0, oddities_);
    reader.read(document);
    if (!reader.errors.empty()) return reader.errors;
    CatalogView next = *now;
    next.state = std::move(reader.state);
    join_objects(next);
    for (const Complaint& complaint : check_objects(next.objects).errors)
        reader.errors.push_back({"", "", std::nullopt, text(complaint)});
    if (reader.errors.empty())
        if (const auto problem = control_.check(next.objects, ReadFiles::Again))
            reader.errors.push_back({"", "", std::nullopt, problem->text});
    return reader.errors;
}

}  // namespace jumpgate
