// What configuration files set, as tests write them: from text, or in a folder of their own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/file_settings.h"
#include "core/config/flags.h"
#include "core/config/yaml.h"

namespace jumpgate {

// What files set, and what was said about them.
struct FileRead {
    Settings settings;
    Checked found;

    // Each text is a file: "1.yaml", "2.yaml".
    explicit FileRead(const std::vector<std::string>& texts) {
        std::vector<Document> documents;
        for (const std::string& text : texts) {
            const std::string file = std::to_string(documents.size() + 1) + ".yaml";
            std::variant<Value, Complaint> value = read_yaml(text, file);
            EXPECT_TRUE(std::holds_alternative<Value>(value)) << text;
            if (Value* tree = std::get_if<Value>(&value))
                documents.push_back({file, std::move(*tree)});
        }
        read_file_settings(documents, settings.table, found);
    }
    // The lines, all of them.
    std::vector<std::string> errors() const { return lines(found.errors); }
    std::vector<std::string> warnings() const { return lines(found.warnings); }

  private:
    static std::vector<std::string> lines(const std::vector<Complaint>& complaints) {
        std::vector<std::string> lines;
        for (const Complaint& complaint : complaints) lines.push_back(text(complaint));
        return lines;
    }
};

using Lines = std::vector<std::string>;

// A folder that goes with the test.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "jumpgate-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    // The path of `name`, which holds `text` from now on.
    std::string write(const std::string& name, const std::string& text) const {
        const std::string path = path_ / name;
        std::ofstream(path) << text;
        return path;
    }
    std::string path(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

}  // namespace jumpgate
