#include "loadgen/hdr_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/base64.h"
#include "core/base/rng.h"

namespace jumpgate::load {
namespace {

struct Value {
    uint64_t us;
    uint64_t times;
};

Histogram histogram_of(const std::vector<Value>& values) {
    Histogram histogram;
    for (const Value& value : values) histogram.record_n(value.us, value.times);
    return histogram;
}

void expect_same_counts(const Histogram& actual, const Histogram& expected) {
    std::vector<std::pair<uint64_t, uint64_t>> lists[2];
    for (int i = 0; i < 2; ++i) {
        (i == 0 ? actual : expected).for_each_bucket([&](const Histogram::Bucket& bucket) {
            lists[i].emplace_back(bucket.lowest_us, bucket.count);
        });
    }
    EXPECT_EQ(lists[0], lists[1]);
}

Histogram decoded(std::string_view base64) {
    Parsed<Histogram> parsed = decode_hdr(base64);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) {
        ADD_FAILURE() << base64 << " " << problem->text;
        return {};
    }
    return std::move(std::get<Histogram>(parsed));
}

TEST(HdrCodec, ReadsBackEveryCount) {
    Rng rng(7);
    expect_same_counts(decoded(encode_hdr(Histogram())), Histogram());
    for (int round = 0; round < 50; ++round) {
        Histogram histogram;
        for (uint64_t i = 0; i < 1 + rng.below(300); ++i) {
            const auto value = static_cast<uint64_t>(std::exp2(rng.fraction() * 31.7));
            histogram.record_n(value, 1 + rng.below(uint64_t{1} << rng.below(48)));
        }
        expect_same_counts(decoded(encode_hdr(histogram)), histogram);
    }
}

// What hdr-histogram-js 3.0.1 wrote for these values (tests/loadgen/hdr/ asks it for more).
TEST(HdrCodec, ReadsWhatAnotherLibraryWrote) {
    expect_same_counts(decoded("HISTFAAAAB54nJNpmSzMwMDACMXMDBAAYjNcm7yEAc4HAEvsA1s="), {});
    expect_same_counts(decoded("HISTFAAAADR4nJNpmSzMwMAgyMDAwMjAwMDMAAEgNsO1yUsY4Hwmtu/"
                               "yTFz7+xgfHOVYvIeRBQCw+Qj0"),
                       histogram_of({{1, 1},
                                     {2, 3},
                                     {2'047, 1},
                                     {2'048, 5},
                                     {1'000'000, 70'000},
                                     {Histogram::kValueMaxUs, 2}}));
    expect_same_counts(
        decoded("HISTFAAAACp4nJNpmSzMwMDAxsDAwMjAwMDMAAEgNsO1yUsYYHzOhhPrF6gCAGa+BiU="),
        histogram_of({{5, 5'000'000'000}}));
}

TEST(HdrCodec, RefusesWhatIsCutOrBroken) {
    const std::string whole = encode_hdr(histogram_of({{1, 1}, {70'000, 3}, {1'000'000, 9}}));
    const std::string bytes = *from_base64(whole);
    for (size_t length = 0; length < bytes.size(); ++length) {
        const Parsed<Histogram> parsed = decode_hdr(to_base64(bytes.substr(0, length)));
        EXPECT_TRUE(std::holds_alternative<Problem>(parsed)) << length;
    }
    const Histogram original = decoded(whole);
    size_t refused = 0;
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string broken = bytes;
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << bit % 8);
        Parsed<Histogram> parsed = decode_hdr(to_base64(broken));
        // Adler-32 sees any change but those of deflate's own padding.
        if (std::holds_alternative<Problem>(parsed)) {
            ++refused;
        } else {
            expect_same_counts(std::get<Histogram>(parsed), original);
        }
    }
    EXPECT_GT(refused, bytes.size() * 8 - 16);
    EXPECT_TRUE(std::holds_alternative<Problem>(decode_hdr("not base64!")));
}

// hdr-histogram-js 3.0.1 again: 2 significant digits, and 3 with the unit 1,000.
TEST(HdrCodec, RefusesOtherBuckets) {
    for (const char* base64 : {"HISTFAAAACF4nJNpmSzMwMDAxMDAwAilGaBshmuTlzDA+LxMAE9rA2o=",
                               "HISTFAAAACR4nJNpmSzMwMDAzMDAwAilQdQLEHlt8hIGKGCUZGIAAGWEBGI="}) {
        const Parsed<Histogram> parsed = decode_hdr(base64);
        ASSERT_TRUE(std::holds_alternative<Problem>(parsed));
        EXPECT_NE(std::get<Problem>(parsed).text.find("other buckets"), std::string::npos);
    }
}

}  // namespace
}  // namespace jumpgate::load
