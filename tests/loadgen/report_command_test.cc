#include "loadgen/report_command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/loadgen/report_samples.h"

namespace jumpgate::load {
namespace {

class ReportCommand : public testing::Test {
  protected:
    ReportCommand() : folder_(testing::TempDir() + "report_" + std::to_string(getpid())) {
        std::filesystem::create_directories(folder_);
    }
    ~ReportCommand() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }

    std::string file(const std::string& name, std::string_view text = kGoodRun) {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
        return path(name);
    }

    // Runs the command; keeps what it says.
    int run(const std::vector<std::string>& arguments) {
        std::vector<const char*> words;
        for (const std::string& argument : arguments) words.push_back(argument.c_str());
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const int code = report_command(words);
        out_ = testing::internal::GetCapturedStdout();
        err_ = testing::internal::GetCapturedStderr();
        return code;
    }

    std::string page() const {
        std::ifstream page(path("page.html"));
        return {std::istreambuf_iterator<char>(page), {}};
    }

    std::string folder_;
    std::string out_;
    std::string err_;
};

TEST_F(ReportCommand, WritesAPageAndSaysNothing) {
    EXPECT_EQ(run({file("a.json"), "-o", path("page.html")}), 0);
    EXPECT_EQ(out_ + err_, "");
    EXPECT_TRUE(holds(page(), "<title>a</title>"));
    EXPECT_TRUE(page().ends_with("</html>\n"));
}

TEST_F(ReportCommand, TakesFilesAndFlagsInAnyOrder) {
    const std::string a = file("a.json");
    const std::string b = file("b.json");
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"-o", path("page.html"), a, b},
                                               {a, "--output=" + path("page.html"), b},
                                               {a, "--output", path("page.html"), b},
                                               {"-o" + path("page.html"), a, b}}) {
        std::filesystem::remove(path("page.html"));
        EXPECT_EQ(run(arguments), 0) << err_;
        EXPECT_TRUE(holds(page(), "<title>a, b</title>"));
    }
}

TEST_F(ReportCommand, CallsRunsOfOneNameByTheirPaths) {
    const std::string one = file("x/run.json");
    const std::string two = file("y/run.json");
    EXPECT_EQ(run({one, two, "-o", path("page.html"), "--title", "Both"}), 0) << err_;
    EXPECT_TRUE(holds(page(), "<title>Both</title>"));
    EXPECT_TRUE(holds(page(), one));
    EXPECT_TRUE(holds(page(), two));
}

TEST_F(ReportCommand, WritesToStandardOutput) {
    EXPECT_EQ(run({file("a.json"), "-o", "-"}), 0);
    EXPECT_TRUE(out_.starts_with("<!doctype html>"));
    EXPECT_EQ(err_, "");
}

TEST_F(ReportCommand, RefusesBadCommandLinesInOneLine) {
    const std::string a = file("a.json");
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{}, "RUN.json... is missing: 0 given; allowed: 1 or more"},
        {{a, "--outptu", "x"}, "--outptu"},
        {{a, "-o"}, "--output"},
        {{a, "-o", ""}, "--output: is empty"},
        {{a, "-o", "x", "-o", "y"}, "given twice"},
        {std::vector<std::string>(33, a), "33 results are given; allowed: 1 to 32"},
    };
    for (const auto& [arguments, words] : cases) {
        EXPECT_EQ(run(arguments), 2) << words;
        EXPECT_TRUE(holds(err_, words)) << err_;
        EXPECT_TRUE(err_.starts_with("jumpload report: ")) << err_;
        EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
    }
}

TEST_F(ReportCommand, NamesTheFileThatIsNoResult) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {path("none.json"), "No such file or directory"},
        {folder_, "Is a directory"},
        {file("empty.json", ""), "is empty"},
        {file("text.json", "p50 = 3"), "is no JSON"},
        {file("other.json", "{\"k6\":1}"), "is no result of a run"},
        {file("later.json", with(kGoodRun, "\"schema_version\":1", "\"schema_version\":9")),
         "has schema_version 9; allowed: 1"},
    };
    const std::string good = file("good.json");
    for (const auto& [path_, words] : cases) {
        EXPECT_EQ(run({good, path_, "-o", path("page.html")}), 2) << path_;
        EXPECT_TRUE(err_.starts_with("jumpload report: " + path_ + ": " + words)) << err_;
        EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
        EXPECT_FALSE(std::filesystem::exists(path("page.html")));
    }
}

TEST_F(ReportCommand, SaysWhereThePageCouldNotBeWritten) {
    const std::string a = file("a.json");
    const std::vector<std::pair<std::string, std::string>> cases = {
        {path("no/such/folder.html"), "No such file or directory"},
        {folder_, "Is a directory"},
        {"/dev/full", "No space left on device"},
    };
    for (const auto& [output, words] : cases) {
        EXPECT_EQ(run({a, "-o", output}), 1) << output;
        EXPECT_TRUE(holds(err_, "--output " + output + ": could not be written: " + words)) << err_;
    }
}

TEST_F(ReportCommand, ExplainsItself) {
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_TRUE(holds(out_, "Usage: jumpload report RUN.json..."));
    EXPECT_TRUE(holds(out_, "--output"));
}

}  // namespace
}  // namespace jumpgate::load
