// hdr-histogram-js for scripts. NODE_PATH names the folder that holds it.
//   hdr_peer.js decode            base64 histograms, one per line -> JSON, one per line
//   hdr_peer.js encode            the same, written again by this library
//   hdr_peer.js distribution      a base64 histogram -> its percentile distribution, in ms
//   hdr_peer.js log               an interval log -> a JSON line per interval
'use strict';
const fs = require('fs');
const hdr = require('hdr-histogram-js');

const PERCENTILES = [0, 50, 90, 99, 99.9, 99.99, 100];
const BITS = 64;
const words = (histogram) => ({
    count: histogram.totalCount,
    min: histogram.minNonZeroValue,
    max: histogram.maxValue,
    percentiles: PERCENTILES.map((p) => histogram.getValueAtPercentile(p)),
});
const decode = (text) => hdr.decodeFromCompressedBase64(text, BITS);

const input = fs.readFileSync(0, 'utf8');
const lines = input.split('\n').filter((line) => line !== '');
const print = (value) => process.stdout.write(
    (typeof value === 'string' ? value : JSON.stringify(value)) + '\n');
switch (process.argv[2]) {
case 'decode':
    lines.forEach((line) => print(words(decode(line))));
    break;
case 'encode':
    lines.forEach((line) => print(hdr.encodeIntoCompressedBase64(decode(line))));
    break;
case 'distribution':
    process.stdout.write(decode(lines[0]).outputPercentileDistribution(5, 1000));
    break;
case 'log': {
    const reader = new hdr.HistogramLogReader(input, BITS);
    for (let each = reader.nextIntervalHistogram(); each; each = reader.nextIntervalHistogram()) {
        print({ tag: each.tag, start_ms: each.startTimeStampMsec, end_ms: each.endTimeStampMsec,
                ...words(each) });
    }
    break;
}
}
