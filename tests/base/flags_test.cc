#include "core/base/flags.h"

#include <gtest/gtest.h>

#include <sstream>

namespace jumpgate {
namespace {

enum class Colour : uint8_t { Red, Green };

Parsed<char> parse_letter(std::string_view value) {
    if (value.size() != 1) return Problem{"is not one character"};
    return value[0];
}

// A small program's command line, and what it sets.
struct Program {
    uint32_t threads = 4;
    uint16_t port = 1883;
    bool pin = false;
    std::string topic = "t";
    Colour colour = Colour::Green;
    std::vector<char> letters;
    FlagTable table{"prog", "Usage: prog [flags]\n", "prog 1.2.3\n"};

    Program() {
        table.group("Work");
        table.number("threads", threads, 1, 256, "threads", "Worker threads.").letter = 't';
        table.number("port", port, 1, 65'535, "", "The port.");
        table.toggle("pin", pin, "Pins them.").letter = 'P';
        table.group("Words");
        table.text("topic", topic, "TOPIC", "Where to publish.");
        table.choice("colour", colour, {{"red", Colour::Red}, {"green", Colour::Green}}, "Paint.");
        table.list("letter", letters, parse_letter, "CHAR", "one character", "A letter.");
    }
    std::optional<FlagsExit> parse(std::vector<const char*> arguments) {
        return table.parse(arguments);
    }
};

// The line of a refusal, checked to be exactly one, on stderr, with exit code 2.
std::string refusal(std::vector<const char*> arguments) {
    Program program;
    const std::optional<FlagsExit> exit = program.parse(std::move(arguments));
    if (!exit) return "accepted";
    EXPECT_EQ(exit->exit_code, 2);
    EXPECT_TRUE(exit->to_stderr);
    EXPECT_EQ(exit->text.find('\n'), exit->text.size() - 1) << exit->text;
    return exit->text.substr(0, exit->text.size() - 1);
}

TEST(FlagTable, KeepsDefaultsWhereNothingIsGiven) {
    Program program;
    EXPECT_FALSE(program.parse({}));
    EXPECT_EQ(program.threads, 4u);
    EXPECT_EQ(program.colour, Colour::Green);
    EXPECT_TRUE(program.letters.empty());
}

TEST(FlagTable, TakesValuesInEverySpelling) {
    for (const std::vector<const char*>& arguments :
         {std::vector{"--threads=9"}, {"--threads", "9"}, {"-t", "9"}, {"-t9"}}) {
        Program program;
        EXPECT_FALSE(program.parse(arguments)) << arguments[0];
        EXPECT_EQ(program.threads, 9u) << arguments[0];
    }
}

TEST(FlagTable, SetsEveryKindOfTarget) {
    Program program;
    EXPECT_FALSE(program.parse({"--port", "65535", "-P", "--topic", "a=b", "--colour=red",
                                "--letter", "x", "--letter=-", "--letter", "-"}));
    EXPECT_EQ(program.port, 65'535);
    EXPECT_TRUE(program.pin);
    EXPECT_EQ(program.topic, "a=b");
    EXPECT_EQ(program.colour, Colour::Red);
    EXPECT_EQ(program.letters, (std::vector{'x', '-', '-'}));
}

TEST(FlagTable, TakesTheEndsOfARangeAndNothingBeyond) {
    for (const char* value : {"1", "256"}) EXPECT_EQ(refusal({"--threads", value}), "accepted");
    for (const char* value : {"0", "257", "-1", "99999999999999999999"})
        EXPECT_EQ(refusal({"--threads", value}),
                  "prog: --threads: " + std::string(value) + " is out of range; allowed: 1 to 256");
}

TEST(FlagTable, NamesFlagValueAndWhatIsAllowed) {
    struct Case {
        std::vector<const char*> arguments;
        std::string line;
    };
    const Case cases[] = {
        {{"--threads", "many"},
         "prog: --threads: \"many\" is not a whole number; allowed: 1 to 256"},
        {{"--threads="}, "prog: --threads: \"\" is not a whole number; allowed: 1 to 256"},
        {{"--threads", "4k"}, "prog: --threads: \"4k\" is not a whole number; allowed: 1 to 256"},
        {{"--threads", "+4"}, "prog: --threads: \"+4\" is not a whole number; allowed: 1 to 256"},
        {{"--threads", "4.0"}, "prog: --threads: \"4.0\" is not a whole number; allowed: 1 to 256"},
        {{"--threads"}, "prog: --threads: needs a value (N); allowed: 1 to 256"},
        {{"--threads", "--pin"}, "prog: --threads: needs a value (N); allowed: 1 to 256"},
        {{"--topic"}, "prog: --topic: needs a value (TOPIC)"},
        {{"--threads", "4", "-t5"}, "prog: --threads: given twice; allowed: once"},
        {{"--pin", "-P"}, "prog: --pin: given twice; allowed: once"},
        {{"--pin=yes"}, "prog: --pin: takes no value, got \"yes\""},
        {{"--pin", "yes"}, "prog: \"yes\" is no flag; --help lists all"},
        {{"--colour", "blue"}, "prog: --colour: \"blue\" is unknown; allowed: one of red, green"},
        {{"--letter", "xy"}, "prog: --letter: \"xy\" is not one character; allowed: one character"},
        {{"--thread", "4"}, "prog: --thread: unknown flag; did you mean --threads?"},
        {{"--color=red"}, "prog: --color: unknown flag; did you mean --colour?"},
        {{"--hlep"}, "prog: --hlep: unknown flag; did you mean --help?"},
        {{"--connections"}, "prog: --connections: unknown flag; --help lists all"},
        {{"-x"}, "prog: -x: unknown flag; --help lists all"},
        {{"-"}, "prog: -: unknown flag; --help lists all"},
        {{"--"}, "prog: --: unknown flag; --help lists all"},
        {{""}, "prog: \"\" is no flag; --help lists all"},
    };
    for (const Case& c : cases) EXPECT_EQ(refusal(c.arguments), c.line);
}

TEST(FlagTable, KeepsARefusalOnOneShortLine) {
    EXPECT_EQ(refusal({"--threads", "1\n2\x1b[0m\""}),
              "prog: --threads: \"1\\x0a2\\x1b[0m\\x22\" is not a whole number; allowed: 1 to 256");
    EXPECT_EQ(refusal({"--a\nb"}), "prog: --a\\x0ab: unknown flag; --help lists all");
    const std::string long_value(100'000, 'x');
    EXPECT_LT(refusal({"--threads", long_value.c_str()}).size(), 150u);
    EXPECT_LT(refusal({long_value.c_str()}).size(), 150u);
}

TEST(Shown, NeverShowsAPrivateKey) {
    EXPECT_EQ(shown("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG"), "(a private key)");
    EXPECT_EQ(shown("x\n-----BEGIN EC PRIVATE KEY-----\nMIGHAgEAMBMG"), "(a private key)");
}

TEST(FlagTable, AnswersHelpAndVersionWhateverElseIsWrong) {
    for (const char* flag : {"--help", "--help-markdown", "--version"}) {
        Program program;
        const std::optional<FlagsExit> exit = program.parse({"--threads", "0", flag});
        ASSERT_TRUE(exit) << flag;
        EXPECT_EQ(exit->exit_code, 0);
        EXPECT_FALSE(exit->to_stderr);
    }
    EXPECT_EQ(Program().parse({"--version"})->text, "prog 1.2.3\n");
}

TEST(FlagTable, TakesOperandsAmongFlags) {
    Program program;
    std::vector<std::string> files;
    program.table.operands(files, 2, "RUN.json...", "Results to join.");
    EXPECT_FALSE(program.parse({"a.json", "--threads", "9", "b.json", "-P", "c.json"}));
    EXPECT_EQ(files, (std::vector<std::string>{"a.json", "b.json", "c.json"}));
    EXPECT_EQ(program.threads, 9u);
    EXPECT_NE(program.table.help().find("\n  RUN.json...                     Results to join.\n"),
              std::string::npos)
        << program.table.help();
}

TEST(FlagTable, RefusesTooFewOperandsAndUnknownFlagsAmongThem) {
    const std::vector<std::pair<std::vector<const char*>, std::string>> cases = {
        {{"a.json"}, "prog: RUN.json... is missing: 1 given; allowed: 2 or more\n"},
        {{"a.json", "b.json", "--thread", "9"},
         "prog: --thread: unknown flag; did you mean --threads?\n"},
    };
    for (const auto& [arguments, message] : cases) {
        Program program;
        std::vector<std::string> files;
        program.table.operands(files, 2, "RUN.json...", "Results to join.");
        const std::optional<FlagsExit> exit = program.parse(arguments);
        ASSERT_TRUE(exit);
        EXPECT_EQ(exit->exit_code, 2);
        EXPECT_EQ(exit->text, message);
    }
}

TEST(FlagTable, GivesASheetThatOutlivesIt) {
    FlagSheet sheet;
    {
        Program program;
        sheet = program.table.sheet();
        EXPECT_EQ(sheet.operand, "");
    }
    ASSERT_EQ(sheet.rows.size(), 6u);
    EXPECT_EQ(heading(sheet.rows[0]), "-t, --threads N");
    EXPECT_EQ(terms(sheet.rows[0]), "default 4 threads; 1 to 256");
    EXPECT_EQ(terms(sheet.rows[5]), "one character; repeatable");
    EXPECT_FALSE(sheet.rows[0].set);
}

TEST(FlagTable, LetsARowTakeThePlaceOfVersion) {
    uint32_t version = 5;
    FlagTable table("prog", "Usage\n", "prog 1.2.3\n");
    table.number("version", version, 3, 5, "", "Of MQTT.");
    EXPECT_EQ(table.help().find("libraries"), std::string::npos) << table.help();
    EXPECT_FALSE(table.parse(std::vector<const char*>{"--version", "4"}));
    EXPECT_EQ(version, 4u);
}

TEST(FlagTable, TurnsASwitchOffByItsNegatedName) {
    Program program;
    program.pin = true;
    EXPECT_FALSE(program.parse({"--no-pin"}));
    EXPECT_FALSE(program.pin);
    EXPECT_EQ(refusal({"--no-pin", "-P"}), "prog: --pin: given twice; allowed: once");
    EXPECT_EQ(refusal({"--no-threads"}),
              "prog: --no-threads: unknown flag; did you mean --threads?");
}

// Sets rows from a source as the caller's readers of files and variables do.
void give(Program& program, const char* name, std::vector<std::string> values, ValueSource source) {
    Flag* flag = program.table.row(name);
    ASSERT_NE(flag, nullptr) << name;
    const std::optional<Problem> problem = program.table.give(*flag, values, source, "there:1");
    EXPECT_FALSE(problem) << name << " " << problem->text;
}

TEST(FlagTable, TheHigherOfTwoSourcesWinsForEachRow) {
    Program flags, variables, file;
    EXPECT_FALSE(flags.parse({"--threads", "9"}));
    give(variables, "threads", {"8"}, ValueSource::Environment);
    give(variables, "topic", {"from/env"}, ValueSource::Environment);
    for (const char* name : {"threads", "port"}) give(file, name, {"7"}, ValueSource::File);
    give(file, "topic", {"from/file"}, ValueSource::File);
    give(file, "pin", {"true"}, ValueSource::File);
    flags.table.adopt(variables.table);
    flags.table.adopt(file.table);
    EXPECT_EQ(flags.threads, 9u);
    EXPECT_EQ(flags.topic, "from/env");
    EXPECT_EQ(flags.port, 7u);
    EXPECT_TRUE(flags.pin);
    EXPECT_EQ(flags.colour, Colour::Green);
    EXPECT_EQ(flags.table.row("threads")->source, ValueSource::CommandLine);
    EXPECT_EQ(flags.table.row("topic")->source, ValueSource::Environment);
    EXPECT_EQ(flags.table.row("port")->source, ValueSource::File);
    EXPECT_EQ(flags.table.row("port")->where, "there:1");
    EXPECT_EQ(flags.table.row("colour")->source, ValueSource::Default);
}

TEST(FlagTable, ReplacesListsWholeAndNeverMixesThem) {
    Program flags, file;
    EXPECT_FALSE(flags.parse({"--letter", "a", "--letter", "b"}));
    give(file, "letter", {"x", "y", "z"}, ValueSource::File);
    flags.table.adopt(file.table);
    EXPECT_EQ(flags.letters, (std::vector{'a', 'b'}));

    Program other;
    other.table.adopt(file.table);
    EXPECT_EQ(other.letters, (std::vector{'x', 'y', 'z'}));
    EXPECT_EQ(other.table.row("letter")->texts, (std::vector<std::string>{"x", "y", "z"}));
}

TEST(FlagTable, RowsOfAFamilyComeFromOneSource) {
    Program flags, file;
    for (Program* program : {&flags, &file})
        for (const char* name : {"letter", "topic"}) program->table.row(name)->family = "words";
    EXPECT_FALSE(flags.parse({"--topic", "mine"}));
    give(file, "letter", {"x"}, ValueSource::File);
    give(file, "port", {"7"}, ValueSource::File);
    flags.table.adopt(file.table);
    EXPECT_TRUE(flags.letters.empty());
    EXPECT_EQ(flags.port, 7u);

    Program both;
    give(file, "topic", {"theirs"}, ValueSource::File);
    both.table.adopt(file.table);
    EXPECT_EQ(both.letters, std::vector{'x'});
    EXPECT_EQ(both.topic, "theirs");
}

TEST(FlagTable, SaysWhatIsWrongWithAGivenValue) {
    struct Case {
        const char* name;
        std::vector<std::string> values;
        const char* problem;
    };
    const Case cases[] = {
        {"threads", {"0"}, "0 is out of range"},
        {"threads", {"many"}, "\"many\" is not a whole number"},
        {"threads", {"1", "2"}, "has 2 values; it takes one"},
        {"threads", {}, "has 0 values; it takes one"},
        {"pin", {"yes"}, "\"yes\" is not true or false"},
        {"letter", {"a", "bc"}, "\"bc\" is not one character"},
        {"port", {"1"}, "is given twice, at there:1 too"},
    };
    Program program;
    give(program, "port", {"7"}, ValueSource::File);
    for (const Case& c : cases) {
        const std::optional<Problem> problem =
            program.table.give(*program.table.row(c.name), c.values, ValueSource::File, "here:2");
        EXPECT_EQ(problem.value_or(Problem{"none"}).text, c.problem) << c.name;
    }
    EXPECT_EQ(program.threads, 4u);
}

TEST(FlagTable, RowsSayTheirValueInForce) {
    Program program;
    EXPECT_FALSE(program.parse({"--colour=red", "-P", "-t7"}));
    const auto current = [&](const char* name) { return program.table.row(name)->current(); };
    EXPECT_EQ(current("colour"), "red");
    EXPECT_EQ(current("pin"), "true");
    EXPECT_EQ(current("threads"), "7");
    EXPECT_EQ(current("topic"), "t");
    EXPECT_EQ(current("port"), "1883");
    EXPECT_FALSE(program.table.row("letter")->current);  // its texts say it
    EXPECT_EQ(program.table.row("colours"), nullptr);
    EXPECT_EQ(program.table.near("colours"), "colour");
}

TEST(FlagTable, HelpGroupsFlagsWithUnitsDefaultsAndRanges) {
    const std::string help = Program().table.help();
    EXPECT_TRUE(help.starts_with("Usage: prog [flags]\n\nWork\n  -t, --threads N "));
    EXPECT_NE(help.find("Worker threads. [default 4 threads; 1 to 256]\n"), help.npos);
    EXPECT_NE(help.find("Pins them. [default off]\n"), help.npos);
    EXPECT_NE(help.find("\n\nWords\n  --topic TOPIC "), help.npos);
    EXPECT_NE(help.find("Paint. [default green; one of red, green]\n"), help.npos);
    EXPECT_NE(help.find("A letter. [one character; repeatable]\n"), help.npos);
}

TEST(FlagTable, HelpStaysWithin100Columns) {
    Program program;
    std::string long_help;
    for (int i = 0; i < 100; ++i) long_help += "word" + std::to_string(i) + (i < 99 ? " " : ".");
    bool target = false;
    program.table.toggle("a-flag-with-a-very-long-name-of-its-own", target, long_help);
    std::istringstream lines(program.table.help());
    std::string line, all;
    while (std::getline(lines, line)) {
        EXPECT_LE(line.size(), 100u) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
        all += line.substr(std::min(line.size(), line.find_first_not_of(' '))) + " ";
    }
    EXPECT_NE(all.find(long_help), all.npos);  // no word is lost where lines break
}

TEST(FlagTable, MarkdownHasOneRowPerFlag) {
    const std::string page = Program().table.markdown();
    EXPECT_TRUE(page.starts_with("# Flags of prog\n"));
    EXPECT_NE(page.find("\n## Work\n"), page.npos);
    EXPECT_NE(page.find("| `-t, --threads N` | threads | 4 | 1 to 256 | Worker threads. |\n"),
              page.npos);
    EXPECT_NE(page.find("| `--letter CHAR`, repeatable |  |  | one character | A letter. |\n"),
              page.npos);
}

}  // namespace
}  // namespace jumpgate
