// The JSON Schema of objects and their reference page, from the tables of their fields.
#include <fmt/format.h>

#include "core/config/object_fields.h"
#include "core/config/read_objects.h"
#include "core/config/upstream_nodes.h"

namespace jumpgate {

namespace {

struct Section {
    ObjectType type;
    const FieldTable& fields;
    const char* what;
};

std::vector<Section> sections() {
    return {
        {ObjectType::StreamRoute, stream_route_fields(),
         "Which clients go to which upstream. All conditions of a route must be met. The most "
         "specific route is tried first, then the greater `priority`, then the order. Of these the "
         "first that differs decides: sni, client_id, username, cert_cn, remote_addr, server_addr, "
         "server_port, level; of texts exact over prefix over glob over regex, then more literal "
         "characters. In a glob `*` is any run, `?` one character, and `\\` takes the next one "
         "literally; a regex is RE2's, found anywhere unless anchored."},
        {ObjectType::Upstream, upstream_fields(),
         "A pool of brokers, and how a client finds its own among them."},
        {ObjectType::Ssl, ssl_fields(),
         "Certificates: for devices (type server) or to show to brokers (type client)."}};
}

}  // namespace

std::string objects_json_schema() {
    Value properties = schema_of({});
    for (const Section& section : sections()) {
        Value list = schema_of({{"type", make_text("array")}, {"items", section.fields.schema()}});
        set(properties, text(section.type), std::move(list));
    }
    return to_json(
        schema_of({{"$schema", make_text("https://json-schema.org/draft/2020-12/schema")},
                   {"type", make_text("object")},
                   {"properties", std::move(properties)}}));
}

std::string objects_markdown() {
    std::string page;
    for (const Section& section : sections()) {
        page += fmt::format("### `{}`\n{}\n\n", text(section.type), section.what);
        page += "| field | allowed | default | |\n|---|---|---|---|\n" + section.fields.markdown();
        if (section.type == ObjectType::Upstream) page += nodes_markdown();
        page += '\n';
    }
    page.pop_back();
    return page;
}

}  // namespace jumpgate
