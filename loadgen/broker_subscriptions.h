// Subscriptions: who wants which topic.
//
// Law: filters without wildcards live in one hash table, so that a publish to a plain topic costs
// one look-up; filters with `+` or `#` live in a tree of levels that is walked only along what
// matches. A subscriber whose filters overlap gets one copy at the highest QoS, and one more for
// each filter with a subscription identifier (MQTT-3.3.5-1, MQTT-3.3.4-4).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace jumpgate::broker {

// Lets a map of strings be searched with a view.
struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// More levels than that are refused, in names and in filters: the walks recurse once per level.
inline constexpr size_t kTopicLevelsMax = 200;
bool too_deep(std::string_view topic);

// Takes the first level off `rest`; `last` says that nothing follows, not even an empty level.
std::string_view take_level(std::string_view& rest, bool& last);

// What a subscriber must be for the tree; a Session is one.
struct Subscriber {
    bool online = false;
    uint32_t match_index = 0;  // where its copy is, while
    uint64_t match_round = 0;  // this is the tree's round
};

struct SubscribeOptions {
    uint32_t id = 0;  // MQTT 5 subscription identifier; 0: none
    uint8_t qos = 0;
    bool no_local = false;
    bool retain_as_published = false;
    uint8_t retain_handling = 0;  // MQTT 5, 3.8.3.1
};

struct Match {
    Subscriber* to = nullptr;
    uint32_t id = 0;
    uint8_t qos = 0;
    bool retain_as_published = false;
};

class Subscriptions {
  public:
    // `filter` is valid and may start with "$share/". False: it replaces one of this subscriber.
    bool add(std::string_view filter, Subscriber& subscriber, const SubscribeOptions& options);
    // False: there was none.
    bool remove(std::string_view filter, Subscriber& subscriber);
    // Lists the copies that a message to `topic` makes. `publisher` may be nullptr.
    void match(std::string_view topic, const Subscriber* publisher, std::vector<Match>& matches);
    size_t size() const { return size_; }

  private:
    struct Entry {
        Subscriber* subscriber = nullptr;
        SubscribeOptions options;
    };
    struct Group {
        std::string name;
        std::vector<Entry> members;
        size_t next = 0;
    };
    // All that subscribe to one filter.
    struct Leaf {
        std::vector<Entry> direct;
        std::unique_ptr<std::vector<Group>> groups;  // of shared subscriptions; mostly none
        bool empty() const { return direct.empty() && !groups; }
    };
    struct Node {
        TextMap<std::unique_ptr<Node>> levels;
        std::unique_ptr<Node> plus;
        Leaf here;   // filters that end at this level
        Leaf below;  // filters that end with # under it
        bool empty() const { return levels.empty() && !plus && here.empty() && below.empty(); }
    };

    static bool insert(std::vector<Entry>& entries, const Entry& entry);
    static bool insert(Leaf& leaf, std::string_view group, const Entry& entry);
    static bool erase(std::vector<Entry>& entries, const Subscriber& subscriber);
    static bool erase(Leaf& leaf, std::string_view group, const Subscriber& subscriber);
    static bool erase(Node& node, std::string_view rest, bool last, std::string_view group,
                      const Subscriber& subscriber);
    Leaf& leaf_of(std::string_view filter);
    void walk(Node& node, std::string_view rest, bool last, bool wildcards);
    void collect(Leaf& leaf);
    void collect(const Entry& entry, bool shared);

    TextMap<Leaf> exact_;
    Node root_;
    size_t size_ = 0;
    // The match that is under way.
    uint64_t round_ = 0;
    const Subscriber* publisher_ = nullptr;
    std::vector<Match>* matches_ = nullptr;
};

}  // namespace jumpgate::broker
