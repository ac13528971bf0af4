// PayloadTemplate: a payload with places for what differs from message to message.
//
// %SEQ% number of the message, %TIMESTAMP_NS% CLOCK_MONOTONIC when it is sent, %PUBLISHER% number
// of the publisher, %CLIENT% its client id, %RANDOM% a number that only the first two determine, so
// that a message sent again has the same; %% is a percent sign.
// Law: parsed once. Where a template holds the first three, whoever receives the payload reads them
// back from their places: nothing is put before it, and it stays JSON where it was JSON. Otherwise
// the header of message.h goes before it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/parsed.h"
#include "loadgen/message.h"

namespace jumpgate::load {

class PayloadTemplate {
  public:
    PayloadTemplate() = default;

    static Parsed<PayloadTemplate> parse(std::string_view text);
    // `text` as it is, without places.
    static PayloadTemplate literal(std::string text);

    bool empty() const { return pieces_.empty(); }
    // About what append_to() writes, with one digit for each place; a header is exact.
    uint32_t typical_bytes() const;
    bool wants_client_id() const { return has(Place::Client); }
    // The header is in the text itself.
    bool is_read_back() const;

    // Appends the whole payload, with the binary header where it needs one.
    void append_to(std::vector<uint8_t>& out, const MessageHeader& header,
                   std::string_view client_id) const;
    // What append_to() wrote; nothing where this is no payload of this template.
    std::optional<MessageHeader> read(std::span<const uint8_t> payload) const;

  private:
    enum class Place : uint8_t { Text, Sequence, Timestamp, Publisher, Client, Random };
    struct Piece {
        Place place;
        std::string text;  // of Place::Text
    };

    static std::optional<Place> place_of(std::string_view word);
    bool has(Place place) const;
    void add_text(std::string_view text);
    bool can_be_told_apart() const;

    std::vector<Piece> pieces_;  // no two of Place::Text follow each other
};

}  // namespace jumpgate::load
