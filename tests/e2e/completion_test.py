"""What bash and zsh complete for both programs, by real shells that read nothing of this machine.

Law: a line ends where TAB is pressed; what is compared is all that the shell would offer.
"""

import os
import pathlib
import pty
import re
import shlex
import subprocess
import tempfile
import threading

import harness
from harness import ENVIRONMENT, behaviour, equal, wait_until

PROGRAMS = {"jumpgate": harness.PROGRAM, "jumpload": os.environ.get("JUMPLOAD", "build/jumpload")}
FOLDER = tempfile.TemporaryDirectory()
HERE = pathlib.Path(FOLDER.name)


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT,
                          check=False, **options)
    equal((done.returncode, done.stderr), (0, ""), f"{command}")
    return done.stdout


def script(program, shell):
    return output(os.path.abspath(PROGRAMS[program]), "--help-completion", shell)


def modes():
    usage = output(PROGRAMS["jumpload"], "--help")
    return set(re.findall(r"^  ([a-z0-9-]+) +\S", usage, re.MULTILINE))


def flags_of_help(*words):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z0-9_-]+)", output(*words, "--help"), re.MULTILINE))


# --- bash: the completion function is called as readline calls it ---------------------------------

def words_of(line, breaks):
    """The line as readline parts it: at blanks, and around runs of the characters of `breaks`."""
    words = []
    for word in line.split(" ") if not line.endswith(" ") else [*line.split(), ""]:
        stops = re.escape(breaks)
        parts = re.findall(f"[{stops}]+|[^{stops}]+", word) if breaks else []
        words += parts or [word]
    return words


def bash(line, breaks="=:"):
    """What bash offers at the end of `line`."""
    words = words_of(line, breaks)
    program = words[0]
    call = (script(program, "bash") + f"\nCOMP_WORDS=({shlex.join(words)})\n"
            f"COMP_CWORD={len(words) - 1}\ncomplete -p {program} >/dev/null || exit 9\n"
            f"_{program} {program}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
    return {word for word in output("bash", "--norc", "--noprofile", "-u", "-c", call,
                                    cwd=HERE).split("\n") if word}


# --- zsh: a line editor on a terminal of its own; what compsys adds goes to a file ----------------

ZSH = """
PS1= RPS1= fpath=(@HERE@ $fpath)
autoload -Uz compinit && compinit -D -u
zstyle ':completion:*' format ''
# Tells whatever is added, and adds it.
compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-[OAD]\\ * ]]; then
        local -a offered
        builtin compadd -A offered "$@"
        ((${#offered})) && print -rl -- $offered >> @HERE@/offered
    fi
    builtin compadd "$@"
}
finish() { print -r -- END >> @HERE@/offered; comppostfuncs=(finish) }
comppostfuncs=(finish)
LINES=500 COLUMNS=120 LISTMAX=0  # else it asks whether to show that many
unsetopt auto_menu beep list_beep
setopt no_always_last_prompt
zle -C tell list-choices _main_complete
bindkey '^I' tell
print -r -- READY > @HERE@/ready
"""


class Zsh:
    """An interactive zsh that has read no file of the user's."""

    def __init__(self):
        for program in PROGRAMS:
            (HERE / f"_{program}").write_text(script(program, "zsh"), encoding="utf-8")
        (HERE / "start").write_text(ZSH.replace("@HERE@", FOLDER.name), encoding="utf-8")
        self.terminal, theirs = pty.openpty()
        self.process = harness.start(["zsh", "-f", "-i"], stdin=theirs, stdout=theirs,
                                     stderr=theirs, cwd=HERE, env={**ENVIRONMENT, "TERM": "dumb"},
                                     start_new_session=True)
        os.close(theirs)
        self.screen = b""
        threading.Thread(target=self.watch, daemon=True).start()
        self.type(f"source {FOLDER.name}/start\n")
        wait_until((HERE / "ready").exists, "zsh starts")

    def watch(self):
        """What stands on the screen, for messages; a terminal that nobody reads would block zsh."""
        try:
            while piece := os.read(self.terminal, 4096):
                self.screen = (self.screen + piece)[-2000:]
        except OSError:
            pass  # zsh has ended

    def type(self, text):
        os.write(self.terminal, text.encode())

    def offers(self, line):
        offered = HERE / "offered"
        offered.write_text("", encoding="utf-8")
        self.type(line + "\t")
        wait_until(lambda: offered.read_text(encoding="utf-8").endswith("END\n"),
                   f"zsh completes {line!r}\n{self.screen.decode()}")
        self.type("\x15")  # ^U: an empty line again
        return {word for word in offered.read_text(encoding="utf-8").split("\n")[:-2] if word}

    def close(self):
        self.type("\x15exit\n")
        self.process.wait(20)


_zsh = []


def zsh(line):
    if not _zsh:
        _zsh.append(Zsh())
    return _zsh[0].offers(line)


SHELLS = {"bash": bash, "zsh": zsh}


def both(line, expected):
    for name, shell in SHELLS.items():
        equal(shell(line), expected, f"{name}: {line!r}")


# --- behaviours ----------------------------------------------------------------------------------

@behaviour("zsh and bash take the scripts without a word")
def _():
    for program in PROGRAMS:
        output("bash", "-n", "-c", script(program, "bash"))
        (HERE / "check").write_text(script(program, "zsh"), encoding="utf-8")
        output("zsh", "-f", "-n", str(HERE / "check"))


@behaviour("flags of jumpgate, by their beginning")
def _():
    both("jumpgate --lo", {"--log-level", "--log-format"})
    both("jumpgate --listen :1883 --half", {"--half-close-timeout-s"})
    both("jumpgate --nosuch", set())


@behaviour("all flags of jumpgate, where any may stand")
def _():
    pages = {"--help-man", "--help-completion"}
    equal(bash("jumpgate "), flags_of_help(PROGRAMS["jumpgate"]) | pages)
    every = {flag for flag in zsh("jumpgate --") if not flag.startswith("--no-")}
    equal(every, flags_of_help(PROGRAMS["jumpgate"]) | pages)


@behaviour("the words that a flag takes")
def _():
    both("jumpgate --hash-key ", {"client_id", "username", "remote_addr", "cert_cn"})
    both("jumpgate --log-level w", {"warn"})
    both("jumpgate --io-disable rec", {"recv_multishot", "recv_budget"})
    both("jumpload p2p --qos ", {"0", "1", "2"})
    both("jumpload conn -V ", {"3", "4", "5"})
    both("jumpgate --help-completion ", {"bash", "zsh"})
    both("jumpload --scenario fleet-s", {"fleet-spread", "fleet-sticky", "fleet-scale-out"})


@behaviour("the words behind --flag=, with and without = in COMP_WORDBREAKS")
def _():
    equal(bash("jumpgate --log-level="), {"error", "warn", "info", "debug"})
    equal(bash("jumpgate --log-level=in"), {"info"})
    equal(bash("jumpgate --log-level=in", breaks=""), {"--log-level=info"})
    equal(bash("jumpgate --log-level=", breaks=":"),
          {f"--log-level={word}" for word in ("error", "warn", "info", "debug")})
    equal(zsh("jumpgate --log-level=in"), {"info"})


@behaviour("switches can be turned off, and what is no setting cannot")
def _():
    both("jumpgate --no-pin", {"--no-pin-cpus"})
    both("jumpgate --no-che", set())
    both("jumpload conn --no-", {"--no-verify"})  # a flag's own name


@behaviour("names of files and folders, where a flag takes one")
def _():
    for name in ("fleet one.yaml", "fleet.json"):
        (HERE / name).write_text("", encoding="utf-8")
    (HERE / "fleets").mkdir()
    equal(bash("jumpgate --config fl"), {"fleet one.yaml", "fleet.json", "fleets"})
    equal(bash("jumpgate --state-dir fl"), {"fleets"})
    equal(bash("jumpload conn --json=flee"), {"fleet one.yaml", "fleet.json", "fleets"})
    equal(zsh("jumpgate --config fl"), {"fleet\\ one.yaml", "fleet.json", "fleets"})
    equal(zsh("jumpgate --state-dir fl"), {"fleets"})


@behaviour("nothing where a host, a port or a number is expected")
def _():
    for line in ("jumpgate --listen ", "jumpgate --broker ", "jumpgate --broker b1:",
                 "jumpgate --threads ", "jumpload conn --host ", "jumpload pub -t "):
        both(line, set())


@behaviour("flags again behind a value that has a colon")
def _():
    both("jumpgate --listen 127.0.0.1:1883 --bro", {"--broker"})


@behaviour("the modes of jumpload, at the first place only")
def _():
    both("jumpload ", modes())
    both("jumpload p", {mode for mode in modes() if mode.startswith("p")})
    assert not bash("jumpload conn ") & modes()
    both("jumpload nosuch --", set())
    both("jumpload --v", {"--version"})


@behaviour("each mode has the flags of its own --help")
def _():
    both("jumpload p2p --qo", {"--qos"})
    both("jumpload conn --qo", set())
    for mode in modes():
        expected = flags_of_help(PROGRAMS["jumpload"], mode)
        equal(bash(f"jumpload {mode} --"), expected, mode)
        equal(zsh(f"jumpload {mode} --"), expected, mode)


@behaviour("behind the mode that a mode runs, that mode's flags")
def _():
    for mode in ("compare", "find-max"):
        own = flags_of_help(PROGRAMS["jumpload"], mode)
        both(f"jumpload {mode} --", own)
        both(f"jumpload {mode} p2", {"p2p"})
        both(f"jumpload {mode} bro", set())
        both(f"jumpload {mode} p2p --qo", {"--qos"})
        both(f"jumpload {mode} p2p --qos ", {"0", "1", "2"})
        equal(bash(f"jumpload {mode} p2p --"), flags_of_help(PROGRAMS["jumpload"], "p2p"))
        equal(zsh(f"jumpload {mode} p2p --"), flags_of_help(PROGRAMS["jumpload"], "p2p"))
    both("jumpload compare --target a=127.0.0.1:1883 conn --hos", {"--host"})


@behaviour("zsh offers a flag that may stand once only once")
def _():
    equal(zsh("jumpgate --log-level info --log-l"), set())
    equal(zsh("jumpgate --broker b1:1883 --brok"), {"--broker"})
    equal(zsh("jumpload p2p -q 1 --qo"), set())


@behaviour("a sourced zsh script registers itself, and the shell ends well")
def _():
    for program in PROGRAMS:
        text = script(program, "zsh")
        read = output("zsh", "-f", "-c", "autoload -Uz compinit && compinit -D -u\n" + text +
                      f"\nprint -r -- $_comps[{program}]")
        equal(read, f"_{program}\n")
    if _zsh:
        _zsh[0].close()


if __name__ == "__main__":
    harness.main()
