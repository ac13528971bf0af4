#include "core/config/read_files.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "core/base/read_file.h"
#include "core/config/environment.h"
#include "core/config/json.h"
#include "core/config/yaml.h"

namespace jumpgate {

std::vector<Document> read_documents(const std::vector<std::string>& files,
                                     const std::vector<std::string>& variables,
                                     std::vector<Complaint>& complaints) {
    const Variable variable = [&](const std::string& name) -> std::optional<std::string> {
        for (const std::string& entry : variables)
            if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
                return entry.substr(name.size() + 1);
        return std::nullopt;
    };
    std::vector<Document> documents;
    for (const std::string& file : files) {
        Parsed<std::string> text = read_file(file);
        if (Problem* problem = std::get_if<Problem>(&text)) {
            complaints.push_back({file, {}, {}, std::move(problem->text), {}});
            continue;
        }
        const std::string& whole = std::get<std::string>(text);
        std::variant<Value, Complaint> value = file.ends_with(".json")
                                                   ? read_json(whole, file, JsonMarks::Values)
                                                   : read_yaml(whole, file);
        if (Complaint* complaint = std::get_if<Complaint>(&value)) {
            complaints.push_back(std::move(*complaint));
            continue;
        }
        Document document{file, std::move(std::get<Value>(value))};
        std::ranges::move(substitute_variables(document.value, file, variable),
                          std::back_inserter(complaints));
        documents.push_back(std::move(document));
    }
    return documents;
}

}  // namespace jumpgate
