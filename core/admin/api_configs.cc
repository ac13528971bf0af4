// The whole configuration: GET, PUT and validate below /admin/configs, as APISIX's API-driven
// standalone mode has them, but kept in the state directory.
#include <fmt/format.h>

#include <ctime>
#include <variant>

#include "core/admin/api.h"
#include "core/admin/object_body.h"
#include "core/base/code_point.h"
#include "core/config/yaml_text.h"

namespace jumpgate {

// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT"
static std::string http_date(uint64_t unix_s) {
    const auto seconds = static_cast<time_t>(unix_s);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 40> text{};
    const size_t length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text.data(), length};
}

// JSON, but for those who ask for YAML and for no JSON (curl and browsers take */*).
static HttpResponse document_answer(const HttpRequest& request, const Value& document) {
    const std::string_view accept = request.header("Accept");
    if (accept.find("yaml") == accept.npos || accept.find("json") != accept.npos)
        return json_answer(200, document);
    // Else an edit of what was got here would be taken, and change nothing.
    std::string text =
        "# To edit: raise the _conf_version of what you change, or take that line out.\n" +
        to_yaml(document);
    return {200, well_formed(std::move(text)), "application/yaml", {}};
}

HttpResponse Api::configs(const HttpRequest& request, Path path) {
    if (path.size() == 1 && path[0] == "validate" && request.method == "POST")
        return validate_configs(request);
    if (!path.empty()) return not_found();
    if (request.method == "PUT") return put_configs(request);
    if (request.method != "GET" && request.method != "HEAD") return not_found();
    HttpResponse response = document_answer(request, catalog_.document());
    if (const std::string digest = catalog_.digest(); !digest.empty())
        response.headers.emplace_back("X-Digest", digest);
    if (const uint64_t changed_s = catalog_.changed_s(); changed_s != 0)
        response.headers.emplace_back("X-Last-Modified", http_date(changed_s));
    return response;
}

HttpResponse Api::put_configs(const HttpRequest& request) {
    const std::string_view digest = request.header("X-Digest");
    if (digest.empty() || digest.size() > 256)
        return error_answer(400,
                            "missing digest header: X-Digest, any name of this document, 1 to "
                            "256 characters");
    auto read = body_of(request);
    if (HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return std::move(*refusal);
    const ChangeResult result = catalog_.put_document(std::get<Value>(read), digest);
    note_change(request, "configs", result);
    if (result.status >= 400) return error_answer(result.status, result.problem);
    HttpResponse response;
    if (!result.applied.complete) {
        Value answer = make_map();
        set(answer, "warning", make_text(std::string(kWorkerIsLate)));
        response = json_answer(result.status, answer);
    }
    response.status = result.status;
    response.headers.emplace_back("X-Digest", digest);
    add_warnings(response, result.warnings);
    return response;
}

HttpResponse Api::validate_configs(const HttpRequest& request) {
    auto read = body_of(request);
    if (HttpResponse* refusal = std::get_if<HttpResponse>(&read)) return std::move(*refusal);
    const std::vector<DocumentError> errors = catalog_.validate(std::get<Value>(read));
    if (errors.empty()) return json_answer(200, make_map());
    Value list = make_list();
    for (const DocumentError& error : errors) {
        Value item = make_map();
        if (!error.type.empty()) set(item, "resource_type", make_text(error.type));
        if (!error.id.empty()) set(item, "resource_id", make_text(error.id));
        if (error.index) set(item, "index", make_count(*error.index));
        set(item, "error", make_text(error.problem));
        list.items.push_back(std::move(item));
    }
    Value answer = make_map();
    set(answer, "error_msg", make_text("Configuration validation failed"));
    set(answer, "errors", std::move(list));
    return json_answer(400, answer);
}

}  // namespace jumpgate
