// Ranges: a set of sequence numbers, kept as disjoint ascending half-open ranges.
//
// Law: exact. Memory grows with the number of holes, which is what loss produces, never with the
// number of messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace jumpgate::load {

class Ranges {
  public:
    // Adds [from, to); cheapest at the end.
    void add(uint64_t from, uint64_t to);
    void add(const Ranges& other);
    // Takes one number out; false where it is not in the set.
    bool take(uint64_t number);

    uint64_t size() const;
    size_t pieces() const { return ranges_.size(); }
    // Where the unbroken run of numbers begins that ends with number - 1; `number` where that one
    // is not in the set.
    uint64_t run_before(uint64_t number) const;
    // The numbers that are in both.
    uint64_t overlap(const Ranges& other) const;
    Ranges without(const Ranges& other) const;

  private:
    struct Range {
        uint64_t from;
        uint64_t to;
    };
    std::vector<Range> ranges_;
};

}  // namespace jumpgate::load
