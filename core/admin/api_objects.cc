// Stream routes, upstreams and ssls, one by one and as lists: the Admin API of APISIX (v3): its
// URLs, status codes and bodies.
#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "core/admin/api.h"
#include "core/admin/object_body.h"
#include "core/config/read_objects.h"
#include "core/route/route_match.h"

namespace jumpgate {

namespace {

constexpr uint64_t kPageSizeMin = 10;  // as APISIX has it
constexpr uint64_t kPageSizeMax = 500;

// "stream route"
std::string spoken(ObjectType type) {
    std::string words(singular(type));
    std::ranges::replace(words, '_', ' ');
    return words;
}

std::string key_of(ObjectType type, std::string_view id) {
    return fmt::format("/apisix/{}/{}", text(type), id);
}

Value with_key(ObjectType type, const StoredObject& object) {
    Value answer = make_map();
    set(answer, "key", make_text(key_of(type, id_in(object.value).value_or(""))));
    set(answer, "value", shown(type, object.value));
    return answer;
}

// 202 where not every worker routes by it yet.
HttpResponse change_answer(const ChangeResult& result, Value answer) {
    if (!result.applied.complete) set(answer, "warning", make_text(std::string(kWorkerIsLate)));
    HttpResponse response = json_answer(result.applied.complete ? result.status : 202, answer);
    add_warnings(response, result.warnings);
    return response;
}

Value with_indices(ObjectType type, const StoredObject& object) {
    Value answer = with_key(type, object);
    set(answer, "createdIndex", make_count(object.created_index));
    set(answer, "modifiedIndex", make_count(object.modified_index));
    if (!object.origin.from_api()) set(answer, "origin", make_text(text(object.origin)));
    return answer;
}

HttpResponse key_not_found() {
    Value answer = make_map();
    set(answer, "message", make_text("Key not found"));
    return json_answer(404, answer);
}

HttpResponse refusal_answer(const ChangeResult& result) {
    if (result.status == 404) return key_not_found();
    return error_answer(result.status, result.problem);
}

std::string wrong_id(ObjectType type) {
    return fmt::format("wrong {} id; allowed: 1 to 64 of a-z A-Z 0-9 - _ .", spoken(type));
}

// ?label=zone or ?label=zone:north
bool has_label(const Value& object, std::string_view wanted) {
    const Value* labels = object.find("labels");
    if (labels == nullptr) return false;
    const size_t colon = wanted.find(':');
    const Value* label = labels->find(wanted.substr(0, colon));
    if (label == nullptr) return false;
    return colon == std::string_view::npos || label->text == wanted.substr(colon + 1);
}

bool has_name(const Value& object, const TextMatch& wanted) {
    const Value* name = object.find("name");
    return name != nullptr && wanted.matches(name->text);
}

// Page `page`, from 1, of `size`.
void keep_page(std::vector<StoredObject>& list, uint64_t page, uint64_t size) {
    const size_t begin = std::min<size_t>(list.size(), (page - 1) * size);
    const size_t end = std::min<size_t>(list.size(), begin + size);
    list = std::vector(list.begin() + static_cast<ptrdiff_t>(begin),
                       list.begin() + static_cast<ptrdiff_t>(end));
}

}  // namespace

HttpResponse Api::objects(const HttpRequest& request, ObjectType type, Path path) {
    if (!path.empty() && !is_object_id(path[0])) return error_answer(400, wrong_id(type));
    if (request.method == "PATCH") return patch_object(request, type, path);
    if (path.size() > 1) return not_found();
    if (request.method == "GET" || request.method == "HEAD")
        return path.empty() ? list_objects(request, type) : get_object(type, path[0]);
    if (request.method == "PUT") return put_object(request, type, path);
    if (request.method == "POST" && path.empty()) return post_object(request, type);
    if (request.method == "DELETE") {
        if (path.empty()) return error_answer(400, "missing " + spoken(type) + " id");
        return delete_object(request, type, path[0]);
    }
    return not_found();
}

HttpResponse Api::get_object(ObjectType type, const std::string& id) {
    const std::optional<StoredObject> object = catalog_.get(type, id);
    return object ? json_answer(200, with_indices(type, *object)) : key_not_found();
}

HttpResponse Api::list_objects(const HttpRequest& request, ObjectType type) {
    std::vector<StoredObject> list = catalog_.list(type);
    if (request.has_parameter("label"))
        std::erase_if(list, [&](const StoredObject& object) {
            return !has_label(object.value, request.parameter("label"));
        });
    if (request.has_parameter("name")) {
        const auto wanted = TextMatch::make(TextMatch::Kind::Regex, request.parameter("name"));
        if (const Problem* problem = std::get_if<Problem>(&wanted))
            return error_answer(400, "name " + problem->text);
        std::erase_if(list, [&](const StoredObject& object) {
            return !has_name(object.value, std::get<TextMatch>(wanted));
        });
    }
    const size_t total = list.size();
    const auto page = number_in(request, "page", 1, 1'000'000, 1);
    const auto size = number_in(request, "page_size", kPageSizeMin, kPageSizeMax, kPageSizeMin);
    if (!page) return error_answer(400, "page is out of range; allowed: 1 to 1000000");
    if (!size) return error_answer(400, "page_size is out of range; allowed: 10 to 500");
    if (request.has_parameter("page") || request.has_parameter("page_size"))
        keep_page(list, *page, *size);
    Value objects = make_list();
    for (const StoredObject& object : list) objects.items.push_back(with_indices(type, object));
    Value answer = make_map();
    set(answer, "list", std::move(objects));
    set(answer, "total", make_count(total));
    return json_answer(200, answer);
}

HttpResponse Api::put_object(const HttpRequest& request, ObjectType type, Path path) {
    auto read = body_of(request);
    if (HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return std::move(*refusal);
    Value& body = std::get<Value>(read);
    const std::optional<std::string> id = path.empty() ? id_in(body) : path[0];
    if (!id) return error_answer(400, "missing " + spoken(type) + " id");
    if (!is_object_id(*id)) return error_answer(400, wrong_id(type));
    const ChangeResult result = catalog_.put(type, *id, std::move(body));
    note_change(request, fmt::format("{}/{}", text(type), *id), result);
    if (result.status >= 400) return refusal_answer(result);
    return change_answer(result, with_key(type, result.object));
}

HttpResponse Api::post_object(const HttpRequest& request, ObjectType type) {
    auto read = body_of(request);
    if (HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return std::move(*refusal);
    const ChangeResult result = catalog_.post(type, std::move(std::get<Value>(read)));
    note_change(request, fmt::format("{}/{}", text(type), result.id), result);
    if (result.status >= 400) return refusal_answer(result);
    return change_answer(result, with_key(type, result.object));
}

HttpResponse Api::patch_object(const HttpRequest& request, ObjectType type, Path path) {
    if (path.empty()) return error_answer(400, "missing " + spoken(type) + " id");
    const auto read = body_of(request);
    if (const HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return *refusal;
    const ChangeResult result =
        catalog_.patch(type, path[0], path.subspan(1), std::get<Value>(read));
    note_change(request, fmt::format("{}/{}", text(type), path[0]), result);
    if (result.status >= 400) return refusal_answer(result);
    return change_answer(result, with_key(type, result.object));
}

HttpResponse Api::delete_object(const HttpRequest& request, ObjectType type,
                                const std::string& id) {
    const ChangeResult result = catalog_.remove(type, id);
    note_change(request, fmt::format("{}/{}", text(type), id), result);
    if (result.status >= 400) {
        const bool forced = request.parameter("force") == "true" && result.status == 400;
        if (!forced) return refusal_answer(result);
        return error_answer(400, result.problem +
                                     "; force=true is not obeyed here: a route without upstream "
                                     "would refuse all of its clients");
    }
    Value answer = make_map();
    set(answer, "deleted", make_text("1"));
    set(answer, "key", make_text(key_of(type, id)));
    return change_answer(result, std::move(answer));
}

HttpResponse Api::check_object(const HttpRequest& request, std::string_view type_name) {
    const std::optional<ObjectType> type = object_type(type_name);
    if (!type) return error_answer(404, fmt::format("Unsupported resource type: {}", type_name));
    if (request.method != "POST") return not_found();
    const auto read = body_of(request);
    if (const HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return *refusal;
    Objects objects;
    Checked found;
    read_object(*type, id_in(std::get<Value>(read)).value_or("1"), std::get<Value>(read), {},
                objects, found);
    std::string problems;
    for (const Complaint& complaint : found.errors)
        problems += (problems.empty() ? "" : "; ") + text(complaint);
    return problems.empty() ? json_answer(200, make_map()) : error_answer(400, problems);
}

// Who changed what; bodies hold keys and are never logged.
void Api::note_change(const HttpRequest& request, std::string_view object,
                      const ChangeResult& result) {
    const bool done = result.status < 400;
    const bool changed = done && result.status != 204;
    const char* event = changed ? "object_changed" : done ? "object_unchanged" : "change_refused";
    log_.say(Severity::Info, event, [&](LogLine& line) {
        line.field("method", request.method)
            .field("object", object)
            .field("peer", request.peer_text())
            .field("status", result.status);
        if (!done) line.field("problem", result.problem);
        if (changed) line.field("version", result.applied.version);
        if (changed && result.applied.changed)
            line.field("moved", fmt::format("{:.2f}%", 100 * result.applied.moved_share))
                .field("moved_by_route", result.applied.moved_by_route);
        if (!result.applied.hint.empty()) line.field("hint", result.applied.hint);
        if (!result.applied.complete) line.field("warning", kWorkerIsLate);
    });
    for (const Complaint& warning : result.warnings)
        log_.say(Severity::Warn, "config_warning", [&](LogLine& line) {
            line.field("object", object).field("warning", text(warning));
        });
}

}  // namespace jumpgate
