#include "core/admin/reload_thread.h"

#include <atomic>
#include <chrono>
#include <condition_variable>

#include "core/base/read_file.h"
#include "tests/admin/catalog_fixture.h"

namespace jumpgate {
namespace {

// Reads one file, whose name may change, and counts how often.
class ReloadThreadTest : public CatalogFixture {
  protected:
    ReloadThreadTest() : log_(LineFormat::Text, Severity::Error, [](std::string_view) {}) {}

    LoadedFiles load() {
        const std::lock_guard lock(mutex_);
        ++loads_;
        loaded_.notify_all();
        const auto read = read_file(path_);
        const auto* text = std::get_if<std::string>(&read);
        return {files_of(text == nullptr ? "{}" : *text), {}, {}};
    }
    std::vector<std::string> paths() {
        const std::lock_guard lock(mutex_);
        return {path_};
    }
    // The catalog holds that upstream, within a deadline.
    bool comes(std::string_view id) {
        std::unique_lock lock(mutex_);
        for (int waits = 0; waits < 200; ++waits) {
            if (catalog_->get(ObjectType::Upstream, id).has_value()) return true;
            loaded_.wait_for(lock, std::chrono::milliseconds(50));
        }
        return false;
    }
    static std::string upstream(std::string_view id) {
        return fmt::format("upstreams:\n  - id: {}\n    nodes:\n      '127.0.0.1:1883': 1\n", id);
    }

    std::mutex mutex_;
    std::condition_variable loaded_;
    std::string path_;
    int loads_ = 0;
    EventLog log_;
};

TEST_F(ReloadThreadTest, ReloadsWhenAFileChangesWhenAskedAndWatchesOtherFilesThen) {
    path_ = scratch_.write("one.yaml", upstream("first"));
    Reloader reloader(
        *catalog_, [this] { return load(); }, log_);
    auto started = ReloadThread::start(reloader, [this] { return paths(); });
    ASSERT_TRUE(started);
    auto thread = std::move(*started);
    EXPECT_EQ(loads_, 0);  // what is there was read before
    thread->call();
    EXPECT_TRUE(comes("first"));
    scratch_.write("one.yaml", upstream("second"));
    EXPECT_TRUE(comes("second"));
    EXPECT_FALSE(catalog_->get(ObjectType::Upstream, "first").has_value());
    {
        const std::lock_guard lock(mutex_);
        path_ = scratch_.write("two.yaml", upstream("third"));
    }
    thread->call();
    EXPECT_TRUE(comes("third"));
    scratch_.write("two.yaml", upstream("fourth"));  // nobody calls
    EXPECT_TRUE(comes("fourth"));
    thread.reset();
    const int loads = loads_;
    scratch_.write("two.yaml", upstream("fifth"));
    EXPECT_EQ(loads_, loads);
}

// A file that is written while it is being read is read once more.
TEST_F(ReloadThreadTest, AChangeDuringAReloadIsNotLost) {
    path_ = scratch_.write("one.yaml", upstream("first"));
    for (int round = 0; round < 20; ++round) {
        const std::string id = fmt::format("round-{}", round);
        bool written = false;
        Reloader reloader(
            *catalog_,
            [&] {
                LoadedFiles loaded = load();
                if (!written) scratch_.write("one.yaml", upstream(id));  // behind its back
                written = true;
                return loaded;
            },
            log_);
        auto started = ReloadThread::start(reloader, [this] { return paths(); });
        ASSERT_TRUE(started);
        (*started)->call();
        EXPECT_TRUE(comes(id));
    }
}

TEST_F(ReloadThreadTest, EndsAmidAStormOfCallsAndChanges) {
    path_ = scratch_.path("0.yaml");
    Reloader reloader(
        *catalog_,
        [this] {
            const std::lock_guard lock(mutex_);
            ++loads_;
            loaded_.notify_all();
            return LoadedFiles{files_of("{}"), {}, {}};
        },
        log_);
    for (int round = 0; round < 20; ++round) {
        auto started = ReloadThread::start(reloader, [this] { return paths(); });
        ASSERT_TRUE(started);
        std::atomic<bool> over = false;
        std::thread caller([&] {
            while (!over) (*started)->call();
        });
        std::thread writer([&] {
            for (int i = 0; !over; ++i) {
                scratch_.write(fmt::format("{}.yaml", i % 2), upstream("x"));
                const std::lock_guard lock(mutex_);
                path_ = scratch_.path(fmt::format("{}.yaml", i % 2));  // other files to watch
            }
        });
        {
            std::unique_lock lock(mutex_);
            const int before = loads_;
            EXPECT_TRUE(loaded_.wait_for(lock, std::chrono::seconds(10),
                                         [&] { return loads_ >= before + 5; }));
        }
        over = true;
        caller.join();
        writer.join();
        started->reset();
    }
}

TEST_F(ReloadThreadTest, OtherFilesAreWatchedWhenSomebodySaysSo) {
    path_ = scratch_.write("one.yaml", upstream("first"));
    Reloader reloader(
        *catalog_, [this] { return load(); }, log_);
    auto started = ReloadThread::start(reloader, [this] { return paths(); });
    ASSERT_TRUE(started);
    auto thread = std::move(*started);
    {
        const std::lock_guard lock(mutex_);
        path_ = scratch_.write("two.yaml", upstream("second"));
    }
    thread->look_at_paths();
    EXPECT_TRUE(comes("second"));  // it may have changed before it was watched
    for (int i = 0; i < 20; ++i) {
        thread->look_at_paths();
        scratch_.write("two.yaml", upstream(fmt::format("u{}", i)));
        EXPECT_TRUE(comes(fmt::format("u{}", i)));
    }
    thread->look_at_paths();
    thread.reset();
    EXPECT_LE(loads_, 30);  // who only asks which files reloads nothing
}

TEST_F(ReloadThreadTest, EndsAtOnceWhereNothingHappens) {
    path_ = scratch_.path("missing.yaml");
    Reloader reloader(
        *catalog_, [this] { return load(); }, log_);
    auto started = ReloadThread::start(reloader, [this] { return paths(); });
    ASSERT_TRUE(started);
    started->reset();
    EXPECT_EQ(loads_, 0);
}

}  // namespace
}  // namespace jumpgate
