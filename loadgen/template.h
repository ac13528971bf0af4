// Template: a client id, user name or topic with places for a client's own values.
//
// %i number, %c client id, %u user name, %s number of the message, %% a percent sign: emqtt-bench's
// letters; and %t tenant, %r role (conn, pub, sub, pubsub), %g cell of the plan (plan.h).
// Law: parsed once, expanded often; expansion appends to the caller's string and allocates only
// where that grows. Does not check that the result is valid MQTT text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate::load {

struct TemplateValues {
    uint64_t number = 0;
    uint64_t tenant = 0;
    uint64_t cell = 0;
    uint64_t message = 0;
    std::string_view role{};
    std::string_view client_id{};
    std::string_view username{};
};

class Template {
  public:
    Template() = default;

    // `letters`: the placeholders that make sense here, such as "itr".
    static Parsed<Template> parse(std::string_view text, std::string_view letters);

    void append_to(std::string& out, const TemplateValues& values) const;
    bool has(char letter) const;
    bool empty() const { return text_.empty(); }
    const std::string& text() const { return text_; }
    // As a topic filter: + for each level that holds one of `letters`.
    Template with_wildcards(std::string_view letters) const;

  private:
    std::string text_;
};

// The value of a flag that is a template; what is wrong with it, in one sentence that names both.
std::optional<std::string> settle_template(std::string_view flag, std::string_view text,
                                           std::string_view letters, Template& out);

}  // namespace jumpgate::load
