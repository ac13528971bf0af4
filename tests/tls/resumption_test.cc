// Who may resume a session, and who must shake hands in full.
#include <gtest/gtest.h>

#include "tests/tls/duo.h"
#include "tls/engine_state.h"

namespace jumpgate::tls {
namespace {

class Resumption : public testing::TestWithParam<Version> {
  protected:
    static ClientContextRef client(ClientOptions options) {
        options.min_version = options.max_version = GetParam();
        return made(options);
    }
    // A session that `server` gave to a client of `context`.
    static SessionRef session(const ServerContextRef& server, const ClientContextRef& context,
                              std::string_view name = "localhost") {
        Duo duo(server, context, name);
        EXPECT_TRUE(duo.shakes()) << duo.server.engine->detail() << duo.client.engine->detail();
        return duo.client.engine->session();
    }
    // Does the next connection resume? It works in any case.
    static bool resumes(const ServerContextRef& server, const ClientContextRef& context,
                        const SessionRef& session, std::string_view name = "localhost") {
        Duo duo(server, context, name, session);
        EXPECT_TRUE(duo.shakes()) << duo.server.engine->detail() << duo.client.engine->detail();
        EXPECT_TRUE(duo.talks());
        EXPECT_EQ(duo.server.engine->resumed(), duo.client.engine->resumed());
        return duo.server.engine->resumed();
    }
};
INSTANTIATE_TEST_SUITE_P(Tls, Resumption, testing::Values(Version::Tls12, Version::Tls13),
                         [](const auto& param) {
                             return param.param == Version::Tls12 ? "v12" : "v13";
                         });

TEST_P(Resumption, WorksAcrossContextsOfOneKeyFile) {
    const auto context = client(client_options("client"));
    const SessionRef given = session(made(mutual_options()), context);
    ASSERT_NE(given, nullptr);
    EXPECT_TRUE(resumes(made(mutual_options()), context, given));  // another proxy, or a reload
    EXPECT_TRUE(resumes(made(mutual_options()), context, given));  // more than once
}

TEST_P(Resumption, GoesOnAndOnWithTheSameIdentity) {
    const auto server = made(mutual_options());
    const auto context = client(client_options("client"));
    SessionRef given = session(server, context);
    for (int i = 0; i < 5; ++i) {
        Duo duo(server, context, "localhost", given);
        ASSERT_TRUE(duo.shakes());
        EXPECT_TRUE(duo.server.engine->resumed()) << i;
        ASSERT_NE(duo.server.engine->identity(), nullptr);
        EXPECT_EQ(duo.server.engine->identity()->common_name, "client");
        if (duo.client.engine->session() != nullptr) given = duo.client.engine->session();
    }
}

TEST_P(Resumption, EndsWithThePolicyThatAllowedIt) {
    const auto context = client(client_options("client"));
    const SessionRef given = session(made(mutual_options()), context);

    ServerOptions other_crl = mutual_options();
    other_crl.client_crl = pki_file("empty-crl.pem");
    EXPECT_FALSE(resumes(made(other_crl), context, given)) << "CRL";
    ServerOptions other_auth = mutual_options(ClientAuth::Optional);
    EXPECT_FALSE(resumes(made(other_auth), context, given)) << "client_auth";
    EXPECT_FALSE(resumes(made(server_options()), context, given)) << "no client_auth";
    ServerOptions more_cas = mutual_options();
    more_cas.client_ca.text += pki_file("other-ca.crt").text;
    EXPECT_FALSE(resumes(made(more_cas), context, given)) << "client CA";
    EXPECT_TRUE(resumes(made(mutual_options()), context, given));
}

TEST_P(Resumption, NeverReplacesACertificateThatIsRequiredNow) {
    const auto with = client(client_options("client"));
    const SessionRef anonymous = session(made(server_options()), with);
    ASSERT_NE(anonymous, nullptr);
    Duo duo(made(mutual_options()), with, "localhost", anonymous);
    ASSERT_TRUE(duo.shakes());
    EXPECT_FALSE(duo.server.engine->resumed());
    EXPECT_NE(duo.server.engine->identity(), nullptr);

    const auto without = client(client_options());
    const SessionRef other = session(made(server_options()), without);
    Duo refused(made(mutual_options()), without, "localhost", other);
    EXPECT_FALSE(refused.shakes());
    EXPECT_EQ(refused.server.engine->failure(), Failure::NoCertificate);
}

TEST_P(Resumption, KeepsToTheServerName) {
    ServerOptions options = server_options();
    options.pairs.push_back(pki_pair("server-b"));
    const auto server = made(options);
    const auto context = client(client_options());
    const SessionRef given = session(server, context);
    EXPECT_FALSE(resumes(server, context, given, "b.example.test"));  // the client's own rule
    // A client without that rule, by its own account of where the session is from.
    const auto lenient = [] {
        ClientOptions any = client_options();
        any.verify = Verify::None;
        return client(any);
    }();
    const SessionRef loose = session(server, lenient, "127.0.0.1");  // sends no SNI
    EXPECT_TRUE(resumes(server, lenient, loose, "127.0.0.1"));
    EXPECT_FALSE(resumes(server, lenient, loose, "localhost"));
}

// A client that lies about where it has the session from: the server alone must notice.
TEST_P(Resumption, NeverCrossesToAnotherName) {
    ServerOptions options = server_options();
    ServerGroup open;
    open.label = "open";
    open.pairs = {pki_pair("server-b")};
    open.names = {"open.test", "open-too.test"};
    ServerGroup closed = open;
    closed.label = "closed";
    closed.names = {"closed.test"};
    closed.client_auth = ClientAuth::Required;
    closed.client_ca = pki_file("ca.crt");
    ServerGroup foreign = closed;
    foreign.label = "foreign";
    foreign.names = {"foreign.test"};
    foreign.client_ca = pki_file("other-ca.crt");
    options.others = {open, closed, foreign};
    const auto server = made(options);
    ClientOptions ours = client_options("client");
    ours.verify = Verify::Ca;
    const auto context = client(ours);
    const auto relabelled = [&](const std::string& from, const std::string& to) {
        const SessionRef given = session(server, context, from);
        return std::make_shared<Session>(wolfSSL_SESSION_dup(given->get()), context, to,
                                         given->not_after_s());
    };
    const auto crosses = [&](const std::string& from, const std::string& to) {
        return resumes(server, context, relabelled(from, to), to);
    };
    EXPECT_TRUE(crosses("closed.test", "closed.test"));
    EXPECT_TRUE(crosses("open.test", "open.test"));
    EXPECT_FALSE(crosses("open.test", "closed.test"));
    EXPECT_FALSE(crosses("closed.test", "open.test"));
    EXPECT_FALSE(crosses("open.test", "open-too.test"));  // not even within a group
    EXPECT_FALSE(crosses("localhost", "closed.test"));
    EXPECT_FALSE(crosses("127.0.0.1", "closed.test"));  // 127.0.0.1: without SNI

    // To a group whose CA it is not of, a ticket of another group opens no door.
    Duo duo(server, context, "foreign.test", relabelled("closed.test", "foreign.test"));
    EXPECT_FALSE(duo.shakes());
    EXPECT_EQ(duo.server.engine->failure(), Failure::UnknownCa);
}

TEST_P(Resumption, EndsWhereTheNameMovesToAnotherPolicy) {
    ServerOptions options = server_options();
    ServerGroup group;
    group.pairs = {pki_pair("server-b")};
    group.names = {"moving.test"};
    group.client_auth = ClientAuth::Required;
    group.client_ca = pki_file("ca.crt");
    options.others = {group};
    ClientOptions ours = client_options("client");
    ours.verify = Verify::Ca;
    const auto context = client(ours);
    const SessionRef given = session(made(options), context, "moving.test");
    EXPECT_TRUE(resumes(made(options), context, given, "moving.test"));
    options.others[0].label = "by another name";
    EXPECT_TRUE(resumes(made(options), context, given, "moving.test"));
    options.others[0].client_depth = 0;
    EXPECT_FALSE(resumes(made(options), context, given, "moving.test")) << "depth";
    options.others.clear();
    EXPECT_FALSE(resumes(made(options), context, given, "moving.test")) << "the default group";
}

TEST_P(Resumption, IsForTheSameClientContextOnly) {
    const auto server = made(server_options());
    const SessionRef given = session(server, client(client_options()));
    EXPECT_FALSE(resumes(server, client(client_options()), given));
}

TEST_P(Resumption, NeedsTheKeyOfTheTicket) {
    const auto context = client(client_options());
    ServerOptions mine = server_options();
    mine.ticket_keys = TicketKeys::random();
    ServerOptions theirs = server_options();
    theirs.ticket_keys = TicketKeys::random();
    const SessionRef given = session(made(mine), context);
    ASSERT_NE(given, nullptr);
    EXPECT_FALSE(resumes(made(theirs), context, given));
    EXPECT_TRUE(resumes(made(mine), context, given));
}

TEST_P(Resumption, WithAnOldKeyGivesATicketOfTheNew) {
    const std::string text = pki_file("tickets.key").text;
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin && text[begin] != '#') lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    ASSERT_GE(lines.size(), 2U);
    const auto keys = [](const std::string& of) {
        return std::get<TicketKeys>(TicketKeys::parse(of));
    };
    const auto serving = [&](const std::string& of) {
        ServerOptions options = server_options();
        options.ticket_keys = keys(of);
        return made(options);
    };
    const auto context = client(client_options());
    const SessionRef old = session(serving(lines[1] + "\n"), context);
    // The file is rotated: the new key first, the old one still opens.
    Duo duo(serving(lines[0] + "\n" + lines[1] + "\n"), context, "localhost", old);
    ASSERT_TRUE(duo.shakes());
    EXPECT_TRUE(duo.server.engine->resumed());
    const SessionRef renewed = duo.client.engine->session();
    ASSERT_NE(renewed, nullptr);
    EXPECT_TRUE(resumes(serving(lines[0] + "\n"), context, renewed));
    EXPECT_FALSE(resumes(serving(lines[0] + "\n"), context, old));
}

TEST_P(Resumption, IsNotOfferedWithoutTickets) {
    ServerOptions off = server_options();
    off.tickets = false;
    const auto context = client(client_options());
    EXPECT_EQ(session(made(off), context), nullptr);
    const SessionRef given = session(made(server_options()), context);
    EXPECT_FALSE(resumes(made(off), context, given));
    ServerOptions keyless = server_options();
    keyless.ticket_keys = {};
    EXPECT_EQ(session(made(keyless), context), nullptr);
}

TEST_P(Resumption, IsNotForIdentitiesThatFitNoTicket) {
    const auto server = made(mutual_options());
    const auto context = client(client_options("big-client"));
    Duo duo(server, context);
    ASSERT_TRUE(duo.shakes()) << duo.server.engine->detail();
    EXPECT_TRUE(duo.talks());
    const SessionRef given = duo.client.engine->session();
    Duo again(server, context, "localhost", given);
    ASSERT_TRUE(again.shakes()) << again.server.engine->detail();
    EXPECT_FALSE(again.server.engine->resumed());
    EXPECT_NE(again.server.engine->identity(), nullptr);
}

TEST_P(Resumption, SurvivesASessionThatIsUsedTwiceAtOnce) {
    const auto server = made(mutual_options());
    const auto context = client(client_options("client"));
    const SessionRef given = session(server, context);
    Duo one(server, context, "localhost", given);
    Duo two(server, context, "localhost", given);
    EXPECT_TRUE(one.shakes());
    EXPECT_TRUE(two.shakes());
    EXPECT_TRUE(one.talks());
    EXPECT_TRUE(two.talks());
    EXPECT_TRUE(one.server.engine->resumed());
    EXPECT_TRUE(two.server.engine->resumed());
}

}  // namespace
}  // namespace jumpgate::tls
