#include "core/base/near_miss.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace jumpgate {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Wagner and Fischer: insertions, deletions and replacements that lead from `a` to `b`, without
// regard to case.
size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < a.size(); ++i) {
        size_t diagonal = std::exchange(row[0], i + 1);
        for (size_t j = 0; j < b.size(); ++j) {
            const size_t replaced = diagonal + (lower(a[i]) != lower(b[j]));
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

constexpr size_t kWordBytesMax = 128;  // the cost is the product of the lengths

}  // namespace

std::optional<std::string_view> near_miss(std::string_view word,
                                          std::span<const std::string_view> known) {
    if (known.empty() || word.size() > kWordBytesMax) return std::nullopt;
    const auto distance = [word](std::string_view other) { return edit_distance(word, other); };
    const std::string_view nearest = *std::ranges::min_element(known, {}, distance);
    if (distance(nearest) > std::max(word.size(), nearest.size()) / 2) return std::nullopt;
    return nearest;
}

}  // namespace jumpgate
