#include "loadgen/hdr_codec.h"

#include <zlib.h>

#include <bit>
#include <cstdint>
#include <optional>

#include "core/base/base64.h"
#include "core/base/check.h"

namespace jumpgate::load {

namespace {

// The 0x10 says that counts are ZigZag LEB128 words of up to 9 bytes.
constexpr uint32_t kCookie = 0x1C84'9303 | 0x10;
constexpr uint32_t kDeflatedCookie = 0x1C84'9304 | 0x10;
constexpr uint32_t kDigits = 3;
constexpr int64_t kCountMax = int64_t{1} << 48;  // so that no sum of them overflows
constexpr size_t kHeaderBytes = 40;
constexpr size_t kWordBytesMax = 9;
constexpr size_t kBytesMax = kHeaderBytes + Histogram::kCounts * kWordBytesMax;

// Big endian, as Java's ByteBuffer writes.
template <class T>
void append(std::string& out, T value) {
    for (size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

template <class T>
T read(std::string_view bytes, size_t at) {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>(value << 8 | static_cast<uint8_t>(bytes[at + i]));
    }
    return value;
}

// LEB128-64b9B: seven bits a byte, low ones first, and all eight of the ninth.
void append_word(std::string& out, int64_t number) {
    uint64_t word = static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
    for (size_t i = 1; i < kWordBytesMax && word > 0x7F; ++i) {
        out += static_cast<char>((word & 0x7F) | 0x80);
        word >>= 7;
    }
    out += static_cast<char>(word);
}

// Moves `at` behind the word. Nothing: the bytes end within it.
std::optional<int64_t> read_word(std::string_view bytes, size_t& at) {
    uint64_t word = 0;
    for (size_t i = 0; i < kWordBytesMax; ++i) {
        if (at == bytes.size()) return std::nullopt;
        const auto byte = static_cast<uint8_t>(bytes[at++]);
        const bool last = i + 1 == kWordBytesMax;
        word |= static_cast<uint64_t>(last ? byte : byte & 0x7F) << (7 * i);
        if (byte <= 0x7F || last) break;
    }
    return static_cast<int64_t>(word >> 1 ^ (0 - (word & 1)));
}

// Each count a word, each run of zeros one negative word, up to the highest value.
std::string counts_of(const Histogram& histogram) {
    std::string words;
    size_t next = 0;
    histogram.for_each_bucket([&](const Histogram::Bucket& bucket) {
        const size_t index = Histogram::index_of(bucket.lowest_us);
        const auto zeros = static_cast<int64_t>(index - next);
        if (zeros == 1) append_word(words, 0);
        if (zeros > 1) append_word(words, -zeros);
        append_word(words, static_cast<int64_t>(bucket.count));
        next = index + 1;
    });
    if (next == 0) append_word(words, 0);
    return words;
}

std::string deflated(const std::string& bytes) {
    uLongf length = compressBound(bytes.size());
    std::string out(length, '\0');
    const int code = compress2(reinterpret_cast<Bytef*>(out.data()), &length,
                               reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
                               Z_DEFAULT_COMPRESSION);
    CHECK(code == Z_OK);  // else there is no memory
    out.resize(length);
    return out;
}

std::optional<std::string> inflated(std::string_view bytes) {
    std::string out(kBytesMax, '\0');
    uLongf length = out.size();
    const int code =
        uncompress(reinterpret_cast<Bytef*>(out.data()), &length,
                   reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()));
    if (code != Z_OK) return std::nullopt;
    out.resize(length);
    return out;
}

// What is wrong with the header; nothing where all is well.
std::optional<Problem> judge_header(std::string_view bytes) {
    if (bytes.size() < kHeaderBytes || read<uint32_t>(bytes, 0) != kCookie) {
        return Problem{"is no HdrHistogram of encoding V2"};
    }
    // The normalizing offset (bytes 8 to 11) is skipped: hdr-histogram-js writes 1 and means 0.
    const auto digits = read<uint32_t>(bytes, 12);
    const auto unit = read<uint64_t>(bytes, 16);
    if (digits != kDigits || unit != 1) {
        return Problem{"has other buckets; allowed: 3 significant digits, unit 1"};
    }
    if (read<uint32_t>(bytes, 4) != bytes.size() - kHeaderBytes) {
        return Problem{"is longer or shorter than it says"};
    }
    return std::nullopt;
}

Parsed<Histogram> read_counts(std::string_view words) {
    Histogram histogram;
    uint64_t index = 0;
    for (size_t at = 0; at < words.size();) {
        const std::optional<int64_t> word = read_word(words, at);
        if (!word) return Problem{"ends within a count"};
        if (*word > kCountMax) return Problem{"holds a count that no run can have"};
        if (*word > 0) {
            if (index > Histogram::index_of(Histogram::kValueMaxUs)) {
                return Problem{"holds values above an hour"};
            }
            histogram.record_n(histogram.bucket(index).lowest_us, static_cast<uint64_t>(*word));
        }
        index += *word < 0 ? 0 - static_cast<uint64_t>(*word) : 1;
        if (index > Histogram::kCounts) return Problem{"holds more counts than fit"};
    }
    return histogram;
}

}  // namespace

std::string encode_hdr(const Histogram& histogram) {
    const std::string words = counts_of(histogram);
    std::string bytes;
    append(bytes, kCookie);
    append(bytes, static_cast<uint32_t>(words.size()));
    append(bytes, uint32_t{0});  // normalizing offset
    append(bytes, kDigits);
    append(bytes, uint64_t{1});  // the lowest value told from 0
    append(bytes, Histogram::kValueMaxUs);
    append(bytes, std::bit_cast<uint64_t>(1.0));  // integer to double
    const std::string body = deflated(bytes + words);
    std::string out;
    append(out, kDeflatedCookie);
    append(out, static_cast<uint32_t>(body.size()));
    return to_base64(out + body);
}

Parsed<Histogram> decode_hdr(std::string_view base64) {
    const std::optional<std::string> outer = from_base64(base64);
    if (!outer) return Problem{"is not base64"};
    if (outer->size() < 8 || read<uint32_t>(*outer, 0) != kDeflatedCookie ||
        read<uint32_t>(*outer, 4) > outer->size() - 8) {
        return Problem{"is no deflated HdrHistogram of encoding V2"};
    }
    const std::optional<std::string> bytes =
        inflated(std::string_view(*outer).substr(8, read<uint32_t>(*outer, 4)));
    if (!bytes) return Problem{"cannot be inflated"};
    if (std::optional<Problem> problem = judge_header(*bytes)) return *problem;
    return read_counts(std::string_view(*bytes).substr(kHeaderBytes));
}

}  // namespace jumpgate::load
