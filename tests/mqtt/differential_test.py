#!/usr/bin/python3
"""Proxy and broker must read the same client id from the same bytes.

Feeds valid CONNECT packets and seeded mutations of them to parse_connect (connect_dump), to npm
mqtt-packet, and to a real mosquitto, and compares. The rules:
  - where we and a peer both accept, the ids are identical;
  - where mosquitto accepts, we read the same id or refuse;
  - where we accept and mosquitto does not, KNOWN_LAXER says why.
Usage: differential_test.py CONNECT_DUMP NODE_MODULES. Prints TAP; skips a missing peer.
"""
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / 'bench'))
from ports import free_port

SEED = 20240607
MUTATIONS_PER_PACKET = 40
DEADLINE_S = 20
CONTROL = re.compile(r'[\x01-\x1f\x7f-\x9f\ufdd0-\ufdef]|[\ufffe\uffff]')
HERE = pathlib.Path(__file__).resolve().parent


def has_control(case):
    return CONTROL.search(bytes.fromhex(case.ours['strings']).decode('utf-8')) is not None


# Where parse_connect accepts and mosquitto refuses: (reason, test of input and mosquitto's answer).
KNOWN_LAXER = [
    ('a control or non-character: SHOULD NOT, the broker may close (1.5.3, 1.5.4)', has_control),
    ('an authentication method that it has no plugin for (CONNACK 0x8C)',
     lambda case: case.mosquitto.startswith('CONNACK 140')),
]
# The versions that KNOWN_LAXER was written against; with another one it is printed, not judged.
CHECKED_VERSIONS = ('2.0.11',)


class Case:
    """One input, with what each parser said of it."""

    def __init__(self, name, packet, is_original=False):
        self.is_original = is_original
        self.name = name
        self.packet = packet
        self.ours = self.node = None
        self.mosquitto = ''  # 'accepted', 'CONNACK n', 'closed'
        self.mosquitto_id = None

    def __str__(self):
        return f'{self.name}: {self.packet.hex()} ours {self.ours} mosquitto {self.mosquitto} ' \
               f'{self.mosquitto_id} mqtt-packet {self.node}'

    def is_valid(self):
        return self.ours['verdict'] == 'valid'

    def our_id(self):
        return bytes.fromhex(self.ours['id'])


# --- inputs


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if value == 0:
            return bytes(out)


def body_of(packet):
    end = 1
    while packet[end] & 0x80:
        end += 1
    return packet[end + 1:]


def mutate(rng, packet):
    """Changes, removes, repeats or adds bytes; the remaining length is made to fit, or not."""
    body = bytearray(body_of(packet))
    for _ in range(rng.choice((1, 1, 1, 2))):
        at = rng.randrange(len(body))
        kind = rng.randrange(5)
        if kind <= 1:
            body[at] = rng.choice((0, 1, 2, 4, 5, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            del body[at]
        elif kind == 3:
            body.insert(at, rng.choice((0, 1, rng.randrange(256))))
        else:
            body[at] ^= 1 << rng.randrange(8)
    if rng.randrange(8) == 0:
        return packet[:1] + varint(len(body) + rng.choice((-1, 1))) + bytes(body)
    return packet[:1] + varint(len(body)) + bytes(body)


def padded(packet):
    """The same packet with its remaining length one byte longer than need be."""
    length = bytearray(varint(len(body_of(packet))))
    length[-1] |= 0x80
    return packet[:1] + bytes(length) + b'\0' + body_of(packet)


def make_cases(dump):
    listed = subprocess.run([dump, '--corpus'], check=True, capture_output=True, text=True).stdout
    valid = [json.loads(line) for line in listed.splitlines()]
    rng = random.Random(SEED)
    # Mosquitto 2.0 takes 0x85 for 5 but reads no properties: the reason why we refuse it.
    odd = b'\0\4MQTT\x85\2\0\x3c' + b'\0\7bridge5'
    cases = [Case('5 with the bridge bit, by hand', b'\x10' + varint(len(odd)) + odd)]
    for each in valid:
        packet = bytes.fromhex(each['packet'])
        cases.append(Case(each['name'], packet, is_original=True))
        cases.append(Case(each['name'] + ', padded length', padded(packet)))
        for _ in range(MUTATIONS_PER_PACKET):
            cases.append(Case(each['name'] + ', mutated', mutate(rng, packet)))
    return cases, len(valid)


def ask(command, cases, env=None):
    """One line of hex in, one line of JSON out."""
    text = ''.join(case.packet.hex() + '\n' for case in cases)
    done = subprocess.run(command, input=text, capture_output=True, text=True, env=env,
                          timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- mosquitto


class Mosquitto:
    """A broker of our own on a free port; its log is read once it has ended."""

    def __init__(self, program):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)  # it gives up root before it reads its files again
        config = pathlib.Path(self.folder.name, 'mosquitto.conf')
        config.write_text(f'listener {self.port} 127.0.0.1\nallow_anonymous true\n'
                          'persistence false\nlog_dest stderr\nlog_type all\n', encoding='ascii')
        self.log = open(pathlib.Path(self.folder.name, 'log'), 'w+b')
        self.process = subprocess.Popen([program, '-c', str(config)],
                                        stdout=subprocess.DEVNULL, stderr=self.log)
        give_up = time.monotonic() + DEADLINE_S
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port)).close()
                return
            except OSError:
                if time.monotonic() > give_up or self.process.poll() is not None:
                    self.process.kill()
                    raise
                try:  # a broker that ends now ends the wait as well
                    self.process.wait(timeout=0.01)
                except subprocess.TimeoutExpired:
                    pass

    def answer(self, packet):
        """Sends the packet and the end of the stream; gives the verdict and our port."""
        with socket.create_connection(('127.0.0.1', self.port), DEADLINE_S) as client:
            port = client.getsockname()[1]
            answer = b''
            try:
                client.sendall(packet)
                client.shutdown(socket.SHUT_WR)
            except OSError:  # it may have closed already; its answer can still be there
                pass
            try:
                while len(answer) < 4:
                    more = client.recv(4 - len(answer))
                    if not more:
                        break
                    answer += more
            except ConnectionError:
                pass
        if len(answer) < 4:
            return 'closed', port
        return ('accepted' if answer[3] == 0 else f'CONNACK {answer[3]}'), port

    def ids(self):
        """Ends the broker; gives the ids that it logged, by the client's port, in order."""
        self.process.terminate()
        status = self.process.wait(DEADLINE_S)
        self.log.seek(0)
        logged = self.log.read()
        self.log.close()
        self.folder.cleanup()
        if status != 0:
            raise RuntimeError(f'mosquitto ended with status {status}')
        pattern = (rb'New (?:client|bridge) connected from 127\.0\.0\.1:(\d+) as (.*) '
                   rb'\(p\d, c\d, k\d+.*\)\.$')
        found = {}
        for port, name in re.findall(pattern, logged, re.MULTILINE):
            found.setdefault(int(port), []).append(name)
        return found


def ask_mosquitto(program, cases):
    broker = Mosquitto(program)
    ports = []
    try:
        for case in cases:
            case.mosquitto, port = broker.answer(case.packet)
            ports.append(port)
        ids = broker.ids()
    finally:
        broker.process.kill()  # of no effect once ids() has seen its end
    for case, port in zip(cases, ports):
        if case.mosquitto == 'accepted':
            case.mosquitto_id = ids[port].pop(0)


# --- TAP


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def result(self, name, faults, skip=None):
        """Passes where there are no faults; prints the first of them."""
        self.count += 1
        for fault in faults[:10]:
            print(f'# {fault}')
        self.failed += bool(faults)
        note = f' # SKIP {skip}' if skip else ''
        print(f'{"not ok" if faults else "ok"} {self.count} - {name}{note}')

    def note(self, text):
        print(f'# {text}')


def is_same_id(case):
    """A broker makes up an id for an empty one (MQTT-3.1.3-6)."""
    if case.our_id() == b'':
        return re.match(rb'auto-|[0-9A-Fa-f-]{20,}$', case.mosquitto_id) is not None
    return case.our_id() == case.mosquitto_id


def nothing_in(both):
    return [] if both else ['no packet was accepted by both: nothing was compared']


def compare_mosquitto(tap, cases, version):
    both = [case for case in cases if case.is_valid() and case.mosquitto == 'accepted']
    tap.result(f'mosquitto {version} reads the same id from {len(both)} packets that both accept',
               [case for case in both if not is_same_id(case)] or nothing_in(both))
    stricter = [case for case in cases if not case.is_valid() and case.mosquitto == 'accepted']
    for text, count in Counter(case.ours.get('text', 'need more') for case in stricter).items():
        tap.note(f'we refuse, mosquitto accepts: {count} x {text}')
    if os.environ.get('DIFFERENTIAL_VERBOSE'):
        for case in stricter:
            tap.note(case)
    unknown = []
    known = Counter()
    for case in cases:
        if not case.is_valid() or case.mosquitto == 'accepted':
            continue
        reasons = [reason for reason, holds in KNOWN_LAXER if holds(case)]
        if reasons:
            known[reasons[0]] += 1
        else:
            unknown.append(case)
    for reason, count in known.items():
        tap.note(f'we accept, mosquitto refuses: {count} x {reason}')
    if version in CHECKED_VERSIONS:
        tap.result('what only mosquitto refuses has a known reason', unknown)
        return
    for case in unknown:
        tap.note(f'only mosquitto {version} refuses {case}')
    tap.result('what only mosquitto refuses has a known reason', [], 'another version')


def compare_node(tap, cases):
    both = [case for case in cases if case.is_valid() and case.node['verdict'] == 'valid']
    tap.result(f'mqtt-packet reads the same id from {len(both)} packets that both accept',
               [case for case in both if case.ours['id'] != case.node['id']] or nothing_in(both))
    for ours, theirs in ((True, False), (False, True)):
        texts = Counter(str((case.node if ours else case.ours).get('text', 'need more'))
                        for case in cases
                        if case.is_valid() == ours and (case.node['verdict'] == 'valid') == theirs)
        who = 'we accept, mqtt-packet refuses' if ours else 'we refuse, mqtt-packet accepts'
        for text, count in texts.items():
            tap.note(f'{who}: {count} x {text}')


def main():
    dump, node_modules = sys.argv[1:]
    tap = Tap()
    print('TAP version 13\n1..4')
    cases, valid = make_cases(dump)
    for case, ours in zip(cases, ask([dump], cases)):
        case.ours = ours
    tap.result(f'parse_connect accepts all {valid} packets of the corpus',
               [case for case in cases if case.is_original and not case.is_valid()])

    node = shutil.which('node')
    if node and pathlib.Path(node_modules, 'mqtt-packet').is_dir():
        env = dict(os.environ, NODE_PATH=node_modules)
        script = str(HERE / 'differential' / 'mqtt_packet.js')
        for case, theirs in zip(cases, ask([node, script], cases, env)):
            case.node = theirs
        compare_node(tap, cases)
    else:
        tap.result('mqtt-packet', [], f'node or {node_modules}/mqtt-packet is missing')

    mosquitto = shutil.which('mosquitto', path=os.environ.get('PATH', '') + ':/usr/sbin')
    if mosquitto:
        ask_mosquitto(mosquitto, cases)
        said = subprocess.run([mosquitto, '-h'], capture_output=True, text=True, check=False).stdout
        compare_mosquitto(tap, cases, said.split()[2])
    else:
        for _ in range(2):
            tap.result('mosquitto', [], 'mosquitto is not installed')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
