#include "core/config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "core/config/file_settings.h"
#include "core/config/flag_objects.h"
#include "core/config/flags.h"
#include "core/config/print_config.h"
#include "core/config/reach.h"
#include "core/config/read_files.h"
#include "core/config/read_objects.h"
#include "core/config/rules.h"
#include "core/config/schema.h"
#include "core/config/variables.h"

namespace jumpgate {

namespace {

// Everything that was said, put together. Settings stay where they are: rows point into them.
struct Gathered {
    std::unique_ptr<Settings> settings;
    std::vector<Document> documents;
    Objects objects;
    Checked found;
};

// "--buffers: 5 is not ..." as a complaint about the place that gave the value.
Complaint blame(FlagTable& table, const std::string& rule) {
    const size_t colon = std::min(rule.find(": "), rule.size());
    const std::string name = rule.substr(2, std::min(colon, rule.find(' ')) - 2);
    std::string words = rule.substr(std::min(colon + 2, rule.size()));
    const Flag* flag = table.row(name);
    if (flag != nullptr && flag->source == ValueSource::File)
        return {flag->where,
                {},
                flag->family == "listeners" ? "listeners" : "jumpgate." + file_name(*flag),
                std::move(words),
                {}};
    if (flag != nullptr && flag->source == ValueSource::Environment)
        return {"environment", {}, flag->where, std::move(words), {}};
    return {"jumpgate", {}, rule.substr(0, colon), std::move(words), {}};
}

// Something else than a list: that was said already, and nobody knows what was meant by it.
bool is_mistyped(const std::vector<Document>& documents, ObjectType type) {
    return std::ranges::any_of(documents, [type](const Document& document) {
        const Value* list = document.value.find(text(type));
        return list != nullptr && list->kind != Value::Kind::List;
    });
}

// What settings and the objects of files must have in common.
void check_together(const Config& config, const std::vector<Document>& documents,
                    const Objects& objects, Checked& found) {
    const auto complain = [&found](std::string path, std::string problem) {
        found.errors.push_back({"jumpgate", {}, std::move(path), std::move(problem), {}});
    };
    const auto conflict = [&](const char* kind, const std::string& id, const Origin& origin) {
        found.errors.push_back(
            {origin.file,
             origin.mark,
             fmt::format("{} {}", kind, id),
             "stands beside --broker; use one: brokers by flags, or objects in files",
             {}});
    };
    if (!config.brokers.empty()) {
        for (const UpstreamConfig& upstream : objects.upstreams)
            return conflict("upstream", upstream.id, upstream.origin);
        for (const StreamRouteConfig& route : objects.stream_routes)
            return conflict("stream_route", route.id, route.origin);
    }
    if (!config.admin.empty() || !config.state_dir.empty()) return;  // they may come yet
    if (objects.stream_routes.empty() && config.brokers.empty() && takes_objects(config) &&
        !is_mistyped(documents, ObjectType::StreamRoute))
        complain("stream_routes",
                 "there is none; write one into a --config file, or give --broker HOST:PORT, or "
                 "--admin ADDR:PORT");
    const auto shows = [](const SslConfig& ssl) {
        return ssl.type == SslType::Server && ssl.enabled;
    };
    if (std::ranges::any_of(config.listen, &ListenAddress::tls) &&
        config.tls.certificates.empty() && std::ranges::none_of(objects.ssls, shows) &&
        takes_objects(config) && !is_mistyped(documents, ObjectType::Ssl))
        complain("--tls-listen",
                 "there is no certificate to show; write ssls into a --config file, or give "
                 "--tls-cert FILE and --tls-key FILE");
}

void append(Checked& all, Checked more) {
    std::ranges::move(more.errors, std::back_inserter(all.errors));
    std::ranges::move(more.warnings, std::back_inserter(all.warnings));
}

// Leaves away what stands where one of the first `count` complaints stands: of a text in which a
// variable could not be put, its type and its range say nothing.
void drop_echoes(std::vector<Complaint>& complaints, size_t count) {
    const auto first = complaints.begin();
    const auto later = first + static_cast<std::ptrdiff_t>(count);
    const auto is_echo = [&](const Complaint& complaint) {
        return complaint.mark.line != 0 && std::any_of(first, later, [&](const Complaint& said) {
                   return said.mark == complaint.mark && said.file == complaint.file;
               });
    };
    complaints.erase(std::remove_if(later, complaints.end(), is_echo), complaints.end());
}

std::vector<std::string> lines_of(const std::vector<Complaint>& complaints) {
    std::vector<std::string> lines;
    for (const Complaint& complaint : complaints) lines.push_back(text(complaint));
    return lines;
}

// Complaints of flags are said of the place that gave the value, where all settings could be read.
// Warnings are for --check: what starts says them itself, where it comes upon them.
void append_verified(Checked verified, Settings& settings, Checked& found) {
    const std::vector<std::string> errors = lines_of(found.errors);
    const std::vector<std::string> warnings = lines_of(found.warnings);
    const auto is_in = [](const std::vector<std::string>& said, const Complaint& complaint) {
        return std::ranges::find(said, text(complaint)) != said.end();
    };
    for (Complaint& error : verified.errors) {
        const bool of_flag = error.file == "jumpgate" && error.path.starts_with("--");
        if (is_in(errors, error) || (of_flag && !errors.empty())) continue;
        found.errors.push_back(of_flag ? blame(settings.table, error.path + ": " + error.problem)
                                       : std::move(error));
    }
    if (!settings.check) return;
    for (Complaint& warning : verified.warnings)
        if (!is_in(warnings, warning)) found.warnings.push_back(std::move(warning));
}

// The flags are in `settings` already; the rest is read and put below them.
Gathered gather(std::unique_ptr<Settings> settings, const std::vector<std::string>& variables) {
    Gathered all;
    Checked& found = all.found;
    FlagTable& table = settings->table;
    Settings of_variables;
    read_variables(variables, of_variables.table, found);
    table.adopt(of_variables.table);

    Config& config = settings->config;
    all.documents = read_documents(config.config_files, variables, found.errors);
    const size_t said = found.errors.size();
    Settings of_files;
    read_file_settings(all.documents, of_files.table, found);
    table.adopt(of_files.table);

    const bool settings_are_read = found.errors.empty();
    for (const Document& document : all.documents)
        read_objects(document.value, document.file, all.objects, found);
    drop_echoes(found.errors, said);
    Checked between =
        check_objects(all.objects, all.documents.size() == config.config_files.size());
    if (!found.errors.empty()) between.warnings.clear();  // they may come of what is wrong
    append(found, std::move(between));
    if (settings_are_read) {  // else what is missing may be what was wrong
        for (const std::string& rule : broken_rules(config))
            found.errors.push_back(blame(table, rule));
        check_together(config, all.documents, all.objects, found);
    }
    if (found.errors.empty()) append(found, {{}, without_listener(config, all.objects)});
    add_flag_objects(config, all.objects);  // right where the rules about --broker hold
    all.settings = std::move(settings);
    return all;
}

std::variant<std::unique_ptr<Settings>, FlagsExit> read_flags(
    const std::vector<std::string>& arguments, const std::string& version) {
    auto settings = std::make_unique<Settings>(version);
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    if (std::optional<FlagsExit> exit = settings->table.parse(pointers)) return *std::move(exit);
    return settings;
}

std::string joined(const std::vector<std::string>& lines, std::string_view prefix) {
    std::string out;
    for (const std::string& line : lines) out += fmt::format("{}{}\n", prefix, line);
    return out;
}

std::string counted(size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string valid_line(const Objects& objects) {
    return fmt::format("configuration is valid: {}, {}, {}\n",
                       counted(objects.stream_routes.size(), "stream route"),
                       counted(objects.upstreams.size(), "upstream"),
                       counted(objects.ssls.size(), "ssl"));
}

std::vector<std::pair<std::string, std::string>> values_of(const FlagTable& table) {
    std::vector<std::pair<std::string, std::string>> values;
    for (const Flag& flag : table.rows())
        values.emplace_back(flag.name, flag.current
                                           ? flag.current()
                                           : fmt::format("{}", fmt::join(flag.texts, " ")));
    return values;
}

}  // namespace

Invocation invocation_of(int argc, const char* const* argv, const char* const* variables) {
    Invocation invocation;
    for (int i = 1; i < argc; ++i) invocation.arguments.emplace_back(argv[i]);
    for (; variables != nullptr && *variables != nullptr; ++variables)
        invocation.variables.emplace_back(*variables);
    return invocation;
}

std::variant<Loaded, FlagsExit> load(const Invocation& invocation, const std::string& version,
                                     Verify verify) {
    auto flags = read_flags(invocation.arguments, version);
    if (FlagsExit* exit = std::get_if<FlagsExit>(&flags)) return std::move(*exit);
    auto& settings = std::get<std::unique_ptr<Settings>>(flags);
    if (settings->json_schema) return FlagsExit{0, json_schema(settings->table), false};

    Gathered all = gather(std::move(settings), invocation.variables);
    const Config& config = all.settings->config;
    const bool starts = !all.settings->print_config && all.found.errors.empty();
    if ((all.settings->check || starts) && verify != nullptr)
        append_verified(verify(config, all.objects), *all.settings, all.found);
    const std::vector<std::string> warnings = lines_of(all.found.warnings);
    const std::string warned = joined(warnings, "warning: ");
    if (!all.found.errors.empty())
        return FlagsExit{2, warned + joined(lines_of(all.found.errors), ""), true};
    if (all.settings->check) return FlagsExit{0, warned + valid_line(all.objects), false};
    if (all.settings->print_config)
        return FlagsExit{
            0, joined(warnings, "# warning: ") + print_config(all.settings->table, all.documents),
            false};
    return Loaded{config,     std::move(all.objects),        std::move(all.documents), warnings,
                  invocation, values_of(all.settings->table)};
}

std::variant<Reloaded, std::vector<Complaint>> reload(const Loaded& running) {
    auto flags = read_flags(running.invocation.arguments, "");
    CHECK(std::holds_alternative<std::unique_ptr<Settings>>(flags));  // they started this process
    Gathered all =
        gather(std::move(std::get<std::unique_ptr<Settings>>(flags)), running.invocation.variables);
    if (!all.found.errors.empty()) return std::move(all.found.errors);
    Reloaded reloaded{
        std::move(all.objects), std::move(all.documents), {}, std::move(all.found.warnings)};
    const std::vector<std::pair<std::string, std::string>> values = values_of(all.settings->table);
    for (size_t i = 0; i < values.size(); ++i) {
        const auto& [name, value] = values[i];
        if (value == running.settings[i].second) continue;
        const auto said = [](const std::string& text) { return text.empty() ? "none" : text; };
        reloaded.restart_needed.push_back(
            fmt::format("jumpgate.{}: {} -> {}", file_name(*all.settings->table.row(name)),
                        said(running.settings[i].second), said(value)));
    }
    return reloaded;
}

}  // namespace jumpgate
