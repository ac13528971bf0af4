// AccessLogFile: the file that the access log goes to.
//
// Law: a line is in the file whole, or it is counted as lost; a full disk, or a pipe that nobody
// reads, loses lines and stops nothing. Belongs to the control thread. It does not rotate:
// logrotate renames, then SIGUSR1 (reopen) starts the new file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace jumpgate {

class AccessLogFile {
  public:
    AccessLogFile() = default;
    ~AccessLogFile();
    AccessLogFile(const AccessLogFile&) = delete;
    AccessLogFile& operator=(const AccessLogFile&) = delete;

    // Appends to `path`, which is created (0640) where it is not there; "-": standard output.
    // Empty, or what is wrong: "open /var/log/x: Permission denied".
    std::string open(const std::string& path);
    // Opens the same path anew, after what was gathered went to the old file; where that fails, as
    // open() says, the old file stays in use. Nothing to do where none is open.
    std::string reopen();

    // Gathers a line, newline included; writes when there are enough of them. REQUIRES: open.
    void write(std::string_view line);
    // To be called when no more lines come for now.
    void flush();
    // Lines that could not be written, and errno of the last one: 0 for none.
    uint64_t lost_lines() const { return lost_lines_; }
    int32_t last_error() const { return last_error_; }

  private:
    void close();
    // How much of `bytes` went out.
    size_t write_some(std::string_view bytes);

    std::string path_;
    std::string gathered_;
    int fd_ = -1;
    bool torn_ = false;  // the file ends in a piece of a line
    uint64_t lost_lines_ = 0;
    int32_t last_error_ = 0;
};

}  // namespace jumpgate
