#include "core/admin/catalog_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/config/json.h"

namespace jumpgate {

static constexpr std::string_view kStateName = "state.json";
static constexpr int64_t kStateFormat = 1;

std::string conf_version_key(ObjectType type) { return std::string(text(type)) + "_conf_version"; }

// ---- As text: a line of JSON for the state, then one for each object, so that no document is
// longer than what one request may bring.

static std::string head_line(const CatalogState& state) {
    Value head = make_map();
    set(head, "format", make_integer(kStateFormat));
    set(head, "index", make_count(state.index));
    set(head, "changed", make_count(state.changed_s));
    set(head, "digest", make_text(state.digest));
    for (const ObjectType type : kObjectTypes)
        set(head, conf_version_key(type), make_count(state.conf_version(type)));
    return to_json(head);
}

static std::string object_line(ObjectType type, const StoredObject& object) {
    Value line = make_map();
    set(line, "type", make_text(std::string(text(type))));
    set(line, "created_index", make_count(object.created_index));
    set(line, "modified_index", make_count(object.modified_index));
    set(line, "value", object.value);
    return to_json(line);
}

std::string to_text(const CatalogState& state) {
    std::string lines = head_line(state) + "\n";
    for (const ObjectType type : kObjectTypes)
        for (const auto& [id, entry] : state.of(type))
            lines += object_line(type, entry->object) + "\n";
    return lines;
}

// By the reader of parse_state() itself, so that its limits stand in one place.
static std::optional<std::string> line_problem(std::string_view line) {
    const std::variant<Value, Complaint> read = read_json(line, "");
    if (std::holds_alternative<Value>(read)) return std::nullopt;
    Complaint complaint = std::get<Complaint>(read);
    complaint.mark = {};  // of a text that its sender has not seen
    if (complaint.path.starts_with("value.")) complaint.path.erase(0, 6);
    return "the next start could not read it: " + jumpgate::text(complaint);
}

std::optional<std::string> unreadable(ObjectType type, const StoredObject& object) {
    return line_problem(object_line(type, object));
}

std::optional<std::string> unreadable_head(const CatalogState& state) {
    return line_problem(head_line(state));
}

static uint64_t count_in(const Value& map, std::string_view key) {
    const Value* value = map.find(key);
    if (value == nullptr || value->kind != Value::Kind::Integer || value->integer < 0) return 0;
    return static_cast<uint64_t>(value->integer);
}

static std::string text_in(const Value& map, std::string_view key) {
    const Value* value = map.find(key);
    return value == nullptr ? std::string() : value->text;
}

static Complaint complaint_at(uint32_t line, std::string problem) {
    return {std::string(kStateName), {line, 1}, "", std::move(problem), ""};
}

static void read_head(const Value& head, CatalogState& state, std::vector<Complaint>& complaints) {
    if (count_in(head, "format") != kStateFormat)
        complaints.push_back(complaint_at(1, "is of another format than this jumpgate's (1)"));
    state.index = count_in(head, "index");
    state.changed_s = count_in(head, "changed");
    state.digest = text_in(head, "digest");
    for (const ObjectType type : kObjectTypes)
        state.conf_version(type) = count_in(head, conf_version_key(type));
}

static void read_object_line(const Value& line, uint32_t number, CatalogState& state,
                             std::vector<Complaint>& complaints) {
    const std::optional<ObjectType> type = object_type(text_in(line, "type"));
    const Value* value = line.find("value");
    const std::string id = value == nullptr ? "" : id_in(*value).value_or("");
    if (!type || !is_object_id(id)) {
        complaints.push_back(complaint_at(number, "is no object"));
        return;
    }
    CatalogEntry entry;
    entry.object = {*value, count_in(line, "created_index"), count_in(line, "modified_index"), {}};
    Checked found;
    read_object(*type, id, without_times(*value), {}, entry.parsed, found);
    for (Complaint& complaint : found.errors) {
        complaint.file = kStateName;
        complaint.mark = {number, 1};
        complaints.push_back(std::move(complaint));
    }
    state.of(*type)[id] = std::make_shared<const CatalogEntry>(std::move(entry));
}

std::variant<CatalogState, std::vector<Complaint>> parse_state(std::string_view text) {
    CatalogState state;
    std::vector<Complaint> complaints;
    for (uint32_t number = 1; !text.empty(); ++number) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::variant<Value, Complaint> line = read_json(text.substr(0, end), kStateName);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (Complaint* complaint = std::get_if<Complaint>(&line)) {
            complaint->mark.line = number;
            complaints.push_back(std::move(*complaint));
        } else if (number == 1) {
            read_head(std::get<Value>(line), state, complaints);
        } else {
            read_object_line(std::get<Value>(line), number, state, complaints);
        }
    }
    if (!complaints.empty()) return complaints;
    return state;
}

// ---- Files and state together

template <class T>
static void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

void join_objects(CatalogView& view) {
    view.objects = view.files->objects;
    for (const ObjectType type : kObjectTypes)
        for (const auto& [id, entry] : view.state.of(type)) {
            append(view.objects.upstreams, entry->parsed.upstreams);
            append(view.objects.stream_routes, entry->parsed.stream_routes);
            append(view.objects.ssls, entry->parsed.ssls);
        }
}

// The item of a document that an object was read from.
static const Value* written(const FileObjects& files, ObjectType type, const Origin& origin) {
    for (const FileDocument& document : files.documents) {
        const Value* list =
            document.file == origin.file ? document.value.find(text(type)) : nullptr;
        if (list == nullptr) continue;
        for (const Value& item : list->items)
            if (item.mark == origin.mark) return &item;
    }
    return nullptr;
}

static const char* word(HashKey key) {
    switch (key) {
        case HashKey::ClientId:
            return "mqtt_client_id";
        case HashKey::Username:
            return "mqtt_username";
        case HashKey::RemoteAddr:
            return "remote_addr";
        case HashKey::CertCn:
            return "cert_cn";
    }
    return "";
}

static Value described(const BrokerAddress& broker) {
    Value node = make_map();
    set(node, "host", make_text(broker.host));
    set(node, "port", make_integer(broker.port));
    set(node, "weight", make_integer(broker.weight));
    if (broker.priority != 0) set(node, "priority", make_integer(broker.priority));
    return node;
}

static void set_file(Value& map, std::string_view key, const PemSource& pem) {
    if (!pem.file.empty()) set(map, key, make_text(pem.file));
}

// Paths, as the flags name them; shown() takes the key's away.
static Value described(const UpstreamTlsConfig& tls) {
    Value value = make_map();
    set_file(value, "client_cert", tls.identity.certificate);
    set_file(value, "client_key", tls.identity.key);
    set_file(value, "ca", tls.ca);
    return value;
}

// What flags made has no document: the parts that say where clients go, and how.
static Value described(const UpstreamConfig& upstream) {
    Value value = make_map();
    set(value, "type", make_text("chash"));  // flags know no other
    set(value, "key", make_text(word(upstream.key)));
    if (upstream.key_prefix_until)
        set(value, "key_prefix_until", make_text(std::string(1, *upstream.key_prefix_until)));
    const bool all_tls = std::ranges::all_of(upstream.nodes, &BrokerAddress::tls);
    if (all_tls) set(value, "scheme", make_text("tls"));
    Value nodes = make_list();
    for (const BrokerAddress& broker : upstream.nodes) {
        Value node = described(broker);
        if (broker.tls && !all_tls)
            set(node, "tls", make_boolean(true));  // objects know no mixture
        nodes.items.push_back(std::move(node));
    }
    set(value, "nodes", std::move(nodes));
    Value tls = described(upstream.tls);
    if (!tls.members.empty()) set(value, "tls", std::move(tls));
    return value;
}

static Value described(const StreamRouteConfig& route) {
    Value value = make_map();
    set(value, "upstream_id", make_text(route.upstream_id));
    return value;
}

static Value described(const SslConfig& ssl) {
    Value value = make_map();
    Value names = make_list();
    for (const std::string& name : ssl.snis) names.items.push_back(make_text(name));
    set(value, "snis", std::move(names));
    return value;
}

template <class T>
static std::vector<StoredObject> shown_as_written(const FileObjects& files, ObjectType type,
                                                  const std::vector<T>& objects) {
    std::vector<StoredObject> list;
    for (const T& object : objects) {
        if (!is_object_id(object.id)) continue;  // an inline upstream: its route shows it
        const Value* item = written(files, type, object.origin);
        StoredObject stored;
        stored.value = item != nullptr ? *item : described(object);
        set(stored.value, "id", make_text(object.id));
        stored.origin = object.origin;
        list.push_back(std::move(stored));
    }
    return list;
}

std::vector<StoredObject> file_objects(const FileObjects& files, ObjectType type) {
    switch (type) {
        case ObjectType::StreamRoute:
            return shown_as_written(files, type, files.objects.stream_routes);
        case ObjectType::Upstream:
            return shown_as_written(files, type, files.objects.upstreams);
        case ObjectType::Ssl:
            return shown_as_written(files, type, files.objects.ssls);
    }
    return {};
}

template <class T>
static const Origin* origin_of(const std::vector<T>& objects, std::string_view id) {
    const auto found = std::ranges::find(objects, id, &T::id);
    return found == objects.end() ? nullptr : &found->origin;
}

const Origin* origin_in(const Objects& objects, ObjectType type, std::string_view id) {
    switch (type) {
        case ObjectType::StreamRoute:
            return origin_of(objects.stream_routes, id);
        case ObjectType::Upstream:
            return origin_of(objects.upstreams, id);
        case ObjectType::Ssl:
            return origin_of(objects.ssls, id);
    }
    return nullptr;
}

}  // namespace jumpgate
