// The test PKI that the build made (tests/meson.build), and servers' contexts made of it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tls/context.h"

namespace jumpgate::load {

class Pki {
  public:
    // Its client certificates are 0 to 3.
    static const Pki& get() {
        static const Pki pki;
        return pki;
    }
    std::string path(const std::string& file) const { return JUMPGATE_TEST_PKI "/" + file; }
    tls::Pem pem(const std::string& file) const {
        std::ifstream in(path(file));
        EXPECT_TRUE(in.good()) << file;
        return {file, std::string(std::istreambuf_iterator<char>(in), {})};
    }
    tls::Pair pair(const std::string& name) const {
        return {pem(name + ".crt"), pem(name + ".key")};
    }

    // A server that shows the certificate NAME.
    tls::ServerContextRef server(const std::string& name = "server",
                                 tls::ServerOptions options = {}) const {
        options.pairs.push_back(pair(name));
        options.ticket_keys = tls::TicketKeys::random();
        auto made = tls::make_server_context(options);
        if (const tls::Problem* problem = std::get_if<tls::Problem>(&made)) {
            ADD_FAILURE() << problem->text;
            return nullptr;
        }
        return std::get<tls::ServerContextRef>(made);
    }
    // One that wants a certificate of `ca`.
    tls::ServerContextRef strict_server(tls::ServerOptions options = {}) const {
        options.client_auth = tls::ClientAuth::Required;
        options.client_ca = pem("ca.crt");
        return server("server", options);
    }

  private:
    Pki() = default;
};

}  // namespace jumpgate::load
