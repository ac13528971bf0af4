// TlsInputs: another digest for everything that makes another context, and the same for all else.
#include "core/proxy/tls_inputs.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace jumpgate {
namespace {

Objects sample() {
    Objects objects;
    SslConfig& ssl = objects.ssls.emplace_back();
    ssl.id = "1";
    ssl.pairs = {{{"certificate", ""}, {"key", ""}}, {{"", "b.crt"}, {"", "b.key"}}};
    ssl.snis = {"a.test", "b.test"};
    UpstreamConfig& secured = objects.upstreams.emplace_back();
    secured.id = "secured";
    secured.scheme_tls = true;
    secured.nodes = {{"127.0.0.1", 8883, 1}};
    UpstreamConfig& plain = objects.upstreams.emplace_back();
    plain.id = "plain";
    plain.nodes = {{"127.0.0.1", 1883, 1}};
    return objects;
}

using Change = std::function<void(Objects&)>;

TEST(TlsInputs, DifferByAllThatMakesAContext) {
    const std::vector<Change> changes = {
        [](Objects& o) { o.ssls[0].id = "2"; },
        [](Objects& o) { o.ssls[0].type = SslType::Client; },
        [](Objects& o) { o.ssls[0].enabled = false; },
        [](Objects& o) { o.ssls[0].client_depth = 2; },
        [](Objects& o) { o.ssls[0].min_version = TlsVersion::Tls13; },
        [](Objects& o) { o.ssls[0].max_version = TlsVersion::Tls12; },
        [](Objects& o) { o.ssls[0].pairs[0].key.text = "kez"; },
        [](Objects& o) { o.ssls[0].pairs[0].certificate.text = "certificatekey"; },
        [](Objects& o) {
            o.ssls[0].pairs[0] = {{"certificatek", ""}, {"ey", ""}};
        },
        [](Objects& o) { o.ssls[0].pairs[1].key.file = "c.key"; },
        [](Objects& o) { o.ssls[0].pairs.pop_back(); },
        [](Objects& o) { o.ssls[0].snis = {"a.testb.test"}; },
        [](Objects& o) { o.ssls[0].snis.pop_back(); },
        [](Objects& o) { o.ssls[0].client_ca.file = "ca.crt"; },
        [](Objects& o) { o.ssls[0].client_ca.text = "ca.crt"; },
        [](Objects& o) { o.ssls[0].client_crl.file = "ca.crt"; },
        [](Objects& o) { o.ssls.push_back(o.ssls[0]); },
        [](Objects& o) { o.upstreams[0].id = "other"; },
        [](Objects& o) { o.upstreams[0].scheme_tls = false; },
        [](Objects& o) { o.upstreams[0].tls.client_cert_id = "1"; },
        [](Objects& o) { o.upstreams[0].tls.identity.certificate.file = "ca.crt"; },
        [](Objects& o) { o.upstreams[0].tls.ca.file = "ca.crt"; },
        [](Objects& o) { o.upstreams[0].tls.verify = UpstreamVerify::Full; },
        [](Objects& o) { o.upstreams[1].nodes[0].tls = true; },
    };
    std::set<TlsInputs> seen = {tls_inputs(sample())};
    for (size_t i = 0; i < changes.size(); ++i) {
        Objects objects = sample();
        changes[i](objects);
        EXPECT_TRUE(seen.insert(tls_inputs(objects)).second) << i;
    }
}

TEST(TlsInputs, AreTheSameWhateverElseChanges) {
    const std::vector<Change> changes = {
        [](Objects& o) { o.upstreams[0].nodes[0].weight = 9; },
        [](Objects& o) { o.upstreams[1].id = "other"; },
        [](Objects& o) { o.upstreams.pop_back(); },
        [](Objects& o) { o.stream_routes.emplace_back().id = "r"; },
    };
    for (size_t i = 0; i < changes.size(); ++i) {
        Objects objects = sample();
        changes[i](objects);
        EXPECT_EQ(tls_inputs(objects), tls_inputs(sample())) << i;
    }
}

}  // namespace
}  // namespace jumpgate
