// After many random edits by the Admin API, routing is that of a fresh process that is given the
// resulting configuration: nothing depends on how it came to be.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/admin/api.h"
#include "tests/admin/catalog_fixture.h"
#include "tests/admin/random_edits.h"
#include "tests/admin/routed_control.h"
#include "tests/pki.h"

namespace jumpgate {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kEdits = 5'000;  // a sanitizer takes ten times as long, and sees all paths in these
#else
constexpr int kEdits = 100'000;
#endif
constexpr int kEditsBetweenLooks = 1'000;
constexpr int kClientsEachLook = 2'000;
constexpr int kClientsAtTheEnd = 20'000;

// An API over real snapshots, without a state directory.
class Proxy {
  public:
    HttpResponse ask(std::string_view method, std::string_view path, std::string_view body) {
        HttpRequest request;
        request.method = method;
        request.path = fmt::format("/apisix/admin/{}", path);
        request.body = body;
        request.headers = {{"X-Digest", fmt::format("edit {}", ++asked_)}};
        return api_.answer(request);
    }
    Value document() { return json(ask("GET", "configs", "").body); }
    RoutedControl& control() { return *control_; }
    Catalog& catalog() { return catalog_; }
    uint64_t fingerprint() { return control_->newest().routes.fingerprint(); }

  private:
    std::unique_ptr<RoutedControl> control_ = std::make_unique<RoutedControl>();
    Catalog catalog_{*control_, nullptr};
    EventLog log_{LineFormat::Text, Severity::Error, [](std::string_view) {}};
    Api api_{catalog_, *control_, log_, [](const Watch&) { return std::string(); }};
    uint64_t asked_ = 0;
};

EscapedPair escaped(const tls::Pair& pair) {
    const auto inside = [](const std::string& text) {
        const std::string quoted = to_json(make_text(text));
        return quoted.substr(1, quoted.size() - 2);
    };
    return {inside(pair.certificate.text), inside(pair.key.text)};
}

// GET never shows a key; who writes the configuration elsewhere has it.
void give_keys(Value& document, const std::string& key) {
    for (Value& ssl : document.find("ssls")->items) set(ssl, "key", make_text(key));
}

// Clients as each of the routes wants them, and others.
std::vector<SampleClient> clients_for(const RouteTable& routes, int count, uint64_t seed) {
    SampleClients clients(seed);
    std::vector<SampleClient> all;
    std::vector<RouteMatch> shapes(1);
    for (const char* prefix : {"flow-", "light-", "meter-"})
        shapes.emplace_back().client_id =
            std::get<TextMatch>(TextMatch::make(TextMatch::Kind::Prefix, prefix));
    for (const Route& route : routes.routes()) shapes.push_back(route.match);
    for (int i = 0; i < count; ++i)
        all.push_back(clients.next(shapes[static_cast<size_t>(i) % shapes.size()]));
    return all;
}

// What is served, in the order of trying, without slots: they are the history's.
std::vector<std::string> form_of(const Snapshot& snapshot) {
    std::vector<std::string> lines;
    for (const Route& route : snapshot.routes.routes())
        lines.push_back(fmt::format("{} if {} priority {} to {}", route.id, route.match.text(),
                                    route.priority,
                                    snapshot.routes.upstreams()[route.upstream].rule().id));
    const auto tried = static_cast<std::ptrdiff_t>(lines.size());
    for (size_t i = 0; i < snapshot.upstreams.size(); ++i) {
        const UpstreamPlan& plan = snapshot.upstreams[i];
        const Upstream& upstream = snapshot.routes.upstreams()[i];
        std::string line = fmt::format(
            "{} dials {} ms {} times, {} {} {} {} {}:", upstream.rule().id, plan.dial_timeout_ms,
            plan.dial_attempts_max, plan.fail_max, plan.timeouts_max, plan.fail_timeout_ms,
            static_cast<int>(plan.all_down), plan.context != nullptr);
        for (const Node& node : upstream.nodes()) {
            const Broker& broker = snapshot.brokers[node.slot];
            EXPECT_EQ(broker.name, node.name);
            EXPECT_EQ(broker.upstream, upstream.rule().id);
            EXPECT_EQ(broker.upstream_index, i);
            line += fmt::format(" {}x{}p{}", broker.name, broker.weight, broker.priority);
            line += fmt::format("{}{}{}s{}", broker.listed ? "" : "gone", broker.tls ? "tls" : "",
                                broker.check ? "checked" : "", broker.slow_start_s);
        }
        lines.push_back(std::move(line));
    }
    std::sort(lines.begin() + tried, lines.end());
    return lines;
}

// Slots are given back, and to nobody while somebody is there.
void expect_slots_in_order(RoutedControl& control) {
    const Snapshot& now = control.newest();
    EXPECT_LT(now.brokers.size(), 2'000U);
    EXPECT_LT(now.route_ids.size(), 200U);
    for (const auto& [slot, who] : control.settled) {
        EXPECT_EQ(now.brokers[slot].upstream, who.first) << "slot " << slot;
        EXPECT_EQ(now.brokers[slot].name, who.second) << "slot " << slot;
    }
    std::set<uint16_t> seen;
    for (const Upstream& upstream : now.routes.upstreams())
        for (const Node& node : upstream.nodes()) EXPECT_TRUE(seen.insert(node.slot).second);
}

// The clients that go elsewhere, the first few of them.
std::string moved(Snapshot& a, Snapshot& b, int count, uint64_t seed) {
    Asked first(a);
    Asked second(b);
    std::string all;
    for (const SampleClient& client : clients_for(a.routes, count, seed)) {
        const std::string here = first.about(client);
        const std::string there = second.about(client);
        if (here != there && all.size() < 1'000)
            all += fmt::format("{}: {}, and elsewhere {}\n", client.client_id, here, there);
    }
    return all;
}

void expect_same(Snapshot& edited, Snapshot& fresh, int count, uint64_t seed) {
    EXPECT_EQ(form_of(edited), form_of(fresh));
    EXPECT_EQ(edited.routes.fingerprint(), fresh.routes.fingerprint());
    EXPECT_EQ(moved(edited, fresh, count, seed), "");
}

class RandomEditsTest : public testing::Test {
  protected:
    void edit() {
        const Edit edit = edits_.next();
        const uint64_t before = proxy_.control().version();
        const HttpResponse answer = proxy_.ask(edit.method, edit.path, edit.body);
        ASSERT_TRUE(std::ranges::count(edit.allowed, answer.status) == 1)
            << edit.method << " " << edit.path << " " << edit.body << "\n"
            << answer.status << " " << answer.body;
        const bool taken = answer.status < 400;
        taken_ += taken ? 1 : 0;
        ASSERT_EQ(proxy_.control().version() - before, taken ? 1U : 0U);
        std::string id;
        if (edit.method == "POST") id = *id_in(*json(answer.body).find("value"));
        edits_.learn(answer.status, id);
        stir();
    }
    // Workers that lag behind, and clients that stay where they are.
    void stir() {
        Rng& rng = edits_.rng();
        if (proxy_.control().version() == 0) return;
        if (rng.below(50) == 0) proxy_.control().hold(rng.below(4));
        if (rng.below(20) == 0) proxy_.control().settle(rng);
        if (rng.below(1'000) == 0) proxy_.control().leave();
    }
    void look(int clients, uint64_t seed) {
        Value document = proxy_.document();
        EXPECT_EQ(document.find("stream_routes")->items.size(), edits_.routes().size());
        EXPECT_EQ(document.find("upstreams")->items.size(), edits_.upstreams());
        EXPECT_EQ(document.find("ssls")->items.size(), edits_.ssls());
        give_keys(document, pair_.key.text);
        Snapshot& edited = proxy_.control().newest();

        Proxy by_api;
        const HttpResponse put = by_api.ask("PUT", "configs", to_json(document));
        ASSERT_EQ(put.status, 202U) << put.body;
        EXPECT_EQ(text_of(by_api.catalog().objects()), text_of(proxy_.catalog().objects()));
        expect_same(edited, by_api.control().newest(), clients, seed);

        RoutedControl by_file;
        const Parsed<Applied> applied =
            by_file.apply(files_of(to_json(document)).objects, ReadFiles::Again);
        ASSERT_TRUE(std::holds_alternative<Applied>(applied)) << std::get<Problem>(applied).text;
        expect_same(edited, by_file.newest(), clients, seed);
        expect_slots_in_order(proxy_.control());
    }

    tls::Pair pair_ = pki_pair("server");
    RandomEdits edits_{20'261'123, escaped(pair_)};
    Proxy proxy_;
    int taken_ = 0;
};

TEST_F(RandomEditsTest, RoutesAsAFreshProcessDoesThatIsGivenTheResult) {
    for (int i = 1; i <= kEdits; ++i) {
        ASSERT_NO_FATAL_FAILURE(edit()) << "edit " << i;
        if (i % kEditsBetweenLooks == 0) {
            ASSERT_NO_FATAL_FAILURE(look(kClientsEachLook, static_cast<uint64_t>(i)));
            ASSERT_FALSE(HasFailure()) << "after edit " << i;
        }
    }
    ASSERT_NO_FATAL_FAILURE(look(kClientsAtTheEnd, 1));
    EXPECT_GT(taken_, kEdits / 2);
    EXPECT_LT(taken_, kEdits);
    RecordProperty("edits_taken", taken_);
}

}  // namespace
}  // namespace jumpgate
