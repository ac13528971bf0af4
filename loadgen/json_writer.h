// JsonWriter: writes one JSON document, front to back.
//
// Law: commas, nesting and escapes are its business; the caller opens and closes in order and
// gives UTF-8.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace jumpgate::load {

class JsonWriter {
  public:
    void open(std::string_view name = {}) {
        key(name);
        text_ += '{';
        first_ = true;
    }
    void close() {
        text_ += '}';
        first_ = false;
    }
    void open_list(std::string_view name) {
        key(name);
        text_ += '[';
        first_ = true;
    }
    void close_list() {
        text_ += ']';
        first_ = false;
    }
    template <std::integral T>
    void field(std::string_view name, T value) {
        key(name);
        if constexpr (std::same_as<T, bool>) {
            text_ += value ? "true" : "false";
        } else {
            text_ += fmt::format("{}", value);
        }
    }
    void field(std::string_view name, double value) {
        key(name);
        text_ += fmt::format("{:.6f}", value);
    }
    void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
    void field(std::string_view name, std::string_view value) {
        key(name);
        quote(value);
    }
    const std::string& text() const { return text_; }

  private:
    void key(std::string_view name) {
        if (!first_) text_ += ',';
        first_ = false;
        if (name.empty()) return;
        quote(name);
        text_ += ':';
    }
    void quote(std::string_view value) {
        text_ += '"';
        for (const char c : value) {
            if (c == '"' || c == '\\') {
                text_ += '\\';
                text_ += c;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
            } else {
                text_ += c;
            }
        }
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;
};

}  // namespace jumpgate::load
