// Task<T> and Detached: the two coroutine types of the setup phase.
//
// Law: a frame is counted from birth to death (`live_frames()`), so that tests and the exit path
// can assert that none leaked. A suspended coroutine is never destroyed: its operation is cancelled
// and it runs to its end. The five rules that keep g++ 12 honest: docs/style.md.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

namespace jumpgate {

// Frames of this thread that are alive.
size_t live_frames();

// Base of every promise. Out of line: an inline pair draws a false -Wmismatched-new-delete (g++
// 12).
struct FrameCount {
    static void* operator new(size_t bytes);
    static void operator delete(void* frame, size_t bytes) noexcept;
};

// A coroutine that another one awaits; starts when awaited and hands its value to the awaiter.
template <class T>
class [[nodiscard]] Task {
  public:
    struct promise_type : FrameCount {
        T value{};
        std::coroutine_handle<> parent = std::noop_coroutine();

        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct ToParent {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> self) noexcept {
                return self.promise().parent;
            }
            void await_resume() noexcept {}
        };
        ToParent final_suspend() noexcept { return {}; }
        void return_value(T result) { value = std::move(result); }
        void unhandled_exception() noexcept { std::terminate(); }
    };

    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (frame_) frame_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        frame_.promise().parent = parent;
        return frame_;
    }
    T await_resume() { return std::move(frame_.promise().value); }

  private:
    explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

// A coroutine nobody awaits: runs at once, frees its frame at its end.
struct Detached {
    struct promise_type : FrameCount {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

}  // namespace jumpgate
