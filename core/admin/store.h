// Store: what the Admin API made, in one file of the state directory that outlives the process.
//
// Law: after a crash at any point the file holds the old text or the new one, whole: a new text is
// written beside it, flushed, and renamed over it. One process per directory (flock(2)). A file
// that is not what was written is an error, never a guess. The text may hold private keys: mode
// 0600. Does not know what the text means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/parsed.h"

namespace jumpgate {

class Store {
  public:
    // Makes the directory where it is missing (its parent must be there). Problems name the path.
    static Parsed<std::unique_ptr<Store>> open(const std::string& directory);
    // The text that open() would find, or why it would fail; without a lock, so also while another
    // process uses the directory, and without a trace in it.
    static Parsed<std::optional<std::string>> look(const std::string& directory);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // The last text that was committed; nothing in a new directory.
    const std::optional<std::string>& at_start() const { return at_start_; }

    // Others than its owner may write in the directory; empty: they may not.
    const std::string& warning() const { return warning_; }

    // Everything that can fail for want of space or rights, without a change to what a restart
    // reads.
    std::optional<Problem> prepare(std::string_view text);
    // Makes the prepared text the one that a restart reads.
    std::optional<Problem> commit();
    // Forgets the prepared text.
    void discard();

  private:
    explicit Store(std::string directory) : directory_(std::move(directory)) {}
    std::optional<Problem> lock();
    void look_at_mode();
    std::optional<Problem> read();
    std::string path() const { return directory_ + "/state.json"; }
    std::string next_path() const { return directory_ + "/state.json.next"; }
    Problem failed(const std::string& path) const;

    std::string directory_;
    int directory_fd_ = -1;
    std::optional<std::string> at_start_;
    std::string warning_;
};

}  // namespace jumpgate
