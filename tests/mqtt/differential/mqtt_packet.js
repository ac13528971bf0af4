// mqtt-packet for scripts: one packet per line in hex on stdin, one line of JSON for each on stdout,
// in the words of connect_dump. NODE_PATH names the folder that holds mqtt-packet.
'use strict';
const mqtt = require('mqtt-packet');
const readline = require('readline');

// The first packet in `octets`, as a fresh connection would see it.
function verdict(octets) {
    let first = null;
    const parser = mqtt.parser();
    const keep = (found) => { first = first || found; };
    parser.on('packet', (packet) => keep({
        verdict: packet.cmd === 'connect' ? 'valid' : 'invalid',
        text: packet.cmd,
        id: packet.cmd === 'connect' ? Buffer.from(packet.clientId, 'utf8').toString('hex') : undefined,
    }));
    parser.on('error', (error) => keep({ verdict: 'invalid', text: error.message }));
    try {
        parser.parse(octets);
    } catch (error) {  // it reads past short packets
        keep({ verdict: 'invalid', text: 'thrown: ' + error.message });
    }
    return first || { verdict: 'need more' };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    process.stdout.write(JSON.stringify(verdict(Buffer.from(line, 'hex'))) + '\n');
});
