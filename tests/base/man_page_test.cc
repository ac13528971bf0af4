#include "core/base/man_page.h"

#include <gtest/gtest.h>

#include "tests/base/manual_sample.h"

namespace jumpgate {
namespace {

size_t count(const std::string& text, const std::string& part) {
    size_t found = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
    return found;
}

TEST(ManPage, BeginsWithNameAndSynopsis) {
    const std::string page = man_page(sample_manual());
    EXPECT_EQ(page.substr(0, page.find(".SH \"DESCRIPTION\"")),
              ".\\\" Made by `paint --help-man`.\n"
              ".TH PAINT 1 \"2026-01-02\" \"paint 1.2\" \"User Commands\"\n"
              ".SH \"NAME\"\n"
              "paint \\- paints non-toxic walls\n"
              ".SH \"SYNOPSIS\"\n"
              "\\fBpaint\\fR [\\fIFLAGS\\fR] \\fB\\-\\-size\\fR \\fIN\\fR\n"
              ".br\n"
              "\\fBpaint\\fR \\fB\\-\\-wet\\fR\n");
}

TEST(ManPage, ExplainsEachFlagInItsGroup) {
    const std::string page = man_page(sample_manual());
    EXPECT_NE(page.find(".SS \"Work\"\n.TP\n\\fB\\-s\\fR, \\fB\\-\\-size\\fR \\fIN\\fR\n"
                        "How large.\n[default 7 cm; 1 to 256]\n.TP\n"
                        "\\fB\\-q\\fR, \\fB\\-\\-qos\\fR \\fIN\\fR\n"),
              std::string::npos)
        << page;
    EXPECT_NE(page.find(".SS \"Words\"\n"), std::string::npos);
    EXPECT_NE(page.find("What \\fBpaint\\fR writes.\n"), std::string::npos);
    EXPECT_NE(page.find("\\fB\\-\\-help\\-completion\\fR \\fISHELL\\fR\n"), std::string::npos);
}

TEST(ManPage, EscapesWhatRoffWouldTakeForItsOwn) {
    const std::string page = man_page(sample_manual());
    EXPECT_NE(page.find("Second, with a \\e and \\(aqquotes\\(aq.\n"), std::string::npos) << page;
    EXPECT_NE(page.find("\\fB\\(ti/.paint\\fR\n\\&.dots at the start.\n"), std::string::npos);
    EXPECT_NE(page.find(".EX\npaint \\-\\-size 1 \\e\n    \\-\\-wet\n.EE\n"), std::string::npos);
}

TEST(ManPage, KeepsLinesWithin80Columns) {
    Manual manual = sample_manual();
    for (int i = 0; i < 50; ++i) manual.description += " and --many more-words `of it` --wet";
    const std::string page = man_page(manual);
    for (size_t at = 0, end = 0; (end = page.find('\n', at)) != page.npos; at = end + 1)
        EXPECT_LE(end - at, 80u) << page.substr(at, end - at);
}

TEST(ManPage, ExplainsOnceWhatModesShare) {
    const std::string page = man_page(sample_manual_with_modes());
    EXPECT_NE(page.find(".TP\n\\fBwall\\fR\nPaints walls.\n.TP\n\\fBdoor\\fR\nPaints doors.\n"),
              std::string::npos)
        << page;
    EXPECT_EQ(count(page, "\\-\\-colour"), 1u);
    EXPECT_NE(page.find("Paint.\n[default green; one of red, green]\n"), std::string::npos) << page;
}

TEST(ManPage, NamesTheModesWhereTheyDiffer) {
    const std::string page = man_page(sample_manual_with_modes());
    EXPECT_NE(page.find("How large.\n[wall; default 7 cm; 1 to 256]\n.TP\n"
                        "\\fB\\-s\\fR, \\fB\\-\\-size\\fR \\fIN\\fR\nHow high.\n[door; "),
              std::string::npos)
        << page;
    EXPECT_NE(page.find("see \\fB\\-\\-size\\fR.\n[door]\n.SS \"Words\"\n"), std::string::npos);
    EXPECT_NE(page.find("\\fIPICTURE...\\fR\nPictures to paint over.\n[door]\n"),
              std::string::npos);
    EXPECT_NE(page.find(".SH \"OPTIONS: PAINTING\"\nOf wall and door; "), std::string::npos);
    EXPECT_NE(page.find(".SH \"OPTIONS: AFTER\"\nOf clean.\n"), std::string::npos);
}

TEST(ManPage, KeepsFlagsOfOneNameTogetherAndTablesInTheirOrder) {
    Manual manual = sample_manual_with_modes();
    const auto row = [](const char* name, const char* help) {
        Flag flag;
        flag.group = "Work";
        flag.name = name;
        flag.help = help;
        return flag;
    };
    const std::vector<std::vector<Flag>> tables = {
        {row("size", "Of a wall."), row("wet", "Wet.")},
        {row("size", "Of a door."), row("wet", "Wet.")},
        {row("first", "First."), row("size", "Of a wall."), row("next", "Next.")},
        {row("alone", "Alone.")},
    };
    manual.modes.clear();
    for (const std::vector<Flag>& table : tables) {
        const std::string name(1, static_cast<char>('a' + manual.modes.size()));
        manual.modes.push_back({name, "paints", "Painting", {table, "", ""}, ""});
    }
    const std::string page = man_page(manual);
    size_t last = 0;
    for (const char* text : {"First.\n[c]", "Of a wall.\n[a, c]", "Of a door.\n[b]", "Next.\n[c]",
                             "Wet.\n[a, b]", "Alone.\n[d]"}) {
        const size_t at = page.find(text);
        ASSERT_NE(at, page.npos) << text << page;
        EXPECT_GT(at, last) << text << page;
        last = at;
    }
}

}  // namespace
}  // namespace jumpgate
