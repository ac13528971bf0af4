#include "loadgen/live_block.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/cut_text.h"
#include "loadgen/live_line.h"
#include "loadgen/result_text.h"

namespace jumpgate::load {

namespace {

constexpr size_t kBarWidth = 24;
constexpr size_t kColumnsAssumed = 80;
constexpr size_t kRowsAssumed = 24;
constexpr size_t kBrokersMax = 8;
constexpr size_t kNameWidth = 24;

std::string bar(double share) {
    if (share < 0) return std::string(kBarWidth, '.');
    const auto full = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth);
    return std::string(full, '#') + std::string(kBarWidth - full, '.');
}

std::string times_line(const SecondTimes& times) {
    if (times.count == 0) return "-";
    return fmt::format("p50 {:<9} p99 {:<9} max {:<9}", time_text(times.p50_us),
                       time_text(times.p99_us), time_text(times.max_us));
}

std::string rates_line(const Options& options, const Second& second) {
    std::string line;
    if (options.publishers() > 0) {
        line += fmt::format("out {}/s  ", second.per_second(second.sent));
    }
    if (options.publishers() > 0 && options.qos > 0) {
        line += fmt::format("acknowledged {}/s  ", second.per_second(second.acknowledged));
    }
    if (options.plan.subscribers > 0) {
        line += fmt::format("in {}/s", second.per_second(second.received));
    }
    return line;
}

// Who serves how many; where all do not fit into `rows_max` the fullest, and how many more.
std::vector<std::string> broker_lines(const BrokerClients& brokers, size_t rows_max) {
    std::vector<std::pair<std::string_view, uint64_t>> shown(brokers.begin(), brokers.end());
    uint64_t all = 0;
    uint64_t most = 1;
    for (const auto& [name, clients] : shown) {
        all += clients;
        most = std::max(most, clients);
    }
    const size_t fitting = std::min(kBrokersMax, rows_max);
    if (shown.size() > fitting) {
        if (fitting < 2) return {};
        std::ranges::stable_sort(shown, std::greater(),
                                 [](const auto& each) { return each.second; });
        shown.resize(fitting - 1);
    }
    std::vector<std::string> lines;
    for (const auto& [name, clients] : shown) {
        const auto count = static_cast<double>(clients);
        lines.push_back(fmt::format("  {:<{}} [{}] {:>5.1f} %  {}", cut_text(name, kNameWidth),
                                    kNameWidth, bar(count / static_cast<double>(most)),
                                    100 * count / static_cast<double>(std::max<uint64_t>(all, 1)),
                                    clients));
    }
    if (brokers.size() > shown.size())
        lines.push_back(fmt::format("  and {} more brokers", brokers.size() - shown.size()));
    return lines;
}

}  // namespace

std::string live_block(const Options& options, const Progress& progress, const Ticker& ticker,
                       TerminalSize terminal) {
    const Second& second = ticker.last();
    const Tallies& totals = ticker.totals();
    std::string block;
    size_t rows = 0;
    const auto add = [&](std::string_view line) {
        block += cut_text(line, terminal.columns - 1);
        block += '\n';
        ++rows;
    };
    add(fmt::format(
        "jumpload {} {:<10} [{}] {:.0f} s{}", word(options.mode), word(progress.stage),
        bar(progress.share), second.elapsed_s,
        progress.left_s < 0 ? std::string() : fmt::format(", {:.0f} s left", progress.left_s)));
    add(fmt::format("  connected  {} of {}{}", second.connected, options.clients_here,
                    totals[Count::Reconnects] == 0
                        ? std::string()
                        : fmt::format(", {} reconnects", totals[Count::Reconnects])));
    if (options.mode != Mode::Conn) {
        add(fmt::format("  messages   {}", rates_line(options, second)));
        if (options.plan.subscribers > 0) {
            add(fmt::format("  latency    {}", times_line(second.latency)));
        }
        if (options.publishers() > 0) {
            add(fmt::format("  lateness   {}", times_line(second.send_lateness)));
        }
    }
    const std::string errors = errors_text(totals);
    add(fmt::format("  errors     {}", errors.empty() ? "none" : errors));
    // The cursor stands in a row of its own below them.
    const size_t left = terminal.rows > rows ? terminal.rows - rows - 1 : 0;
    for (const std::string& line : broker_lines(ticker.brokers(), left)) add(line);
    return block;
}

TerminalSize terminal_size() {
    if (isatty(STDOUT_FILENO) == 0) return {};
    winsize size{};
    const bool told = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return {told && size.ws_col > 1 ? size.ws_col : kColumnsAssumed,
            told && size.ws_row > 1 ? size.ws_row : kRowsAssumed};
}

// ECMA-48: CPL (cursor to the start of the line so many above), ED (erase from there on).
std::string LiveBlock::erased() {
    if (lines_ == 0) return {};
    return fmt::format("\x1b[{}F\x1b[J", std::exchange(lines_, 0));
}

std::string LiveBlock::drawn(const std::string& block) {
    std::string out = erased() + block;
    lines_ = static_cast<size_t>(std::ranges::count(block, '\n'));
    return out;
}

}  // namespace jumpgate::load
