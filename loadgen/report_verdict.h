// ReportVerdict: what a run's figures mean, in a plain sentence each: what was asked, whether it
// was reached, what became of the messages, and whether the generator itself was the limit.
//
// Law: says what the file says, agrees with jumpload's exit code, and is silent about what the file
// does not hold. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report_run.h"

namespace jumpgate::load {

// From the best to the worst. Told: a fact that is neither.
enum class Grade : uint8_t { Told, Good, Doubtful, Bad };

std::string_view word(Grade grade);  // "good", also the class in the style sheet

struct Sentence {
    Grade grade;
    std::string_view mark;  // a word or two before it: "lost"
    std::string text;
    std::string_view reason = {};  // for the headline, where it is doubtful or bad
};

struct ReportVerdict {
    Grade grade = Grade::Told;  // the worst of its sentences
    std::string headline;
    std::vector<Sentence> sentences;
};

ReportVerdict judge(const ReportRun& run);

}  // namespace jumpgate::load
