// A small program's Manual, with and without modes, for the tests of pages.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/manual.h"

namespace jumpgate {

enum class Colour : uint8_t { Red, Green };

// The flags that `paint` has: a row of each kind. `more`: what only one mode has.
inline FlagSheet sample_sheet(std::string size_help, bool more) {
    uint32_t size = 7;
    uint16_t qos = 1;
    bool wet = false;
    Colour colour = Colour::Green;
    std::string file, folder, host;
    std::vector<std::string> operands, layers;
    FlagTable table("paint", "", "");
    table.group("Work");
    table.number("size", size, 1, 256, "cm", std::move(size_help)).letter = 's';
    table.number("qos", qos, 0, 2, "", "Quality [of service]: 0, 1 or 2. Not 3.").letter = 'q';
    table.toggle("wet", wet, "Doesn't wait.");
    if (more) table.text("folder", folder, "DIR", "Where layers are; see --size.");
    table.group("Words");
    table.choice("colour", colour, {{"red", Colour::Red}, {"green", Colour::Green}}, "Paint.");
    table.text("out", file, "FILE", "What `paint` writes.").letter = 'o';
    table.text("host", host, "HOST:PORT", "Who paints.");
    const auto read = [](std::string_view text) { return Parsed<std::string>(std::string(text)); };
    table.list("layer", layers, read, "NAME", "", "A layer.");
    if (more) table.operands(operands, 0, "PICTURE...", "Pictures to paint over.");
    return table.sheet();
}

inline Manual sample_manual() {
    Manual manual;
    manual.program = "paint";
    manual.purpose = "paints non-toxic walls";
    manual.version = "1.2";
    manual.date = "2026-01-02";
    manual.synopsis = {"[<FLAGS>] --size <N>", "--wet"};
    manual.description = "First.\n\nSecond, with a \\ and 'quotes'.";
    manual.has_other_sources = true;
    manual.modes.push_back({"", "", "", sample_sheet("How large.", false), ""});
    manual.sections = {{"FILES", "Some.", {{"~/.paint", ".dots at the start."}}, false},
                       {"EXAMPLES", "", {{"Small:", "paint --size 1 \\\n    --wet"}}, true}};
    return manual;
}

// "wall" and "door" have --size in different words, and only "door" has --folder and operands.
inline Manual sample_manual_with_modes() {
    Manual manual = sample_manual();
    manual.modes = {{"wall", "paints walls", "Painting", sample_sheet("How large.", false), ""},
                    {"door", "paints doors", "Painting", sample_sheet("How high.", true), ""},
                    {"clean", "cleans up", "After", {}, ""}};
    return manual;
}

}  // namespace jumpgate
