// ReportConnections: the parts of a report page about connecting: how the time of a set-up splits
// into TCP, TLS, CONNACK and SUBACK, which broker got how many clients, and what went wrong.
//
// Law: a row stands where at least one run has it. Returns whole <section> elements, empty where
// there is nothing to show; bars are plain HTML, drawn without a script. Pure.
#pragma once

#include <span>
#include <string>

#include "loadgen/report_run.h"

namespace jumpgate::load {

std::string phases_table(std::span<const ReportRun> runs);
std::string brokers_table(std::span<const ReportRun> runs);
std::string errors_table(std::span<const ReportRun> runs);

}  // namespace jumpgate::load
