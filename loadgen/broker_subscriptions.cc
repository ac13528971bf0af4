#include "loadgen/broker_subscriptions.h"

#include <algorithm>
#include <optional>

#include "mqtt/topic.h"

namespace jumpgate::broker {

bool too_deep(std::string_view topic) {
    return static_cast<size_t>(std::ranges::count(topic, '/')) >= kTopicLevelsMax;
}

std::string_view take_level(std::string_view& rest, bool& last) {
    const size_t slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    last = slash == rest.npos;
    rest.remove_prefix(last ? rest.size() : slash + 1);
    return level;
}

static bool has_wildcard(std::string_view filter) {
    return filter.find_first_of("+#") != filter.npos;
}

// ---- Changing ----------------------------------------------------------------------------------

bool Subscriptions::insert(std::vector<Entry>& entries, const Entry& entry) {
    for (Entry& present : entries) {
        if (present.subscriber != entry.subscriber) continue;
        present = entry;
        return false;
    }
    entries.push_back(entry);
    return true;
}

bool Subscriptions::insert(Leaf& leaf, std::string_view group, const Entry& entry) {
    if (group.empty()) return insert(leaf.direct, entry);
    if (!leaf.groups) leaf.groups = std::make_unique<std::vector<Group>>();
    auto found = std::ranges::find(*leaf.groups, group, &Group::name);
    if (found == leaf.groups->end()) {
        leaf.groups->push_back({std::string(group), {}, 0});
        found = leaf.groups->end() - 1;
    }
    return insert(found->members, entry);
}

bool Subscriptions::erase(std::vector<Entry>& entries, const Subscriber& subscriber) {
    return std::erase_if(entries,
                         [&](const Entry& entry) { return entry.subscriber == &subscriber; }) > 0;
}

bool Subscriptions::erase(Leaf& leaf, std::string_view group, const Subscriber& subscriber) {
    if (group.empty()) return erase(leaf.direct, subscriber);
    if (!leaf.groups) return false;
    const auto found = std::ranges::find(*leaf.groups, group, &Group::name);
    if (found == leaf.groups->end() || !erase(found->members, subscriber)) return false;
    if (found->members.empty()) leaf.groups->erase(found);
    if (leaf.groups->empty()) leaf.groups.reset();
    return true;
}

// Removes from the branch `rest` of `node`, and cuts off what is then empty.
bool Subscriptions::erase(Node& node, std::string_view rest, bool last, std::string_view group,
                          const Subscriber& subscriber) {
    if (last) return erase(node.here, group, subscriber);
    const std::string_view level = take_level(rest, last);
    if (level == "#") return erase(node.below, group, subscriber);
    if (level == "+") {
        if (!node.plus || !erase(*node.plus, rest, last, group, subscriber)) return false;
        if (node.plus->empty()) node.plus.reset();
        return true;
    }
    const auto child = node.levels.find(level);
    if (child == node.levels.end()) return false;
    if (!erase(*child->second, rest, last, group, subscriber)) return false;
    if (child->second->empty()) node.levels.erase(child);
    return true;
}

// Makes the branch where it does not exist yet.
Subscriptions::Leaf& Subscriptions::leaf_of(std::string_view filter) {
    if (!has_wildcard(filter)) return exact_.try_emplace(std::string(filter)).first->second;
    Node* node = &root_;
    for (bool last = false; !last;) {
        const std::string_view level = take_level(filter, last);
        if (level == "#") return node->below;
        std::unique_ptr<Node>& child =
            level == "+" ? node->plus : node->levels.try_emplace(std::string(level)).first->second;
        if (!child) child = std::make_unique<Node>();
        node = child.get();
    }
    return node->here;
}

bool Subscriptions::add(std::string_view filter, Subscriber& subscriber,
                        const SubscribeOptions& options) {
    const std::optional<mqtt::SharedFilter> shared = mqtt::split_shared(filter);
    Leaf& leaf = leaf_of(shared ? shared->filter : filter);
    const bool added = insert(leaf, shared ? shared->group : "", {&subscriber, options});
    if (added) ++size_;
    return added;
}

bool Subscriptions::remove(std::string_view filter, Subscriber& subscriber) {
    const std::optional<mqtt::SharedFilter> shared = mqtt::split_shared(filter);
    const std::string_view plain = shared ? shared->filter : filter;
    const std::string_view group = shared ? shared->group : "";
    bool removed = false;
    if (has_wildcard(plain)) {
        removed = erase(root_, plain, false, group, subscriber);
    } else if (const auto found = exact_.find(plain); found != exact_.end()) {
        removed = erase(found->second, group, subscriber);
        if (found->second.empty()) exact_.erase(found);
    }
    if (removed) --size_;
    return removed;
}

// ---- Matching ----------------------------------------------------------------------------------

void Subscriptions::match(std::string_view topic, const Subscriber* publisher,
                          std::vector<Match>& matches) {
    ++round_;
    publisher_ = publisher;
    matches_ = &matches;
    if (const auto found = exact_.find(topic); found != exact_.end()) collect(found->second);
    // A leading wildcard does not cover $SYS and its like (MQTT-4.7.2-1).
    if (!root_.empty()) walk(root_, topic, false, !topic.starts_with('$'));
}

// `#` covers its parent level as well: "sport/#" matches "sport" (4.7.1.2).
void Subscriptions::walk(Node& node, std::string_view rest, bool last, bool wildcards) {
    if (wildcards && !node.below.empty()) collect(node.below);
    if (last) return collect(node.here);
    const std::string_view level = take_level(rest, last);
    if (const auto child = node.levels.find(level); child != node.levels.end()) {
        walk(*child->second, rest, last, true);
    }
    if (wildcards && node.plus) walk(*node.plus, rest, last, true);
}

void Subscriptions::collect(Leaf& leaf) {
    for (const Entry& entry : leaf.direct) {
        // No Local: not back to the one who published it (MQTT-3.8.3-3).
        if (entry.options.no_local && entry.subscriber == publisher_) continue;
        collect(entry, false);
    }
    if (!leaf.groups) return;
    for (Group& group : *leaf.groups) {
        // In turn; those who are away are passed over while anyone is there.
        size_t chosen = group.next % group.members.size();
        for (size_t i = 0; i < group.members.size(); ++i) {
            const size_t candidate = (group.next + i) % group.members.size();
            if (!group.members[candidate].subscriber->online) continue;
            chosen = candidate;
            break;
        }
        group.next = chosen + 1;
        collect(group.members[chosen], true);
    }
}

// A subscriber remembers the round and the place of its copy, which finds overlaps in O(1).
void Subscriptions::collect(const Entry& entry, bool shared) {
    Subscriber& to = *entry.subscriber;
    const SubscribeOptions& options = entry.options;
    const bool own_copy = shared || options.id != 0;
    if (!own_copy && to.match_round == round_) {
        Match& copy = (*matches_)[to.match_index];
        copy.qos = std::max(copy.qos, options.qos);
        copy.retain_as_published |= options.retain_as_published;
        return;
    }
    if (!own_copy) {
        to.match_round = round_;
        to.match_index = static_cast<uint32_t>(matches_->size());
    }
    matches_->push_back({&to, options.id, options.qos, options.retain_as_published});
}

}  // namespace jumpgate::broker
