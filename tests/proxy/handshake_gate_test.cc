// HandshakeGate: at most so many steps in a turn, first come, first served.
#include "core/proxy/handshake_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace jumpgate {
namespace {

std::unique_ptr<Ring> small_ring() {
    RingLimits limits;
    limits.submissions = 16;
    limits.completions = 64;
    return std::move(*Ring::open(limits));
}

struct Caller : GateWaiter {
    Caller(int which, std::vector<int>& log)
        : GateWaiter([](GateWaiter& waiter) {
              Caller& self = static_cast<Caller&>(waiter);
              self.order->push_back(self.number);
          }),
          number(which),
          order(&log) {}
    int number;
    std::vector<int>* order;
};

TEST(HandshakeGate, LetsSoManyPassInATurnAndTheOthersInOrderLater) {
    std::unique_ptr<Ring> ring = small_ring();
    HandshakeGate gate(*ring, 2);
    std::vector<int> order;
    std::vector<std::unique_ptr<Caller>> callers;
    for (int i = 0; i < 7; ++i) {
        callers.push_back(std::make_unique<Caller>(i, order));
        EXPECT_EQ(gate.pass(*callers.back(), false), i < 2) << i;
    }
    EXPECT_EQ(gate.held_back(), 5U);
    std::vector<size_t> after_turn;
    while (gate.in_flight()) {
        ring->turn(1'000'000'000);
        after_turn.push_back(order.size());
    }
    EXPECT_EQ(order, (std::vector<int>{2, 3, 4, 5, 6}));
    EXPECT_EQ(after_turn, (std::vector<size_t>{2, 4, 5}));
}

// Whoever came first: the fourth step is a new handshake's, even where a turn has but one.
TEST(HandshakeGate, FinishesWhatWasBegunButKeepsNobodyOut) {
    for (uint32_t per_turn : {1U, 3U, 8U}) {
        std::unique_ptr<Ring> ring = small_ring();
        HandshakeGate gate(*ring, per_turn);
        std::vector<int> order;
        std::vector<std::unique_ptr<Caller>> callers;
        for (uint32_t i = 0; i < per_turn; ++i) {
            callers.push_back(std::make_unique<Caller>(0, order));
            EXPECT_TRUE(gate.pass(*callers.back(), false));
        }
        for (int number : {1, 2, 3, 11, 12, 13, 14, 15}) {
            callers.push_back(std::make_unique<Caller>(number, order));
            EXPECT_FALSE(gate.pass(*callers.back(), number > 10));
        }
        while (gate.in_flight()) ring->turn(1'000'000'000);
        EXPECT_EQ(order, (std::vector<int>{11, 12, 13, 1, 14, 15, 2, 3})) << per_turn;
    }
}

TEST(HandshakeGate, StartsAfreshInEachTurn) {
    std::unique_ptr<Ring> ring = small_ring();
    HandshakeGate gate(*ring, 1);
    std::vector<int> order;
    Caller caller(0, order);
    for (int turn = 0; turn < 3; ++turn) {
        EXPECT_TRUE(gate.pass(caller, false)) << turn;
        ring->turn(0);
    }
}

TEST(HandshakeGate, ForgetsWhoGaveUp) {
    std::unique_ptr<Ring> ring = small_ring();
    HandshakeGate gate(*ring, 1);
    std::vector<int> order;
    Caller first(1, order);
    Caller second(2, order);
    Caller third(3, order);
    EXPECT_TRUE(gate.pass(first, false));
    EXPECT_FALSE(gate.pass(second, false));
    EXPECT_FALSE(gate.pass(third, false));
    second.unlink();
    while (gate.in_flight()) ring->turn(1'000'000'000);
    EXPECT_EQ(order, std::vector<int>{3});
}

}  // namespace
}  // namespace jumpgate
