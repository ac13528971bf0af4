// Clients over TLS against a broker that does exactly what a test says.
#include <gtest/gtest.h>

#include <set>

#include "tests/loadgen/scripted_broker.h"
#include "tests/loadgen/tls_pki.h"

namespace jumpgate::load {
namespace {

// The flags of `count` clients that trust the test CA, and `more`.
std::vector<const char*> flags(std::vector<const char*> more = {}, const char* count = "1") {
    static const std::string ca = pki_path("ca.crt");
    std::vector<const char*> all = {"-c", count, "-V", "4", "-S", "--cacertfile", ca.c_str()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

// One client of `jumpload conn` against `script`; its records.
Recorder connect_once(tls::ServerContextRef context, ScriptedBroker::Script script,
                      std::vector<const char*> more = {}) {
    ScriptedBroker broker(1, std::move(script), std::move(context));
    CrewRun run(Mode::Conn, broker.port(), flags(std::move(more)));
    run.start();
    return run.finish();
}

void expect_failure(const Recorder& recorder, Cause cause) {
    EXPECT_EQ(recorder[Count::Connected], 0U);
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const Cause each = static_cast<Cause>(i);
        EXPECT_EQ(recorder.setup_failures(each), each == cause ? 1U : 0U)
            << word(each) << ", not " << word(cause);
    }
}

// Of a client that does not come as far as a CONNECT.
const ScriptedBroker::Script kHearsNothing = [](Peer& peer, int) {
    EXPECT_TRUE(peer.receive().empty());
};

TEST(Secure, SaysWhereTheTimeWentAndClosesInGoodOrder) {
    bool ended_cleanly = false;
    const Recorder recorder = connect_once(pki_server(), [&](Peer& peer, int) {
        peer.accept_session(false);
        EXPECT_EQ(peer.receive(), (std::vector<uint8_t>{0xE0, 0}));
        EXPECT_TRUE(peer.receive().empty());
        ended_cleanly = peer.ended_cleanly();
    });
    EXPECT_EQ(recorder[Count::Connected], 1U);
    EXPECT_EQ(recorder[Count::ConnectionsLost], 0U);
    EXPECT_EQ(recorder[Count::TlsFull], 1U);
    EXPECT_EQ(recorder[Count::TlsResumed], 0U);
    EXPECT_EQ(recorder[Count::TlsOffered], 0U);
    for (const Histogram* times :
         {&recorder.connect, &recorder.tcp, &recorder.tls_full, &recorder.connack}) {
        EXPECT_EQ(times->count(), 1U);
    }
    EXPECT_LE(recorder.tls_full.max_us(), recorder.connect.max_us());
    EXPECT_TRUE(ended_cleanly);
}

TEST(Secure, TakesAHandshakeAndAConnackInSingleBytes) {
    for (const char* version : {"1.2", "1.3"}) {
        ScriptedBroker broker(1, [](Peer& peer, int) {
            peer.become_tls(pki_server());
            peer.dribble();
            EXPECT_TRUE(peer.shake_hands());
            peer.accept_session(false);
            peer.receive();
        });
        CrewRun run(Mode::Conn, broker.port(), flags({"--tls-version", version}));
        run.start();
        const Recorder& recorder = run.finish();
        EXPECT_EQ(recorder[Count::Connected], 1U);
        EXPECT_EQ(recorder[Count::Tls13], version == std::string("1.3") ? 1U : 0U);
        EXPECT_EQ(recorder[Count::Tls12], version == std::string("1.2") ? 1U : 0U);
    }
}

TEST(Secure, TellsNothingToABrokerThatIsNotVerified) {
    struct Case {
        const char* certificate;
        Cause cause;
    };
    const std::vector<Case> cases = {
        {"expired-server", Cause::Expired}, {"future-server", Cause::NotYetValid},
        {"other-server", Cause::UnknownCa}, {"wrong-host", Cause::WrongName},
        {"client", Cause::BadCertificate},
    };
    for (const char* version : {"1.2", "1.3"}) {
        for (const Case& each : cases) {
            SCOPED_TRACE(each.certificate);
            const Recorder recorder =
                connect_once(pki_server(each.certificate), kHearsNothing,
                             {"-u", "me", "-P", "secret", "--tls-version", version});
            expect_failure(recorder, each.cause);
            EXPECT_EQ(recorder.connack.count(), 0U);
        }
    }
}

TEST(Secure, TakesAnybodyWhereTheUserSaysSo) {
    ScriptedBroker broker(
        1,
        [](Peer& peer, int) {
            peer.accept_session(false);
            peer.receive();
        },
        pki_server("other-server"));
    CrewRun run(Mode::Conn, broker.port(), {"-c", "1", "-V", "4", "-S", "--no-verify"});
    run.start();
    EXPECT_EQ(run.finish()[Count::Connected], 1U);
}

TEST(Secure, AsksForTheNameItIsTold) {
    std::string asked;
    const auto script = [&](Peer& peer, int) {
        asked = peer.engine()->server_name();
        peer.receive();
        peer.send({0x20, 2, 0, 0});
        peer.receive();
    };
    const Recorder recorder =
        connect_once(pki_server("wrong-host"), script, {"--sni", "elsewhere.example.test"});
    EXPECT_EQ(recorder[Count::Connected], 1U);
    EXPECT_EQ(asked, "elsewhere.example.test");
}

TEST(Secure, ShowsEachClientsOwnCertificate) {
    const std::string certificate = pki_path("clients/%i.crt");
    const std::string key = pki_path("clients/%i.key");
    std::set<std::string> names;
    ScriptedBroker broker(
        3,
        [&](Peer& peer, int) {
            const tls::Identity* identity = peer.engine()->identity();
            if (identity != nullptr) names.insert(identity->common_name);
            peer.accept_session(false);
        },
        strict_pki_server());
    CrewRun run(Mode::Conn, broker.port(),
                flags({"--certfile", certificate.c_str(), "--keyfile", key.c_str()}, "3"));
    run.start();
    EXPECT_EQ(run.finish()[Count::Connected], 3U);
    broker.join();
    EXPECT_EQ(names, (std::set<std::string>{"client-0", "client-1", "client-2"}));
}

TEST(Secure, CountsARefusalUnderItsAlert) {
    tls::ServerOptions old;
    old.max_version = tls::Version::Tls12;
    const auto nothing = [](Peer& peer, int) { peer.receive(); };
    const Recorder v13 = connect_once(strict_pki_server(), nothing);
    expect_failure(v13, Cause::TlsAlert);
    EXPECT_EQ(v13.alerts(116), 1U);  // certificate_required
    const Recorder v12 = connect_once(strict_pki_server(old), nothing);
    expect_failure(v12, Cause::TlsAlert);
    EXPECT_EQ(v12.alerts(40) + v12.alerts(42), 1U);  // handshake_failure, bad_certificate
    const Recorder version =
        connect_once(pki_server("server", old), nothing, {"--tls-version", "1.3"});
    expect_failure(version, Cause::TlsVersion);
}

TEST(Secure, TellsBrokersWithoutTlsApart) {
    const auto answer = [](std::vector<uint8_t> bytes) {
        return [bytes](Peer& peer, int) {
            peer.receive_some();
            if (!bytes.empty()) peer.send(bytes);
        };
    };
    expect_failure(connect_once(nullptr, answer({'H', 'T', 'T', 'P', '/', '1', '.', '1'})),
                   Cause::NotTls);
    expect_failure(connect_once(nullptr, answer({0x20, 2, 0, 1, 0, 0})), Cause::NotTls);
    expect_failure(connect_once(nullptr, answer({})), Cause::HandshakeCut);
    expect_failure(connect_once(nullptr,
                                [](Peer& peer, int) {
                                    peer.receive_some();
                                    peer.receive_some();  // silent until the client gives up
                                },
                                {"--connect-timeout-ms", "200"}),
                   Cause::TlsTimeout);
}

TEST(Secure, AVerifiedBrokerCanStillBeSilent) {
    expect_failure(connect_once(pki_server(),
                                [](Peer& peer, int) {
                                    peer.receive();
                                    EXPECT_TRUE(peer.receive().empty());
                                },
                                {"--connect-timeout-ms", "1000"}),
                   Cause::Timeout);
}

TEST(Secure, TellsAnEndFromACut) {
    struct Case {
        const char* words;
        std::function<void(Peer&)> last;
        Cause cause;
    };
    const std::vector<Case> cases = {
        {"close_notify", [](Peer& peer) { peer.say_close(); }, Cause::Closed},
        {"FIN alone", [](Peer&) {}, Cause::Truncated},
        {"half a record",
         [](Peer& peer) {
             peer.send_raw({0x17, 3, 3, 0, 40, 1, 2, 3});
         },
         Cause::Truncated},
        {"a forged record",
         [](Peer& peer) {
             std::vector<uint8_t> forged(45, 0x5A);
             std::ranges::copy(std::initializer_list<uint8_t>{0x17, 3, 3, 0, 40}, forged.begin());
             peer.send_raw(forged);
         },
         Cause::BadRecord},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.words);
        ScriptedBroker broker(
            1,
            [&each](Peer& peer, int) {
                peer.accept_session(false);
                each.last(peer);
            },
            pki_server());
        CrewRun run(Mode::Conn, broker.port(), flags());
        run.start();
        run.wait_for(Count::ConnectionsLost, 1);
        const Recorder& recorder = run.finish();
        EXPECT_EQ(recorder.connections_lost(each.cause), 1U) << word(each.cause);
    }
}

TEST(Secure, CarriesMessagesOfManyRecords) {
    for (const char* version : {"1.2", "1.3"}) {
        size_t payload_bytes = 0;
        ScriptedBroker broker(
            1,
            [&](Peer& peer, int) {
                peer.accept_session(false);
                while (true) {
                    const std::vector<uint8_t> packet = peer.receive();
                    if (packet.empty() || packet[0] != 0x32) return;
                    const mqtt::Framed framed = mqtt::next_packet(packet);
                    const auto publish = mqtt::parse_publish(std::get<mqtt::Packet>(framed), 4);
                    const auto& view = std::get<mqtt::PublishView>(publish);
                    payload_bytes += view.payload.size();
                    peer.send({0x40, 2, static_cast<uint8_t>(view.packet_id >> 8),
                               static_cast<uint8_t>(view.packet_id)});
                }
            },
            pki_server());
        CrewRun run(
            Mode::Pub, broker.port(),
            flags({"-t", "t", "-q", "1", "-s", "100000", "-I", "10", "--tls-version", version}));
        run.start(100 * kNanosPerMilli);
        const Recorder& recorder = run.join();
        EXPECT_EQ(recorder[Count::Sent], 10U);
        EXPECT_EQ(recorder[Count::Acknowledged], 10U);
        broker.join();
        EXPECT_EQ(payload_bytes, 10U * 100'000U);
        EXPECT_GT(recorder[Count::BytesSent], 10U * 100'000U);
    }
}

TEST(Secure, AnswersAPingOverTls) {
    ScriptedBroker broker(
        1,
        [](Peer& peer, int) {
            peer.accept_session(false);
            EXPECT_EQ(peer.receive(), (std::vector<uint8_t>{0xC0, 0}));
            peer.send({0xD0, 0});
            EXPECT_EQ(peer.receive_first_byte(), 0xE0);
        },
        pki_server());
    CrewRun run(Mode::Conn, broker.port(), flags({"-k", "0", "--ping-all-at-end"}));
    run.start();
    EXPECT_EQ(run.finish()[Count::PingsAnswered], 1U);
}

TEST(Secure, ResumesWhereItIsAskedTo) {
    for (const char* version : {"1.2", "1.3"}) {
        for (const char* percent : {"0", "100"}) {
            std::vector<bool> resumed;
            ScriptedBroker broker(
                3,
                [&](Peer& peer, int number) {
                    resumed.push_back(peer.engine()->resumed());
                    peer.accept_session(false);
                    if (number == 2) peer.receive();
                },
                pki_server());
            CrewRun run(Mode::Conn, broker.port(),
                        flags({"--tls-version", version, "--tls-resume", percent, "--reconnect",
                               "--reconnect-min-ms", "1"}));
            run.start();
            run.wait_for(Count::Reconnects, 2);
            const Recorder& recorder = run.finish();
            const bool asked = percent == std::string("100");
            broker.join();
            EXPECT_EQ(resumed, (std::vector<bool>{false, asked, asked}));
            EXPECT_EQ(recorder[Count::TlsFull], asked ? 1U : 3U);
            EXPECT_EQ(recorder[Count::TlsResumed], asked ? 2U : 0U);
            EXPECT_EQ(recorder[Count::TlsOffered], asked ? 2U : 0U);
            EXPECT_EQ(recorder.tls_resumed.count(), asked ? 2U : 0U);
        }
    }
}

TEST(Secure, ASessionThatIsNotTakenIsAFullHandshake) {
    // Each connection meets other ticket keys.
    ScriptedBroker broker(2, [](Peer& peer, int number) {
        peer.become_tls(pki_server());
        EXPECT_TRUE(peer.shake_hands());
        EXPECT_FALSE(peer.engine()->resumed());
        peer.accept_session(false);
        if (number == 1) peer.receive();
    });
    CrewRun run(Mode::Conn, broker.port(),
                flags({"--tls-resume", "100", "--reconnect", "--reconnect-min-ms", "1"}));
    run.start();
    run.wait_for(Count::Reconnects, 1);
    const Recorder& recorder = run.finish();
    EXPECT_EQ(recorder[Count::TlsFull], 2U);
    EXPECT_EQ(recorder[Count::TlsOffered], 1U);
}

}  // namespace
}  // namespace jumpgate::load
