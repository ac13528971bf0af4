// What configuration files say about settings: `jumpgate:`, `listeners:`, and the parts of APISIX's
// config.yaml that mean something here.
//
// Law: each value becomes a row of the table by the row's own set(), so that a file can say nothing
// that a flag could not. All that is wrong is said at once. Objects are read_objects.h's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/flags.h"
#include "core/config/read_objects.h"
#include "core/config/value.h"

namespace jumpgate {

struct Document {
    std::string file;
    Value value;
};

// Where one file's values go, and what is to be said about them.
struct FileReading {
    std::string_view file;
    FlagTable& table;  // of files only
    Checked& found;

    void complain(const Value& at, std::string path, std::string problem,
                  std::string allowed = {}) const;
    void warn(const Value& at, std::string path, std::string problem) const;
    // Stores `values` in the row `name`; what is wrong with them is said about `path`.
    void give(std::string_view name, const std::vector<std::string>& values, const Value& at,
              const std::string& path) const;
    // The truth of `value`; `fallback` where there is none, or it is no bool, which is said.
    bool truth(const Value* value, const std::string& path, bool fallback) const;
    // Whether `value` is of that kind; if not, it is said.
    bool is(Value::Kind kind, const Value& value, const std::string& path) const;
};


// All documents, in their order, into `table`.
void read_file_settings(const std::vector<Document>& documents, FlagTable& table, Checked& found);

// The parts, each of one document.
void read_listeners(const FileReading& reading, const Value& document);   // listeners.cc
void read_apisix(const FileReading& reading, const Value& document);      // apisix.cc
void read_deployment(const FileReading& reading, const Value& document);  // apisix_deployment.cc

// One entry of a list of listeners: a port, "ADDR:PORT", "2000-2100", or a map. Each adds to
// --listen or --tls-listen.
struct ListenerEntry {
    bool proxy_protocol = false;
    bool proxy_protocol_to_upstream = false;
};
ListenerEntry read_listener(const FileReading& reading, const Value& value, const std::string& path,
                            const ListenerEntry& defaults);

}  // namespace jumpgate
