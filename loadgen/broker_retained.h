// Retained: the last retained message of each topic (3.1.1 and 5: 3.3.1.3).
//
// Law: at most `limit` messages; a tree of levels, so that a filter visits only what it matches.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "loadgen/broker_message.h"
#include "loadgen/broker_subscriptions.h"

namespace jumpgate::broker {

class Retained {
  public:
    explicit Retained(size_t limit) : limit_(limit) {}

    // False: the store is full and the topic is new.
    bool set(MessageRef message);
    void clear(std::string_view topic);
    // All messages whose topic `filter` (valid, not shared) matches.
    std::vector<MessageRef> match(std::string_view filter) const;
    size_t size() const { return size_; }

  private:
    struct Node {
        TextMap<std::unique_ptr<Node>> levels;
        MessageRef message;
    };
    static bool erase(Node& node, std::string_view rest, bool last);
    static void collect(const Node& node, std::string_view rest, bool last, bool top,
                        std::vector<MessageRef>& out);
    static void collect_all(const Node& node, bool top, std::vector<MessageRef>& out);

    Node root_;
    size_t size_ = 0;
    size_t limit_;
};

}  // namespace jumpgate::broker
