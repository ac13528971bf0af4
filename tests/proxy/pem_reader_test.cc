#include "core/proxy/pem_reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/pki.h"

namespace jumpgate {
namespace {

class PemReaderTest : public testing::Test {
  protected:
    PemReaderTest() { std::filesystem::create_directories(folder_ + "conf"); }
    ~PemReaderTest() override { std::filesystem::remove_all(folder_); }

    // A file in the folder of this test.
    std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
        std::ofstream(folder_ + name) << text;
        chmod((folder_ + name).c_str(), mode);
        return folder_ + name;
    }

    const std::string folder_ = testing::TempDir() + "pem_reader_test." +
                                testing::UnitTest::GetInstance()->current_test_info()->name() + "/";
    Credentials out_;
};

TEST_F(PemReaderTest, GivesTheTextOfAnObjectAsItIs) {
    PemReader reader({"fleet.yaml", {12, 3}}, "ssls 1", out_);
    const tls::Pem pem = reader.read("cert", {"the text", ""});
    EXPECT_EQ(pem.text, "the text");
    EXPECT_EQ(pem.label, "cert");
    EXPECT_TRUE(reader.read("cert", {}).empty());
    EXPECT_FALSE(reader.failed());
}

TEST_F(PemReaderTest, NamesTheVariableThatATextCameFrom) {
    const std::string yaml = write("fleet.yaml", "ssls: ...", 0644);
    PemReader reader({yaml, {12, 3}}, "ssls 1", out_);
    EXPECT_EQ(reader.read("cert", {"the text", "", "$ENV://CERT"}).label, "cert $ENV://CERT");
    EXPECT_EQ(reader.read_secret("key", {"the key", "", "$ENV://KEY"}).label, "key $ENV://KEY");
    EXPECT_TRUE(out_.warnings.empty()) << "the key is not in the file that everybody may read";
}

TEST_F(PemReaderTest, FindsFilesBesideTheFileOfTheObject) {
    write("conf/a.crt", "beside");
    write("b.crt", "above");
    const std::string absolute = write("c.crt", "elsewhere");
    PemReader reader({folder_ + "conf/fleet.yaml", {12, 3}}, "ssls 1", out_);
    EXPECT_EQ(reader.read("cert", {"", "a.crt"}).text, "beside");
    EXPECT_EQ(reader.read("cert", {"", "../b.crt"}).text, "above");
    EXPECT_EQ(reader.read("cert", {"", absolute}).text, "elsewhere");
    EXPECT_EQ(reader.read("cert", {"", "a.crt"}).label, "cert a.crt");
    EXPECT_FALSE(reader.failed());
}

TEST_F(PemReaderTest, FindsFilesOfFlagsWhereTheProcessRuns) {
    const std::string relative = std::filesystem::relative(write("a.crt", "here")).string();
    EXPECT_EQ(PemReader(out_).read("--tls-cert", {"", relative}).text, "here");
    const Origin flag{"--broker", {}};
    EXPECT_EQ(PemReader(flag, "upstreams default", out_).read("tls.ca", {"", relative}).text,
              "here");
}

TEST_F(PemReaderTest, SaysWhereTheObjectStandsAndWhichFileIsMissing) {
    const std::string missing = "/nonexistent.crt";
    struct Case {
        Origin origin;
        std::string problem;
    };
    const std::string end = "ssls 1: cert /nonexistent.crt: No such file or directory";
    const Case cases[] = {
        {{"fleet.yaml", {12, 3}}, "fleet.yaml:12:3: " + end},
        {{"--tls-cert", {}}, "--tls-cert: " + end},
        {{}, end},
    };
    for (const Case& c : cases) {
        PemReader reader(c.origin, "ssls 1", out_);
        EXPECT_TRUE(reader.read("cert", {"", missing}).empty());
        EXPECT_TRUE(reader.read("key", {"text", ""}).empty()) << "nothing behind the first problem";
        reader.read("key", {"", "/nonexistent.key"});
        EXPECT_EQ(reader.problem(), c.problem);
    }
    PemReader flags(out_);
    flags.read("--tls-cert", {"", missing});
    EXPECT_EQ(flags.problem(), "--tls-cert /nonexistent.crt: No such file or directory");
}

TEST_F(PemReaderTest, TakesAbsolutePathsAloneFromTheAdminApi) {
    const std::string absolute = write("a.crt", "text");
    PemReader reader({}, "ssls 1", out_);
    EXPECT_EQ(reader.read("cert", {"", absolute}).text, "text");
    EXPECT_TRUE(reader.read("cert", {"", "a.crt"}).empty());
    EXPECT_EQ(reader.problem(),
              "ssls 1: cert a.crt: is a relative path; by the Admin API a file has its absolute "
              "path");
}

TEST_F(PemReaderTest, WarnsOnceOfSecretsThatEverybodyMayRead) {
    const std::string yaml = write("fleet.yaml", "ssls: ...", 0644);
    write("open.key", "key", 0644);
    write("closed.key", "key", 0640);
    PemReader reader({yaml, {12, 3}}, "ssls 1", out_);
    reader.read_secret("key", {"", "closed.key"});
    reader.read("cert", {"text", "open.key"});
    EXPECT_TRUE(out_.warnings.empty());
    for (int i = 0; i < 2; ++i) reader.read_secret("key", {"", "open.key"});
    ASSERT_EQ(out_.warnings.size(), 1U);
    EXPECT_EQ(out_.warnings[0], yaml +
                                    ":12:3: ssls 1: key open.key: every user may read it "
                                    "(mode 0644); chmod 600 it");
    for (int i = 0; i < 2; ++i) reader.read_secret("key", {"inline", ""});
    ASSERT_EQ(out_.warnings.size(), 2U);
    EXPECT_EQ(out_.warnings[1],
              yaml + ": every user may read the private keys in it (mode 0644); chmod 600 it");
}

TEST_F(PemReaderTest, NotesWhenWhatIsShownExpires) {
    const auto show = [&](PemReader& reader, const std::string& name) {
        reader.read("cert", "key", {{"", pki_path(name + ".crt")}, {"", pki_path(name + ".key")}});
    };
    PemReader reader({"fleet.yaml", {12, 3}}, "ssls 1", out_);
    show(reader, "server");
    ASSERT_EQ(out_.expiries.size(), 1U);
    EXPECT_EQ(out_.expiries[0].label, "ssls 1: cert");
    EXPECT_EQ(out_.expiries[0].not_after_s,
              static_cast<int64_t>(tls::expiry_s(pki_file("server.crt"))));
    show(reader, "server");  // read again for another use
    EXPECT_EQ(out_.expiries.size(), 1U);
    EXPECT_TRUE(out_.warnings.empty());

    PemReader other({"fleet.yaml", {20, 3}}, "ssls 2", out_);
    show(other, "expired-server");
    ASSERT_EQ(out_.warnings.size(), 1U);
    EXPECT_TRUE(out_.warnings[0].starts_with("fleet.yaml:20:3: ssls 2: cert " +
                                             pki_path("expired-server.crt") + ": has expired on "))
        << out_.warnings[0];
    PemReader flags(out_);
    show(flags, "soon-server");
    ASSERT_EQ(out_.expiries.size(), 3U);
    EXPECT_EQ(out_.expiries[2].label, "cert " + pki_path("soon-server.crt"));
    EXPECT_NE(out_.warnings[1].find("expires in 6 days"), std::string::npos) << out_.warnings[1];
    EXPECT_FALSE(other.failed());
}

TEST(Wipe, LeavesNothing) {
    tls::Pem pem{"server.key", "secret of some length, beyond the small string"};
    const size_t size = pem.text.size();
    wipe(pem);
    EXPECT_EQ(pem.text, std::string(size, '\0'));
    EXPECT_EQ(pem.label, "server.key");
}

}  // namespace
}  // namespace jumpgate
