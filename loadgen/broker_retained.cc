#include "loadgen/broker_retained.h"

#include <utility>

namespace jumpgate::broker {

bool Retained::set(MessageRef message) {
    std::string_view rest = message->view().topic;
    if (size_ == limit_ && match(rest).empty()) return false;
    Node* node = &root_;
    for (bool last = false; !last;) {
        const std::string_view level = take_level(rest, last);
        std::unique_ptr<Node>& child = node->levels.try_emplace(std::string(level)).first->second;
        if (!child) child = std::make_unique<Node>();
        node = child.get();
    }
    if (!node->message) ++size_;
    node->message = std::move(message);
    return true;
}

void Retained::clear(std::string_view topic) {
    if (erase(root_, topic, false)) --size_;
}

// Takes the branches that are then empty with it. Recursion is bounded by kTopicLevelsMax.
bool Retained::erase(Node& node, std::string_view rest, bool last) {
    if (last) {
        const bool present = static_cast<bool>(node.message);
        node.message = {};
        return present;
    }
    const auto child = node.levels.find(take_level(rest, last));
    if (child == node.levels.end() || !erase(*child->second, rest, last)) return false;
    if (child->second->levels.empty() && !child->second->message) node.levels.erase(child);
    return true;
}

std::vector<MessageRef> Retained::match(std::string_view filter) const {
    std::vector<MessageRef> out;
    collect(root_, filter, false, true, out);
    return out;
}

// A wildcard at the top does not cover topics that start with `$` (MQTT-4.7.2-1).
void Retained::collect(const Node& node, std::string_view rest, bool last, bool top,
                       std::vector<MessageRef>& out) {
    if (last) {
        if (node.message) out.push_back(node.message);
        return;
    }
    const std::string_view level = take_level(rest, last);
    if (level == "#") return collect_all(node, top, out);
    if (level != "+") {
        const auto child = node.levels.find(level);
        if (child != node.levels.end()) collect(*child->second, rest, last, false, out);
        return;
    }
    for (const auto& [name, child] : node.levels) {
        if (!top || !name.starts_with('$')) collect(*child, rest, last, false, out);
    }
}

void Retained::collect_all(const Node& node, bool top, std::vector<MessageRef>& out) {
    if (node.message) out.push_back(node.message);
    for (const auto& [name, child] : node.levels) {
        if (!top || !name.starts_with('$')) collect_all(*child, false, out);
    }
}

}  // namespace jumpgate::broker
