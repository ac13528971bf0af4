// HdrCodec: histograms as HdrHistogram's tools exchange them: encoding V2, deflated, in base64.
//
// Law: what is written is read back with every count; what is not such a histogram is refused, in
// bounded memory. The counts alone travel: min, max and sum come back rounded to their buckets
// (Histogram::restore() puts exact ones in). The format is that of AbstractHistogram.java,
// encodeIntoCompressedByteBuffer(), of HdrHistogram 2.
#pragma once

#include <string>
#include <string_view>

#include "core/base/histogram.h"
#include "core/base/parsed.h"

namespace jumpgate::load {

std::string encode_hdr(const Histogram& histogram);

// Of our layout: 3 significant digits, unit 1, values up to an hour of microseconds.
Parsed<Histogram> decode_hdr(std::string_view base64);

}  // namespace jumpgate::load
