#include "core/config/yaml_text.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/config/yaml.h"

namespace jumpgate {

namespace {

constexpr size_t kStep = 2;
constexpr size_t kImplicitKeyMax = 512;  // YAML 1.2, 7.4.2: 1,024 characters; here with escapes

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kInside = "0123456789_./@+- ";

bool is_in(std::string_view set, char c) { return set.find(c) != set.npos; }

// Needs no quotes: no number, date or word of any version of YAML, nor anything it gives a meaning.
bool is_plain(std::string_view text) {
    if (text.empty() || text.size() > 256 || text.ends_with(' ') || text.find("  ") != text.npos)
        return false;
    if (!is_in(kLetters, text[0]) && text[0] != '_' && text[0] != '/') return false;
    if (!std::ranges::all_of(text, [](char c) { return is_in(kLetters, c) || is_in(kInside, c); }))
        return false;
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const char* word : {"y", "n", "yes", "no", "on", "off"})  // truths of YAML 1.1
        if (lower == word) return false;
    return plain_scalar(lower).kind == Value::Kind::Text;
}

// Certificates and the like: lines that a literal block holds as they are.
bool is_block(std::string_view text) {
    if (text.find('\n') == text.npos) return false;
    char last = '\n';
    for (const char c : text) {
        const bool in_line =
            (c > ' ' && c <= '~' && c != '!') || (c == ' ' && is_in(kLetters, last));
        if (!in_line && (c != '\n' || last == '\n' || last == ' ')) return false;
        last = c;
    }
    return last != ' ';
}

// JSON's escapes are YAML's. More is escaped: runs of blanks and what looks like a tag, for
// read_yaml() limits them; what YAML 1.1 takes for the end of a line, or a byte order mark.
constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {{"  ", " \\x20"},
                                                                      {"!", "\\x21"},
                                                                      {"\xc2\x85", "\\x85"},
                                                                      {"\xe2\x80\xa8", "\\u2028"},
                                                                      {"\xe2\x80\xa9", "\\u2029"},
                                                                      {"\xef\xbb\xbf", "\\ufeff"}};

std::string quoted(const std::string& text) {
    const std::string json = to_json(make_text(text));
    std::string out;
    for (std::string_view rest = json; !rest.empty();) {
        const auto* escape = std::ranges::find_if(
            kEscapes, [rest](const auto& pair) { return rest.starts_with(pair.first); });
        const bool is_found = escape != std::end(kEscapes);
        out += is_found ? escape->second : rest.substr(0, 1);
        rest.remove_prefix(is_found ? escape->first.size() : 1);
    }
    return out;
}

std::string scalar(const Value& value) {
    if (value.kind != Value::Kind::Text) return to_json(value);  // {} and [] too
    return is_plain(value.text) ? value.text : quoted(value.text);
}

class YamlWriter {
  public:
    // A list or map that holds something; the text ends where its first line begins.
    void block(const Value& value, size_t indent) {
        for (const Value& item : value.items) {
            begin_line(indent);
            text += '-';
            behind(item, indent + kStep, true);
        }
        for (const Member& member : value.members) {
            begin_line(indent);
            key(member.key, indent);
            behind(member.value, indent + kStep, false);
        }
    }
    std::string text{};

  private:
    void begin_line(size_t indent) {
        if (text.ends_with('\n')) text.append(indent, ' ');
    }
    void key(const std::string& name, size_t indent) {
        const std::string written = scalar(make_text(name));
        const bool is_implicit = written.size() <= kImplicitKeyMax;
        if (!is_implicit) text += "? ";
        text += written;
        if (!is_implicit) text.append("\n").append(indent, ' ');
        text += ':';
    }
    // What stands behind "-" or "key:", to the end of its last line.
    void behind(const Value& value, size_t indent, bool in_list) {
        if (!value.items.empty() || !value.members.empty()) {
            text += in_list ? ' ' : '\n';
            return block(value, indent);
        }
        if (value.kind != Value::Kind::Text || !is_block(value.text)) {
            text += ' ' + scalar(value) + '\n';
            return;
        }
        text += value.text.ends_with('\n') ? " |\n" : " |-\n";
        for (const char c : value.text) {
            begin_line(indent);
            text += c;
        }
        if (!text.ends_with('\n')) text += '\n';
    }
};

}  // namespace

std::string to_yaml(const Value& value) {
    YamlWriter writer;
    if (value.items.empty() && value.members.empty()) return scalar(value) + "\n";
    writer.block(value, 0);
    return std::move(writer.text);
}

}  // namespace jumpgate
