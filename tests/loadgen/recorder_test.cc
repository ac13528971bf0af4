#include "loadgen/recorder.h"

#include <gtest/gtest.h>

namespace jumpgate::load {
namespace {

TEST(Recorder, MergesEverythingItHolds) {
    Recorder one;
    Recorder two;
    for (Recorder* each : {&one, &two}) {
        each->add(Count::Sent, 3);
        each->setup_failed(Cause::Refused);
        each->connection_lost(Cause::Reset);
        each->connack_refused(0x87);
        for (Histogram* times : {&each->latency, &each->service, &each->acknowledgement,
                                 &each->send_lateness, &each->connect, &each->subscribe}) {
            times->record(10);
        }
        each->wall_ns = 100;
    }
    one.busy_ns = 10;
    two.busy_ns = 80;
    Recorder sum;
    sum.merge(one);
    sum.merge(two);
    EXPECT_EQ(sum[Count::Sent], 6U);
    EXPECT_EQ(sum[Count::ConnectionsLost], 2U);
    EXPECT_EQ(sum.setup_failures(Cause::Refused), 2U);
    EXPECT_EQ(sum.connections_lost(Cause::Reset), 2U);
    EXPECT_EQ(sum.connack_codes(0x87), 2U);
    EXPECT_EQ(sum.latency.count(), 2U);
    EXPECT_EQ(sum.service.count(), 2U);
    EXPECT_EQ(sum.acknowledgement.count(), 2U);
    EXPECT_EQ(sum.send_lateness.count(), 2U);
    EXPECT_EQ(sum.connect.count(), 2U);
    EXPECT_EQ(sum.subscribe.count(), 2U);
    EXPECT_DOUBLE_EQ(sum.busiest_share, 0.8);
    Recorder total;  // merging sums keeps the busiest thread
    total.merge(sum);
    EXPECT_DOUBLE_EQ(total.busiest_share, 0.8);
}

}  // namespace
}  // namespace jumpgate::load
