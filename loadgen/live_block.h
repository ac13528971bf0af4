// LiveBlock: what a terminal shows of a running load: one block of lines that is drawn again and
// again in its place.
//
// Law: nothing of the terminal is changed but the lines of the block itself (no cursor is hidden,
// no mode set), so whatever ends the process leaves it clean; each line is cut to the terminal's
// width, and brokers to its height: what wraps or scrolls could not be drawn over.
#pragma once

#include <cstddef>
#include <string>

#include "loadgen/options.h"
#include "loadgen/second.h"

namespace jumpgate::load {

// How far the run is.
struct Progress {
    Stage stage = Stage::Connecting;
    double share = -1;   // of the stage that is done, 0 to 1; below 0: nobody knows
    double left_s = -1;  // until the stage ends; below 0: nobody knows
};

struct TerminalSize {
    size_t columns = 0;  // 0: it is no terminal
    size_t rows = 0;
};
// Of standard output.
TerminalSize terminal_size();

// The lines, each ending in a newline and narrower than the terminal, of the last second that
// `ticker` took.
std::string live_block(const Options& options, const Progress& progress, const Ticker& ticker,
                       TerminalSize terminal);

// Draws blocks over each other.
class LiveBlock {
  public:
    // What to print so that `block` stands where the last one stood.
    std::string drawn(const std::string& block);
    // What to print so that nothing of it is left.
    std::string erased();

  private:
    size_t lines_ = 0;
};

}  // namespace jumpgate::load
