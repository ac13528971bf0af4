#include "loadgen/payload_template.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace jumpgate::load {

std::optional<PayloadTemplate::Place> PayloadTemplate::place_of(std::string_view word) {
    if (word == "SEQ") return Place::Sequence;
    if (word == "TIMESTAMP_NS") return Place::Timestamp;
    if (word == "PUBLISHER") return Place::Publisher;
    if (word == "CLIENT") return Place::Client;
    if (word == "RANDOM") return Place::Random;
    return std::nullopt;
}

PayloadTemplate PayloadTemplate::literal(std::string text) {
    PayloadTemplate made;
    made.pieces_.push_back({Place::Text, std::move(text)});
    return made;
}

void PayloadTemplate::add_text(std::string_view text) {
    if (text.empty()) return;
    if (pieces_.empty() || pieces_.back().place != Place::Text) {
        pieces_.push_back({Place::Text, {}});
    }
    pieces_.back().text += text;
}

Parsed<PayloadTemplate> PayloadTemplate::parse(std::string_view text) {
    PayloadTemplate made;
    while (!text.empty()) {
        const size_t at = std::min(text.find('%'), text.size());
        made.add_text(text.substr(0, at));
        text.remove_prefix(at);
        if (text.empty()) break;
        const size_t end = text.find('%', 1);
        const std::string_view word =
            end == text.npos ? std::string_view("?") : text.substr(1, end - 1);
        const std::optional<Place> place = place_of(word);
        if (place) {
            made.pieces_.push_back({*place, {}});
        } else if (word.empty()) {
            made.add_text("%");
        } else {
            return Problem{
                "has a % that starts no place; known are %SEQ% %TIMESTAMP_NS% %PUBLISHER% "
                "%CLIENT% %RANDOM%, and %% for a percent sign"};
        }
        text.remove_prefix(end + 1);
    }
    if (made.is_read_back() && !made.can_be_told_apart()) {
        return Problem{
            "has a place whose end cannot be seen: behind %CLIENT% must stand text, "
            "behind any other text that begins with no digit"};
    }
    return made;
}

bool PayloadTemplate::has(Place place) const {
    return std::ranges::find(pieces_, place, &Piece::place) != pieces_.end();
}

uint32_t PayloadTemplate::typical_bytes() const {
    size_t bytes = is_read_back() ? 0 : kMessageHeaderBytes;
    for (const Piece& piece : pieces_) {
        bytes += piece.place == Place::Text ? piece.text.size() : 1;
    }
    return static_cast<uint32_t>(bytes);
}

bool PayloadTemplate::is_read_back() const {
    return has(Place::Sequence) && has(Place::Timestamp) && has(Place::Publisher);
}

static bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool PayloadTemplate::can_be_told_apart() const {
    for (size_t i = 0; i + 1 < pieces_.size(); ++i) {
        if (pieces_[i].place == Place::Text) continue;
        const Piece& next = pieces_[i + 1];
        if (next.place != Place::Text) return false;
        if (pieces_[i].place != Place::Client && is_digit(next.text.front())) return false;
    }
    return true;
}

// ---- Writing -----------------------------------------------------------------------------------

static void append_number(std::vector<uint8_t>& out, uint64_t number) {
    std::array<char, 20> digits{};
    const auto written = std::to_chars(digits.begin(), digits.end(), number);
    out.insert(out.end(), digits.begin(), written.ptr);
}

// SplitMix64's finalizer (Steele, Lea and Flood 2014) over publisher and sequence number.
static uint64_t random_of(const MessageHeader& header) {
    uint64_t x = (uint64_t{header.publisher} << 32 | header.sequence) + 0x9e37'79b9'7f4a'7c15u;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
    return x ^ (x >> 31);
}

void PayloadTemplate::append_to(std::vector<uint8_t>& out, const MessageHeader& header,
                                std::string_view client_id) const {
    if (!is_read_back()) {
        out.resize(out.size() + kMessageHeaderBytes);
        write_header(std::span(out).last(kMessageHeaderBytes), header);
    }
    for (const Piece& piece : pieces_) {
        switch (piece.place) {
            case Place::Text:
                out.insert(out.end(), piece.text.begin(), piece.text.end());
                break;
            case Place::Client:
                out.insert(out.end(), client_id.begin(), client_id.end());
                break;
            case Place::Sequence:
                append_number(out, header.sequence);
                break;
            case Place::Timestamp:
                append_number(out, header.sent_ns);
                break;
            case Place::Publisher:
                append_number(out, header.publisher);
                break;
            case Place::Random:
                append_number(out, random_of(header));
                break;
        }
    }
}

// ---- Reading -----------------------------------------------------------------------------------

template <class Number>
static bool take_number(std::string_view& text, Number& number) {
    const auto taken = std::from_chars(text.data(), text.data() + text.size(), number);
    if (taken.ec != std::errc()) return false;
    text.remove_prefix(static_cast<size_t>(taken.ptr - text.data()));
    return true;
}

static bool take_text(std::string_view& text, std::string_view wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    return true;
}

std::optional<MessageHeader> PayloadTemplate::read(std::span<const uint8_t> payload) const {
    std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
    MessageHeader header;
    uint64_t random = 0;
    for (size_t i = 0; i < pieces_.size(); ++i) {
        bool good = true;
        switch (pieces_[i].place) {
            case Place::Text:
                good = take_text(text, pieces_[i].text);
                break;
            case Place::Client:
                text.remove_prefix(i + 1 == pieces_.size()
                                       ? text.size()
                                       : std::min(text.find(pieces_[i + 1].text), text.size()));
                break;
            case Place::Sequence:
                good = take_number(text, header.sequence);
                break;
            case Place::Timestamp:
                good = take_number(text, header.sent_ns);
                break;
            case Place::Publisher:
                good = take_number(text, header.publisher);
                break;
            case Place::Random:
                good = take_number(text, random);
                break;
        }
        if (!good) return std::nullopt;
    }
    return text.empty() ? std::optional(header) : std::nullopt;
}

}  // namespace jumpgate::load
