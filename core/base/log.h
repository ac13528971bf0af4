// Log lines: one event each, with named fields, as text or as JSON, and the way they leave a
// worker.
//
// Law: a worker never waits for the log: its lines go through a ring of fixed records that the
// control thread empties; a full ring drops the line and counts it. Values from peers are escaped
// and cut, so that no client writes into the log what it likes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace jumpgate {

enum class Severity : uint8_t { Error, Warn, Info, Debug };
enum class LineFormat : uint8_t { Text, Json };

// Builds one line: LogLine(format, severity, "refused").field("peer", address).field("bytes", 12).
class LogLine {
  public:
    static constexpr size_t kBytesMax = 1024;
    static constexpr size_t kValueBytesMax = 256;  // as written; longer ones end in "..."

    LogLine(LineFormat format, Severity severity, std::string_view event);
    LogLine& field(std::string_view name, std::string_view value);
    LogLine& field(std::string_view name, uint64_t value);

    // The whole line, newline included.
    std::string_view finish();

  private:
    void raw(std::string_view text);
    void escaped(std::string_view value);  // in quotes, ASCII only, valid as JSON

    LineFormat format_;
    bool finished_ = false;
    size_t length_ = 0;
    std::array<char, kBytesMax> bytes_;
};

// One writer (a worker), one reader (the control thread). No lock, no allocation after
// construction; memory is touched as lines come.
class LogQueue {
  public:
    // `records`: lines that may wait, at least one.
    explicit LogQueue(size_t records = 256);
    // False: the queue was full, the line is dropped and counted.
    bool push(std::string_view line);
    // Calls write(line) for each waiting line; returns the number of lines dropped since last time.
    template <class Write>
    uint64_t drain(Write write) {
        size_t tail = tail_.load(std::memory_order_relaxed);
        const size_t head = head_.load(std::memory_order_acquire);
        for (; tail != head; ++tail) {
            const Record& record = records_[tail % count_];
            write(std::string_view(record.bytes.data(), record.length));
        }
        tail_.store(tail, std::memory_order_release);
        return dropped_.exchange(0, std::memory_order_relaxed);
    }

  private:
    struct Record {
        uint16_t length;
        std::array<char, LogLine::kBytesMax> bytes;
    };
    const size_t count_;
    const std::unique_ptr<Record[]> records_;
    std::atomic<size_t> head_{0};
    std::atomic<size_t> tail_{0};
    std::atomic<uint64_t> dropped_{0};
};

// Lets `burst` lines of a kind pass per second and counts the rest.
class LogThrottle {
  public:
    explicit LogThrottle(uint32_t burst = 10) : burst_(burst) {}
    // True: write the line; `suppressed` says how many were held back since the last one.
    bool pass(uint64_t now_ns, uint64_t& suppressed);

  private:
    uint32_t burst_;
    uint32_t passed_ = 0;
    uint64_t second_ = 0;
    uint64_t held_back_ = 0;
};

std::string_view text(Severity severity);

}  // namespace jumpgate
