#include "core/admin/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace jumpgate {

static ChangeResult refused(unsigned status, std::string problem) {
    ChangeResult result;
    result.status = status;
    result.problem = std::move(problem);
    return result;
}

static std::string joined(const std::vector<Complaint>& complaints) {
    std::string all = "invalid configuration: ";
    for (const Complaint& complaint : complaints)
        all += (&complaint == complaints.data() ? "" : "; ") + text(complaint);
    return all;
}

static uint64_t now_s() { return static_cast<uint64_t>(std::time(nullptr)); }

Catalog::Catalog(Control& control, Store* store, Oddities oddities)
    : control_(control), store_(store), oddities_(std::move(oddities)) {
    CatalogView empty;
    empty.files = std::make_shared<const FileObjects>();
    publish(std::make_shared<const CatalogView>(std::move(empty)));
}

Catalog::ViewRef Catalog::view() const {
    const std::lock_guard lock(viewing_);
    return view_;
}

void Catalog::publish(ViewRef next) {
    std::function<void()> call;
    {
        const std::lock_guard lock(viewing_);
        view_ = std::move(next);
        call = changed_;
    }
    if (call) call();
}

void Catalog::on_change(std::function<void()> call) {
    const std::lock_guard lock(viewing_);
    changed_ = std::move(call);
}

Checked Catalog::start(FileObjects files) {
    const std::lock_guard lock(changing_);
    CatalogView first;
    first.files = std::make_shared<const FileObjects>(std::move(files));
    if (store_ != nullptr && store_->at_start()) {
        auto state = parse_state(*store_->at_start());
        if (auto* complaints = std::get_if<std::vector<Complaint>>(&state))
            return {*complaints, {}};
        first.state = std::move(std::get<CatalogState>(state));
    }
    join_objects(first);
    Checked checked = check_objects(first.objects);
    first.warnings = checked.warnings;
    if (oddities_)  // files have been asked about by who read them
        for (Complaint& odd : oddities_(first.objects))
            if (odd.file.empty()) checked.warnings.push_back(std::move(odd));
    if (checked.errors.empty()) publish(std::make_shared<const CatalogView>(std::move(first)));
    return checked;
}

// ---- The pipeline -------------------------------------------------------------------------------

// Of an edit: no file again unless ssls, or TLS of upstreams, change. A reload: all of them.
ReadFiles Catalog::files_read_by(const CatalogView& next) const {
    const bool edited = next.state.index != view()->state.index;
    return edited ? ReadFiles::WhereChanged : ReadFiles::Again;
}

ChangeResult Catalog::install(CatalogView next) {
    join_objects(next);
    Checked checked = check_objects(next.objects);
    if (!checked.errors.empty()) return refused(400, joined(checked.errors));
    ChangeResult result = persist_and_apply(next);
    if (result.status >= 400) return result;
    next.warnings = checked.warnings;
    publish(std::make_shared<const CatalogView>(std::move(next)));
    result.warnings = std::move(checked.warnings);
    return result;
}

// What may fail for want of space comes first; then the data plane; then a rename.
ChangeResult Catalog::persist_and_apply(const CatalogView& next) {
    const ViewRef before = view();
    const ReadFiles files = files_read_by(next);
    const bool persists = store_ != nullptr && files == ReadFiles::WhereChanged;
    if (persists)
        if (const auto problem = store_->prepare(to_text(next.state)))
            return refused(503, "nothing has changed: " + problem->text);
    Parsed<Applied> applied = control_.apply(next.objects, files);
    if (const Problem* problem = std::get_if<Problem>(&applied)) {
        if (persists) store_->discard();
        return refused(400, "invalid configuration: " + problem->text);
    }
    ChangeResult result;
    result.applied = std::get<Applied>(applied);
    if (persists) {
        if (const auto problem = store_->commit()) {
            const std::string left = restore(*before);
            return refused(503,
                           (left.empty() ? "nothing has changed: " : "") + problem->text + left);
        }
    }
    return result;
}

// The file could not be renamed, or not for sure: back to what was, on both sides. Says what did
// not go back, for then somebody has to look; empty: nothing.
std::string Catalog::restore(const CatalogView& before) {
    std::string left;
    const Parsed<Applied> applied = control_.apply(before.objects, ReadFiles::WhereChanged);
    if (const Problem* problem = std::get_if<Problem>(&applied))
        left = "; the change is served until the next one, for what was before is refused: " +
               problem->text;
    auto problem = store_->prepare(to_text(before.state));
    if (!problem) problem = store_->commit();
    if (problem)
        left += "; what a restart reads could not be put back either, look at it before: " +
                problem->text;
    return left;
}

// ---- One object ---------------------------------------------------------------------------------

std::optional<StoredObject> Catalog::get(ObjectType type, std::string_view id) const {
    const ViewRef now = view();
    const auto found = now->state.of(type).find(id);
    if (found != now->state.of(type).end()) return found->second->object;
    for (StoredObject& object : file_objects(*now->files, type))
        if (id_in(object.value) == id) return std::move(object);
    return std::nullopt;
}

std::vector<StoredObject> Catalog::list(ObjectType type) const {
    const ViewRef now = view();
    std::vector<StoredObject> all = file_objects(*now->files, type);
    for (const auto& [id, entry] : now->state.of(type)) all.push_back(entry->object);
    return all;
}

std::optional<ChangeResult> Catalog::belongs_to_file(ObjectType type, std::string_view id) const {
    const Origin* origin = origin_in(view()->files->objects, type, id);
    if (origin == nullptr) return std::nullopt;
    return refused(409, fmt::format("{} [{}] is defined by {}, and only there it can be changed",
                                    singular(type), id, text(*origin)));
}

// What was so before is no news, but to whoever writes the very object, or what is inside of it.
static void keep_news(std::vector<Complaint>& warnings, const CatalogView& before, ObjectType type,
                      std::string_view id) {
    const std::string own = fmt::format("{}[{}]", text(type), id);
    const std::string inside = fmt::format("upstreams[{}/{}]", singular(type), id);
    std::unordered_set<std::string> known;
    for (const Complaint& warning : before.warnings) known.insert(text(warning));
    std::erase_if(warnings, [&](const Complaint& warning) {
        return warning.path != own && warning.path != inside && known.contains(text(warning));
    });
}

// `body` is whole and without times; the change lock is held.
ChangeResult Catalog::write(ObjectType type, std::string_view id, Value body) {
    if (auto conflict = belongs_to_file(type, id)) return *conflict;
    set(body, "id", make_text(std::string(id)));
    CatalogEntry entry;
    Checked found;
    read_object(type, id, body, {}, entry.parsed, found);
    if (!found.errors.empty()) return refused(400, joined(found.errors));
    if (oddities_) std::ranges::move(oddities_(entry.parsed), std::back_inserter(found.warnings));

    const ViewRef before = view();
    CatalogView next = *before;
    const auto present = next.state.of(type).find(id);
    const bool is_new = present == next.state.of(type).end();
    const uint64_t now = now_s();
    uint64_t created_s = now;
    next.state.index++;
    next.state.conf_version(type)++;
    next.state.changed_s = now;
    next.state.digest.clear();
    entry.object = {std::move(body), next.state.index, next.state.index, {}};
    if (!is_new) {
        const StoredObject& old = present->second->object;
        entry.object.created_index = old.created_index;
        if (const Value* created = old.value.find("create_time"))
            created_s = static_cast<uint64_t>(created->integer);
    }
    set(entry.object.value, "create_time", make_count(created_s));
    set(entry.object.value, "update_time", make_count(now));
    if (const auto problem = unreadable(type, entry.object))
        return refused(400, "invalid configuration: " + *problem);
    StoredObject object = entry.object;
    next.state.of(type).insert_or_assign(std::string(id),
                                         std::make_shared<const CatalogEntry>(std::move(entry)));
    ChangeResult result = install(std::move(next));
    result.id = id;
    if (result.status >= 400) return result;
    result.status = is_new ? 201 : 200;
    result.object = std::move(object);
    keep_news(result.warnings, *before, type, id);
    std::ranges::move(found.warnings, std::back_inserter(result.warnings));
    return result;
}

// Bodies of PUT and POST: times are ours, and the id of the body is the path's.
static std::optional<ChangeResult> refusal_of(const Value& body, ObjectType type,
                                              std::string_view id) {
    if (body.kind != Value::Kind::Map)
        return refused(400, "invalid configuration: the body must be an object");
    for (const char* time : {"create_time", "update_time"})
        if (body.find(time) != nullptr)
            return refused(400, fmt::format("the property is forbidden: {}", time));
    if (const auto own = id_in(body); own && *own != id)
        return refused(400, fmt::format("wrong {} id", singular(type)));
    return std::nullopt;
}

ChangeResult Catalog::put(ObjectType type, std::string_view id, Value body) {
    const std::lock_guard lock(changing_);
    if (auto refusal = refusal_of(body, type, id)) return *refusal;
    return write(type, id, std::move(body));
}

ChangeResult Catalog::post(ObjectType type, Value body) {
    const std::lock_guard lock(changing_);
    const ViewRef now = view();
    uint64_t number = now->state.index + 1;
    while (origin_in(now->objects, type, fmt::format("{:020}", number)) != nullptr) ++number;
    const std::string id = fmt::format("{:020}", number);
    if (auto refusal = refusal_of(body, type, id)) return *refusal;
    return write(type, id, std::move(body));
}

ChangeResult Catalog::patch(ObjectType type, std::string_view id, std::span<const std::string> path,
                            const Value& part) {
    const std::lock_guard lock(changing_);
    if (auto conflict = belongs_to_file(type, id)) return *conflict;
    const ViewRef now = view();
    const auto found = now->state.of(type).find(id);
    if (found == now->state.of(type).end()) return refused(404, "Key not found");
    Value body = found->second->object.value;
    if (const auto problem = patch_at(body, path, part)) return refused(400, problem->text);
    if (id_in(body) != id) return refused(400, fmt::format("wrong {} id", singular(type)));
    return write(type, id, without_times(std::move(body)));
}

// "stream_route [1]" that uses the object; nothing where none does.
static std::optional<std::string> user_of(const Objects& objects, ObjectType type,
                                          std::string_view id) {
    if (type == ObjectType::Upstream)
        for (const StreamRouteConfig& route : objects.stream_routes)
            if (route.upstream_id == id) return fmt::format("stream_route [{}]", route.id);
    if (type == ObjectType::Ssl)
        for (const UpstreamConfig& upstream : objects.upstreams)
            if (upstream.tls.client_cert_id == id) {
                const size_t slash = upstream.id.find('/');  // inline: "stream_route/ID"
                if (slash == std::string::npos) return fmt::format("upstream [{}]", upstream.id);
                return fmt::format("stream_route [{}]", upstream.id.substr(slash + 1));
            }
    return std::nullopt;
}

ChangeResult Catalog::remove(ObjectType type, std::string_view id) {
    const std::lock_guard lock(changing_);
    if (auto conflict = belongs_to_file(type, id)) return *conflict;
    const ViewRef before = view();
    CatalogView next = *before;
    const auto found = next.state.of(type).find(id);
    if (found == next.state.of(type).end()) return refused(404, "Key not found");
    if (const auto user = user_of(next.objects, type, id))
        return refused(400, fmt::format("can not delete this {}, {} is still using it now",
                                        singular(type), *user));
    StoredObject object = found->second->object;
    next.state.of(type).erase(found);
    next.state.index++;
    next.state.conf_version(type)++;
    next.state.changed_s = now_s();
    next.state.digest.clear();
    ChangeResult result = install(std::move(next));
    result.id = id;
    result.object = std::move(object);
    keep_news(result.warnings, *before, type, id);
    return result;
}

// ---- Files --------------------------------------------------------------------------------------

static void note_changes(const FileObjects& before, const FileObjects& after,
                         ReloadResult& result) {
    for (const ObjectType type : kObjectTypes) {
        std::map<std::string, std::string> old;
        for (const StoredObject& object : file_objects(before, type))
            old[id_in(object.value).value_or("")] = to_json(object.value);
        for (const StoredObject& object : file_objects(after, type)) {
            const std::string id = id_in(object.value).value_or("");
            const std::string name = fmt::format("{}/{}", text(type), id);
            const auto found = old.find(id);
            if (found == old.end()) {
                result.added.push_back(name);
                continue;
            }
            if (found->second != to_json(object.value)) result.changed.push_back(name);
            old.erase(found);
        }
        for (const auto& [id, json] : old)
            result.removed.push_back(fmt::format("{}/{}", text(type), id));
    }
}

ReloadResult Catalog::reload(FileObjects files) {
    const std::lock_guard lock(changing_);
    ReloadResult result;
    const ViewRef before = view();
    CatalogView next = *before;
    next.files = std::make_shared<const FileObjects>(std::move(files));
    join_objects(next);
    Checked checked = check_objects(next.objects);
    result.complaints = std::move(checked.errors);
    if (!result.complaints.empty()) return result;
    note_changes(*before->files, *next.files, result);
    ChangeResult installed = install(std::move(next));
    if (installed.status >= 400)
        result.complaints.push_back({"", {}, "", std::move(installed.problem), ""});
    result.warnings = std::move(installed.warnings);
    result.applied = installed.applied;
    return result;
}

}  // namespace jumpgate
