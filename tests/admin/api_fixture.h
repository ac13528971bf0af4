// An Api over a catalog and a fake data plane: what it answers and what it logs.
#pragma once

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/admin/api.h"
#include "tests/admin/catalog_fixture.h"

namespace jumpgate {

class ApiFixture : public CatalogFixture {
  protected:
    ApiFixture()
        : log_(LineFormat::Text, Severity::Info,
               [this](std::string_view line) { lines_ += line; }) {}

    // `target` with its query, as curl is given it.
    HttpResponse ask(std::string_view method, std::string_view target, std::string_view body = "",
                     std::vector<HttpField> headers = {}) {
        HttpRequest request;
        request.method = method;
        request.path = target.substr(0, target.find('?'));
        request.body = body;
        request.headers = std::move(headers);
        request.peer = "127.0.0.1";
        std::string_view query = target.substr(std::min(request.path.size() + 1, target.size()));
        while (!query.empty()) {
            const std::string_view part = query.substr(0, query.find('&'));
            const size_t equal = std::min(part.find('='), part.size());
            request.query.emplace_back(
                *percent_decoded(part.substr(0, equal)),
                *percent_decoded(part.substr(std::min(equal + 1, part.size()))));
            query.remove_prefix(std::min(part.size() + 1, query.size()));
        }
        Api api(*catalog_, control_, log_, [](const Watch&) { return std::string("metrics\n"); });
        return api.answer(request);
    }
    // "201 {...}" with times as T and without the newline that ends every body.
    std::string said(std::string_view method, std::string_view target, std::string_view body = "",
                     std::vector<HttpField> headers = {}) {
        const HttpResponse response = ask(method, target, body, std::move(headers));
        static const std::regex times("(_time\":)\\d+");
        std::string text = std::regex_replace(response.body, times, "$1T");
        if (text.ends_with('\n')) text.pop_back();
        return std::to_string(response.status) + " " + text;
    }
    static std::string header(const HttpResponse& response, std::string_view name) {
        for (const HttpField& field : response.headers)
            if (field.first == name) return field.second;
        return "";
    }

    std::string lines_;
    EventLog log_;
};

}  // namespace jumpgate
