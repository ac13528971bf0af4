"""The demonstration's live table: a steady block redrawn in a terminal, plain lines elsewhere.

Pure output: shows what it is given and measures nothing.
"""
import sys


def time_text(value_us):
    if value_us < 1_000:
        return f"{value_us} us"
    return f"{value_us / 1e3:.1f} ms" if value_us < 1_000_000 else f"{value_us / 1e6:.2f} s"


class Table:
    """show() takes a row per broker: (name, is the process up, jumpgate's view, its clients)."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.redraws = out.isatty()
        self.lines_drawn = 0

    def event(self, seconds, text):
        """A line that stays: it scrolls away above the block."""
        self.erase()
        print(f"{seconds:6.1f} s  ** {text}", file=self.out, flush=True)

    def show(self, seconds, brokers, live, clients, reconnects):
        if self.redraws:
            self.draw(self.block(seconds, brokers, live, clients, reconnects))
        else:
            print(self.line(seconds, brokers, live, clients, reconnects), file=self.out, flush=True)

    def block(self, seconds, brokers, live, clients, reconnects):
        lines = [f"{'broker':<26}{'process':<12}{'seen by jumpgate':<20}{'clients':>9}"]
        for name, is_up, seen, count in brokers:
            bar = "#" * round(30 * count / clients)
            process = "running" if is_up else "KILLED"
            lines.append(f"{name:<26}{process:<12}{seen:<20}{count:>9,}  {bar}")
        lines.append(f"{seconds:6.1f} s   {live['connected']:,} of {clients:,} connected   "
                     f"{live['sent']:,} msg/s sent, {live['received']:,} received   "
                     f"p99 {time_text(live['latency_p99_us'])}   {reconnects:,} reconnects")
        return lines

    def line(self, seconds, brokers, live, clients, reconnects):
        shares = "  ".join(f"{count:>4}{'' if is_up else ' (killed)'}"
                           for _, is_up, _, count in brokers)
        return (f"{seconds:6.1f} s  clients {shares}  connected {live['connected']}/{clients}  "
                f"{live['sent']:>5} msg/s sent  {live['received']:>5} received  "
                f"p99 {time_text(live['latency_p99_us'])}  reconnects {reconnects}")

    def draw(self, lines):
        self.erase()
        print("\n".join(lines), file=self.out, flush=True)
        self.lines_drawn = len(lines)

    def erase(self):
        if self.lines_drawn:
            print(f"\x1b[{self.lines_drawn}F\x1b[J", end="", file=self.out)
        self.lines_drawn = 0

    def leave(self):
        """The block stays on the screen; what comes next is printed below."""
        self.lines_drawn = 0
