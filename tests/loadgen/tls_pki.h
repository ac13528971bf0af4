// A test PKI for the tests of one process, and both ends' contexts made of it.
//
// Made by bench/certs.py at the first use, in a folder of its own that goes with the process.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tls/context.h"

namespace jumpgate::load {

class Pki {
  public:
    // The one of this process; with client certificates 0 to 3.
    static const Pki& get() {
        static const Pki pki;
        return pki;
    }
    std::string path(const std::string& file) const { return folder_ + "/" + file; }
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
    Pki() {
        folder_ = testing::TempDir() + "/jumpload-pki-XXXXXX";
        if (mkdtemp(folder_.data()) == nullptr) abort();
        const std::string command =
            "python3 " JUMPGATE_CERTS " --count 4 --out '" + folder_ + "' >/dev/null";
        if (std::system(command.c_str()) != 0) abort();
    }
    ~Pki() { std::filesystem::remove_all(folder_); }

    std::string folder_;
};

}  // namespace jumpgate::load
