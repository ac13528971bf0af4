#include "core/config/pem.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/config/documents.h"

namespace jumpgate {

namespace {

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

struct PemRead {
    std::optional<PemSource> source;
    std::string problem;
};

PemRead pem_of(const std::string& text) {
    Checked found;
    const Place place{"f", &found, "cert"};
    std::optional<PemSource> source = shape::pem().read(make_text(text), place);
    return {std::move(source), found.errors.empty() ? "" : found.errors[0].problem};
}

}  // namespace

TEST(Pem, TellsTextFromPaths) {
    EXPECT_EQ(pem_of(kPem).source->text, kPem);
    EXPECT_EQ(pem_of(std::string("\n  ") + kPem).source->text, kPem);
    EXPECT_EQ(pem_of("/etc/a b.pem").source->file, "/etc/a b.pem");
    EXPECT_EQ(pem_of("/etc/a b.pem").source->text, "");
}

TEST(Pem, ReadsTheEnvironment) {
    setenv("JUMPGATE_TEST_PEM", kPem, 1);
    setenv("JUMPGATE_TEST_EMPTY", "", 1);
    const PemRead read = pem_of("$ENV://JUMPGATE_TEST_PEM");
    EXPECT_EQ(read.source->text, kPem);
    EXPECT_EQ(read.source->variable, "$ENV://JUMPGATE_TEST_PEM");
    EXPECT_EQ(pem_of(kPem).source->variable, "");
    for (const char* name : {"$ENV://JUMPGATE_TEST_EMPTY", "$ENV://JUMPGATE_TEST_NONE", "$ENV://"})
        EXPECT_EQ(pem_of(name).problem, "names an environment variable that is not set") << name;
}

// Whoever may write an ssl names any variable of the process: what is in it must not come back as
// the name of a file that does not open.
TEST(Pem, TakesNoPathAndShowsNothingFromTheEnvironment) {
    setenv("JUMPGATE_TEST_SECRET", "hunter2-database-password", 1);
    const PemRead read = pem_of("$ENV://JUMPGATE_TEST_SECRET");
    EXPECT_FALSE(read.source);
    EXPECT_EQ(read.problem, "\"$ENV://JUMPGATE_TEST_SECRET\" holds no PEM");
    setenv("JUMPGATE_TEST_PATH", "/etc/ssl/c.pem", 1);
    EXPECT_FALSE(pem_of("$ENV://JUMPGATE_TEST_PATH").source);
}

TEST(Pem, RefusesWhatIsNeither) {
    EXPECT_EQ(pem_of("").problem, "is empty");
    EXPECT_EQ(pem_of("MIIB\nAAAA\n").problem, "is neither PEM nor the path of a file");
    EXPECT_EQ(pem_of(std::string(4'096, 'a')).problem, "is neither PEM nor the path of a file");
    EXPECT_EQ(pem_of(std::string((1U << 20U) + 1, 'a')).problem, "has 1048577 characters");
    EXPECT_EQ(pem_of("$secret://vault/a").problem,
              "is kept in a secret store, which is not supported");
}

}  // namespace jumpgate
