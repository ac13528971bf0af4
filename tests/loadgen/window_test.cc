#include "loadgen/window.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

TEST(Window, FindsANumberByItsPacketIdentifierAcrossTheWrap) {
    Window window;
    for (uint32_t n = 0; n < 200'000; ++n) {
        const uint32_t sequence = window.take(false);
        ASSERT_EQ(sequence, n);
        ASSERT_NE(Window::packet_id(n), 0);
        ASSERT_EQ(window.waiting(Window::packet_id(n)), n);
        if (window.span() == Window::kSpanMax) {
            window.answer(window.oldest());
        }
    }
}

TEST(Window, HasNoUseForAnIdentifierThatDoesNotWait) {
    Window window;
    window.take(false);
    EXPECT_FALSE(window.waiting(0));
    EXPECT_FALSE(window.waiting(2));
    window.answer(0);
    EXPECT_FALSE(window.waiting(1));
}

TEST(Window, MovesOnlyWhenTheOldestIsAnswered) {
    Window window;
    for (int i = 0; i < 64; ++i) window.take(false);
    window.answer(63);
    window.answer(1);
    EXPECT_EQ(window.oldest(), 0U);
    EXPECT_FALSE(window.waits(1));
    EXPECT_TRUE(window.waits(0));
    window.answer(0);
    EXPECT_EQ(window.oldest(), 2U);
    for (uint32_t n = 2; n < 63; ++n) window.answer(n);
    EXPECT_EQ(window.span(), 0U);
    EXPECT_EQ(window.next(), 64U);
}

TEST(Window, RemembersWhatWasReleased) {
    Window window;
    window.take(false);
    window.take(false);
    window.release(1);
    EXPECT_FALSE(window.released(0));
    window.answer(0);
    EXPECT_TRUE(window.released(1));
}

TEST(Window, Qos0NeverFillsIt) {
    Window window;
    for (int i = 0; i < 1'000; ++i) window.take(true);
    EXPECT_EQ(window.span(), 0U);
}

}  // namespace
}  // namespace jumpgate::load
