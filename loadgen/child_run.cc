#include "loadgen/child_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "loadgen/cause.h"

namespace jumpgate::load {

using Json = nlohmann::json;

ChildResult::ChildResult() = default;
ChildResult::ChildResult(ChildResult&&) noexcept = default;
ChildResult& ChildResult::operator=(ChildResult&&) noexcept = default;
ChildResult::~ChildResult() = default;

namespace {

// A file without a name, which a child may open by its number.
class MemoryFile {
  public:
    explicit MemoryFile(const char* what) : fd_(memfd_create(what, 0)) {}
    ~MemoryFile() {
        if (fd_ >= 0) close(fd_);
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    bool open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    std::string path() const { return "/dev/fd/" + std::to_string(fd_); }
    std::string text() const {
        std::string all(static_cast<size_t>(std::max<off_t>(lseek(fd_, 0, SEEK_END), 0)), '\0');
        const ssize_t count = pread(fd_, all.data(), all.size(), 0);
        all.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
        return all;
    }

  private:
    int fd_;
};

class SpawnPlan {
  public:
    SpawnPlan(int stdout_fd, int stderr_fd) {
        posix_spawn_file_actions_init(&files_);
        posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files_, stdout_fd, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files_, stderr_fd, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&files_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    // errno, or 0.
    int start(pid_t& pid, const char* program, const std::vector<std::string>& arguments) const {
        std::string name = "jumpload";
        std::vector<char*> argv = {name.data()};
        std::vector<std::string> copies = arguments;
        for (std::string& argument : copies) argv.push_back(argument.data());
        argv.push_back(nullptr);
        return posix_spawn(&pid, program, &files_, &attributes_, argv.data(), environ);
    }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

// SIGCHLD and what ends a run, held back while this lives.
class HeldSignals {
  public:
    HeldSignals() {
        sigemptyset(&held_);
        for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGQUIT, SIGHUP})
            sigaddset(&held_, number);
        pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    int wait() const {
        int number = 0;
        while (sigwait(&held_, &number) != 0) continue;
        return number;
    }

  private:
    sigset_t held_{};
    sigset_t before_{};
};

// Until the child is over; passes on what is meant to end the run. Its wait status.
int wait_for(pid_t pid, const HeldSignals& signals, bool& interrupted) {
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        const int number = signals.wait();
        if (number == SIGCHLD) continue;
        interrupted = true;
        kill(pid, number);
    }
    return status;
}

}  // namespace

Parsed<ChildResult> run_child(std::vector<std::string> arguments, const char* program) {
    const MemoryFile result("jumpload-result");
    const MemoryFile said("jumpload-stderr");
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!result.open() || !said.open() || nowhere < 0) {
        if (nowhere >= 0) close(nowhere);
        return Problem{std::string("no file for the results: ") + std::strerror(errno)};
    }
    arguments.insert(arguments.end(), {"--quiet", "--json", result.path()});
    const HeldSignals signals;
    const SpawnPlan plan(nowhere, said.fd());
    pid_t pid = 0;
    const int failed = plan.start(pid, program, arguments);
    close(nowhere);
    if (failed != 0) return Problem{std::string("could not be started: ") + std::strerror(failed)};

    ChildResult child;
    const int status = wait_for(pid, signals, child.interrupted);
    child.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    child.errors = said.text();
    Json json = Json::parse(result.text(), nullptr, false);
    if (!json.is_discarded()) child.json = std::make_unique<Json>(std::move(json));
    return child;
}

std::vector<std::string> setup_failures(const Json& result) {
    std::vector<std::string> phrases;
    for (size_t i = 0; i < static_cast<size_t>(Cause::kCount); ++i) {
        const auto cause = static_cast<Cause>(i);
        const double count = number_at(result, fmt::format("setup_failures.{}", word(cause)));
        if (count == 0) continue;
        phrases.push_back(fmt::format("{:.0f} attempts failed: {}", count, word(cause)));
        if (!advice(cause).empty()) phrases.back() += fmt::format(" ({})", advice(cause));
    }
    return phrases;
}

double number_at(const Json& json, std::string_view path, double fallback) {
    const Json* at = &json;
    while (!path.empty()) {
        const size_t dot = path.find('.');
        const std::string name(path.substr(0, dot));
        if (!at->is_object() || !at->contains(name)) return fallback;
        at = &at->at(name);
        path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return at->is_number() ? at->get<double>() : fallback;
}

}  // namespace jumpgate::load
