#include "core/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "core/base/check.h"
#include "core/base/code_point.h"
#include "core/base/time.h"

namespace jumpgate {

// Room for the closing brace and the newline, whatever the fields hold.
static constexpr size_t kTailBytes = 2;

std::string_view text(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return "error";
        case Severity::Warn:
            return "warn";
        case Severity::Info:
            return "info";
        case Severity::Debug:
            return "debug";
    }
    return "unknown";
}

// The wall clock in UTC, RFC 3339 with milliseconds.
static std::array<char, 25> timestamp() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    std::tm utc{};
    gmtime_r(&now.tv_sec, &utc);
    std::array<char, 25> out{};
    fmt::format_to_n(out.data(), out.size() - 1, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                     utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                     utc.tm_sec, now.tv_nsec / static_cast<long>(kNanosPerMilli));
    return out;
}

LogLine::LogLine(LineFormat format, Severity severity, std::string_view event) : format_(format) {
    const std::array<char, 25> time = timestamp();
    if (format_ == LineFormat::Json) {
        raw(R"({"time":")");
        raw(time.data());
        raw(R"(","level":")");
        raw(text(severity));
        raw(R"(","event":)");
        escaped(event);
    } else {
        raw(time.data());
        raw(" ");
        raw(text(severity));
        raw(" ");
        raw(event);
    }
}

// A line that grows too long simply ends: every part goes in whole or not at all.
void LogLine::raw(std::string_view part) {
    if (length_ + part.size() > bytes_.size() - kTailBytes) return;
    std::memcpy(bytes_.data() + length_, part.data(), part.size());
    length_ += part.size();
}

// Bytes outside printable ASCII are escaped: viewers act on control characters and on bidi text.
void LogLine::escaped(std::string_view value) {
    fmt::memory_buffer out;
    auto end = std::back_inserter(out);
    out.push_back('"');
    while (!value.empty() && out.size() < kValueBytesMax) {
        const uint32_t point = take_code_point(value);
        if (point == '"' || point == '\\') {
            out.push_back('\\');
            out.push_back(static_cast<char>(point));
        } else if (point >= 0x20 && point < 0x7F) {
            out.push_back(static_cast<char>(point));
        } else if (point < 0x10000) {
            fmt::format_to(end, "\\u{:04x}", point);
        } else {  // a surrogate pair, as JSON wants it (RFC 8259 section 7)
            fmt::format_to(end, "\\u{:04x}\\u{:04x}", 0xD7C0U + (point >> 10U),
                           0xDC00U + (point & 0x3FFU));
        }
    }
    if (!value.empty()) out.append(std::string_view("..."));
    out.push_back('"');
    raw({out.data(), out.size()});
}

LogLine& LogLine::field(std::string_view name, std::string_view value) {
    const size_t before = length_;
    raw(format_ == LineFormat::Json ? ",\"" : " ");
    raw(name);
    raw(format_ == LineFormat::Json ? "\":" : "=");
    const size_t named = length_;
    escaped(value);
    if (length_ == named) length_ = before;  // no room for the value: drop the field whole
    return *this;
}

LogLine& LogLine::field(std::string_view name, uint64_t value) {
    raw(format_ == LineFormat::Json ? fmt::format(",\"{}\":{}", name, value)
                                    : fmt::format(" {}={}", name, value));
    return *this;
}

std::string_view LogLine::finish() {
    if (!finished_) {
        finished_ = true;
        if (format_ == LineFormat::Json) bytes_[length_++] = '}';
        bytes_[length_++] = '\n';
    }
    return {bytes_.data(), length_};
}

LogQueue::LogQueue(size_t records)
    : count_(records), records_(std::make_unique_for_overwrite<Record[]>(records)) {
    CHECK(records >= 1);
}

bool LogQueue::push(std::string_view line) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == count_) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    Record& record = records_[head % count_];
    record.length = static_cast<uint16_t>(std::min(line.size(), record.bytes.size()));
    std::memcpy(record.bytes.data(), line.data(), record.length);
    head_.store(head + 1, std::memory_order_release);
    return true;
}

bool LogThrottle::pass(uint64_t now_ns, uint64_t& suppressed) {
    const uint64_t second = now_ns / kNanosPerSecond;
    if (second != second_) {
        second_ = second;
        passed_ = 0;
    }
    if (passed_ == burst_) {
        ++held_back_;
        return false;
    }
    ++passed_;
    suppressed = held_back_;
    held_back_ = 0;
    return true;
}

}  // namespace jumpgate
