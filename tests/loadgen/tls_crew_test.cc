#include "loadgen/tls_crew.h"

#include <gtest/gtest.h>

#include "tests/loadgen/tls_loop.h"
#include "tests/loadgen/tls_pki.h"

namespace jumpgate::load {
namespace {

// A crew whose clients connect to a server in memory.
class Crewmates {
  public:
    explicit Crewmates(std::vector<std::string> more)
        : options_(parse(std::move(more))),
          contexts_(std::get<ClientContexts>(ClientContexts::make(options_))),
          crew_(options_, contexts_) {}

    // One connect of client `index`. 'F': in full, 'R': resumed, 'O': offered in vain.
    char connect(uint32_t index) {
        const std::unique_ptr<TlsLink> link = crew_.open(index);
        const auto server = tls::Engine::accept(server_);
        EXPECT_TRUE(shake_hands(link->engine(), *server));
        asked_ = server->server_name();
        crew_.keep_session(index, *link);
        EXPECT_EQ(link->engine().resumed(), server->resumed());
        return link->engine().resumed() ? 'R' : link->offered() ? 'O' : 'F';
    }
    const std::string& asked() const { return asked_; }
    void change_keys() { server_ = pki_server(); }

  private:
    static Options parse(std::vector<std::string> more) {
        std::vector<const char*> arguments = {"-S", "-c", "4"};
        more.push_back("--cacertfile=" + pki_path("ca.crt"));
        for (const std::string& each : more) arguments.push_back(each.c_str());
        return std::get<Options>(parse_options(Mode::Conn, arguments, 20'000));
    }

    Options options_;
    ClientContexts contexts_;
    TlsCrew crew_;
    tls::ServerContextRef server_ = pki_server();
    std::string asked_;
};

std::string connects(Crewmates& mates, std::vector<uint32_t> indices) {
    std::string how;
    for (const uint32_t index : indices) how += mates.connect(index);
    return how;
}

TEST(TlsCrew, ResumesTheShareThatIsAskedFor) {
    const auto share = [](const char* percent) {
        Crewmates mates({"-hlocalhost", "--tls-resume", percent});
        return connects(mates, {0, 1, 2, 3, 0, 1, 2, 3});
    };
    EXPECT_EQ(share("0"), "FFFFFFFF");
    EXPECT_EQ(share("25"), "FFFRFFFR");
    EXPECT_EQ(share("50"), "FRFRFRFR");
    EXPECT_EQ(share("100"), "FRRRRRRR");
}

TEST(TlsCrew, KeepsSessionsOfHostsApart) {
    Crewmates mates({"-hlocalhost,127.0.0.1", "--tls-resume", "100"});
    EXPECT_EQ(connects(mates, {0, 1, 2, 3}), "FFRR");
    EXPECT_EQ(mates.asked(), "");  // an IP literal is not sent as SNI (RFC 6066 3)
    mates.connect(0);
    EXPECT_EQ(mates.asked(), "localhost");
}

TEST(TlsCrew, KeepsSessionsOfCertificatesApart) {
    Crewmates mates({"-hlocalhost", "--tls-resume", "100",
                     "--certfile=" + pki_path("clients/%i.crt"),
                     "--keyfile=" + pki_path("clients/%i.key")});
    EXPECT_EQ(connects(mates, {0, 1, 0, 1, 2}), "FFRRF");
}

TEST(TlsCrew, SeesThatAnOfferWasInVain) {
    Crewmates mates({"-hlocalhost", "--tls-resume", "100"});
    EXPECT_EQ(connects(mates, {0, 1}), "FR");
    mates.change_keys();
    EXPECT_EQ(connects(mates, {2, 3}), "OR");
}

}  // namespace
}  // namespace jumpgate::load
