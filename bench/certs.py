#!/usr/bin/env python3
"""A test PKI: CAs, servers, brokers, clients, and every certificate that must be refused.

Law: for tests and demonstrations only: the keys lie unencrypted beside their certificates. File
names are fixed, `python3 bench/certs.py --show` lists them with what each is for. Drives the
openssl command (3.0 or newer), no library; a numbered client costs one call.

    import certs
    certs.make_pki("pki", clients=500)
"""
import argparse
import base64
import concurrent.futures
import dataclasses
import datetime
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import tempfile

SERVER_NAMES = ("localhost", "127.0.0.1", "::1")
CLIENT_NAME = "client-%i"
CLIENTS_MAX = 100_000
YEARS_MAX = 100
CN_CHARACTERS_MAX = 64  # ub-common-name, RFC 5280 appendix A.1
BIG_NAMES = 300         # about 8 KiB: the certificate needs several TCP segments, one TLS record
DAY = datetime.timedelta(days=1)

CONFIG = """
[req]
distinguished_name = subject
[subject]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[upper]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[unsigning-ca]
basicConstraints = critical, CA:true
keyUsage = critical, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[lower]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical, CA:false
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
default_ca = issuer
[issuer]
database = index.txt
crlnumber = crlnumber
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = leaf
crl_extensions = crl
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
"""


class CertsError(Exception):
    """openssl is missing or refused; the text says what and why."""


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A certificate and its key: NAME.crt and NAME.key."""
    name: str
    about: str
    names: tuple = ()      # subject alternative names as openssl writes them: "DNS:localhost"
    usage: str = "client"  # extended key usage: server or client
    common_name: str = ""  # where it is not `name`
    issuer: str = "ca"
    rsa: bool = False      # an RSA key, whatever the others have
    days: tuple = ()       # first and last day of validity, from today; empty: --years from now

    @property
    def subject(self):
        return self.common_name or self.name


def alternative_name(name):
    """"::1" -> "IP:::1", "localhost" -> "DNS:localhost"."""
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def leaves(server_names=SERVER_NAMES):
    """Every certificate that has a name of its own; the numbered clients come on top."""
    here = tuple(alternative_name(name) for name in server_names)
    server, device = {"usage": "server", "names": here}, "DNS:{0}.example.test"
    everything = (device.format("client"), "URI:urn:example:device:client",
                  "email:client@example.test")
    return [
        Leaf("server", f"the proxy's, for {', '.join(server_names)}", **server),
        Leaf("server-b", "a second one, chosen by SNI: b.example.test", ("DNS:b.example.test",),
             "server", "b.example.test"),
        Leaf("server-wildcard", "chosen by SNI: *.wild.example.test", ("DNS:*.wild.example.test",),
             "server", "*.wild.example.test"),
        Leaf("server-rsa", "the proxy's with an RSA key, for the same names as server", rsa=True,
             **server),
        Leaf("soon-server", "as server, but it ends in 7 days", days=(-30, 7), **server),
        Leaf("broker", "a broker's, for the same names as server", **server),
        Leaf("proxy", "what the proxy shows to brokers (a client certificate)",
             (device.format("proxy"),)),
        Leaf("client", "a device's: CN client, and one DNS, URI and e-mail name each", everything),
        Leaf("server-chain", "a server's, issued by the intermediate CA, which the file holds too",
             issuer="intermediate", **server),
        Leaf("client-chain", "a device's, issued by the intermediate CA, which the file holds too",
             (device.format("client-chain"),), issuer="intermediate"),
        Leaf("deep-client", "a device's, with two CAs between it and ca, which the file holds too",
             (device.format("deep-client"),), issuer="lower"),
        Leaf("unsigning-client", "refused: its issuer, which the file holds too, is no CA for that",
             issuer="unsigning-ca"),
        Leaf("big-client", f"legal, but large: a CN of {CN_CHARACTERS_MAX} characters and "
             f"{BIG_NAMES} names",
             tuple(device.format(f"name-{number}") for number in range(BIG_NAMES)),
             common_name="big-client-".ljust(CN_CHARACTERS_MAX, "x")),
        Leaf("other-client", "refused: issued by other-ca", (device.format("other-client"),),
             issuer="other-ca"),
        Leaf("other-server", "refused: issued by other-ca", issuer="other-ca", **server),
        Leaf("expired-client", "refused: ended yesterday", days=(-30, -1)),
        Leaf("expired-server", "refused: ended yesterday", days=(-30, -1), **server),
        Leaf("future-client", "refused: begins in 30 days", days=(30, 365)),
        Leaf("future-server", "refused: begins in 30 days", days=(30, 365), **server),
        Leaf("revoked-client", "refused with crl.pem", (device.format("revoked-client"),)),
        Leaf("wrong-host", "refused: a server's for elsewhere.example.test only",
             ("DNS:elsewhere.example.test",), "server", "elsewhere.example.test"),
        Leaf("wrong-usage", "refused: a device shows a certificate that is for servers only",
             (device.format("wrong-usage"),), "server"),
    ]


AUTHORITIES = {
    "ca": "the CA of what follows: for --tls-client-ca, --upstream-ca, --cacertfile",
    "other-ca": "a CA that nobody trusts",
    "intermediate": "a CA below ca, the issuer of server-chain and client-chain",
    "upper": "a CA below ca, the issuer of lower",
    "lower": "a CA below upper, the issuer of deep-client",
    "unsigning-ca": "a CA below ca that may not sign certificates (keyCertSign is missing)",
}
# CA -> the CA that issued it, in the order they are made; their extensions have their names.
ISSUERS = {"intermediate": "ca", "unsigning-ca": "ca", "upper": "ca", "lower": "upper"}
REVOCATIONS = {  # name -> issuer, revoked leaves, whether its time is over, what it is for
    "crl": ("ca", ("revoked-client",), False, "of ca: revoked-client is revoked"),
    "empty-crl": ("ca", (), False, "of ca: nothing is revoked"),
    "stale-crl": ("ca", (), True, "of ca: its next update was due yesterday"),
    "other-crl": ("other-ca", (), False, "of other-ca: no help against certificates of ca"),
    "revoked-ca-crl": ("ca", ("intermediate",), False, "of ca: intermediate is revoked"),
    "intermediate-crl": ("intermediate", (), False, "of intermediate: nothing is revoked"),
}


def openssl(*arguments, cwd=None):
    try:
        subprocess.run(("openssl", *arguments), cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True)
    except FileNotFoundError:
        raise CertsError("the openssl command is not installed: `apt-get install openssl`"
                         ) from None
    except subprocess.CalledProcessError as error:
        raise CertsError(f"openssl {' '.join(arguments)[:200]}: {error.stderr.strip()}") from None


def moment(time):
    return time.strftime("%Y%m%d%H%M%SZ")


class Pki:
    """Makes the files of one folder. `work` is where openssl keeps its state, gone afterwards."""

    def __init__(self, out, work, years, rsa):
        self.out, self.work, self.years = out, work, years
        self.config = os.path.join(work, "openssl.cnf")
        self.rsa = rsa
        self.now = datetime.datetime.now(datetime.timezone.utc)
        with open(self.config, "w") as config:
            config.write(CONFIG)

    def path(self, *name):
        return os.path.join(self.out, *name)

    def request(self, name, subject, rsa=False):
        """The options of `openssl req` for a new key, NAME.key; openssl gives it mode 0600."""
        new_key = (("-newkey", "rsa:2048") if rsa or self.rsa else
                   ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
        return ("req", "-config", self.config, "-utf8", "-subj", f"/CN={subject}", "-sha256",
                "-nodes", *new_key, "-keyout", self.path(f"{name}.key"))

    def lifetime(self):
        """From now on; `openssl req` counts in days."""
        return ("-days", str(round(self.years * 365.2425)))

    def signer(self, issuer):
        return ("-CA", self.path(f"{issuer}.crt"), "-CAkey", self.path(f"{issuer}.key"))

    def make_authority(self, name):
        signed = self.signer(ISSUERS[name]) if name in ISSUERS else ()
        openssl(*self.request(name, f"jumpgate test {name}"), "-x509", *signed, *self.lifetime(),
                "-extensions", name if signed else "root",
                "-out", self.path(f"{name}.crt"))

    def make_authorities(self, names):
        for name in names:
            self.make_authority(name)

    def make_leaf(self, leaf, existing_key=None):
        certificate = self.path(f"{leaf.name}.crt")
        request = self.request(leaf.name, leaf.subject, leaf.rsa)
        if existing_key:
            shutil.copy(existing_key, self.path(f"{leaf.name}.key"))  # copies the mode as well
            cut = request.index("-nodes")
            request = (*request[:cut], "-key", existing_key)
        # RSA key exchange of TLS 1.2 encrypts with the key; ECDSA's only signs.
        usage = "digitalSignature, keyEncipherment" if leaf.rsa or self.rsa else "digitalSignature"
        extensions = [f"keyUsage = critical, {usage}",
                      f"extendedKeyUsage = {leaf.usage}Auth"]
        if leaf.names:
            extensions.append("subjectAltName = " + ", ".join(leaf.names))
        for extension in extensions:
            request += ("-addext", extension)
        if leaf.days:
            self.sign_for_days(leaf, request, certificate)
        else:
            openssl(*request, "-x509", *self.signer(leaf.issuer), *self.lifetime(),
                    "-extensions", "leaf", "-out", certificate)
        issuer = leaf.issuer
        with open(certificate, "a") as chain:
            while issuer in ISSUERS:
                with open(self.path(f"{issuer}.crt")) as file:
                    chain.write(file.read())
                issuer = ISSUERS[issuer]

    def sign_for_days(self, leaf, request, certificate):
        """Only `openssl ca` lets one choose both ends of the validity, before OpenSSL 3.4."""
        first, last = (moment(self.now + day * DAY) for day in leaf.days)
        with tempfile.TemporaryDirectory(dir=self.work) as state:
            open(os.path.join(state, "index.txt"), "w").close()
            csr = os.path.join(state, "csr")
            openssl(*request, "-new", "-out", csr)
            self.authorize(leaf.issuer, state, "-in", csr, "-out", certificate, "-notext",
                           "-startdate", first, "-enddate", last)

    def authorize(self, issuer, state, *arguments):
        openssl("ca", "-config", self.config, "-batch", "-cert", self.path(f"{issuer}.crt"),
                "-keyfile", self.path(f"{issuer}.key"), *arguments, cwd=state)

    def make_crl(self, name, issuer, revoked, is_stale):
        ends = self.now - DAY if is_stale else self.now + self.years * 365 * DAY
        times = ("-crl_lastupdate", moment(self.now - 2 * DAY), "-crl_nextupdate", moment(ends))
        with tempfile.TemporaryDirectory(dir=self.work) as state:
            open(os.path.join(state, "index.txt"), "w").close()
            with open(os.path.join(state, "crlnumber"), "w") as number:
                number.write("01\n")
            for leaf in revoked:
                self.authorize(issuer, state, "-revoke", self.path(f"{leaf}.crt"))
            self.authorize(issuer, state, "-gencrl", *times, "-out", self.path(f"{name}.pem"))

    def make_lone_key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-out", self.path(name))

    def make_ticket_keys(self, name):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w") as file:
            for _ in range(2):
                file.write(base64.b64encode(os.urandom(48)).decode() + "\n")


def numbered(clients, client_name):
    """clients/0 and so on; number and name are those that jumpload's %i would give."""
    for number in range(clients):
        name = client_name.replace("%i", str(number))
        yield Leaf(f"clients/{number}", "", (f"DNS:{name}",), common_name=name)


def make_pki(out, clients=0, server_names=SERVER_NAMES, client_name=CLIENT_NAME, years=30,
             rsa=False, shared_key=False):
    """Writes the files into the folder `out`, made where missing; returns their listing."""
    out = os.path.abspath(out)
    os.makedirs(os.path.join(out, "clients"), exist_ok=True)
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        pki = Pki(out, work, years, rsa)
        pki.make_authority("ca")
        tasks = [pool.submit(pki.make_authorities, names) for names in
                 (("other-ca",), ("intermediate",), ("unsigning-ca",), ("upper", "lower"))]
        tasks += [pool.submit(pki.make_lone_key, "mismatch.key"),
                  pool.submit(pki.make_ticket_keys, "tickets.key")]
        finish(tasks)
        tasks = [pool.submit(pki.make_leaf, leaf) for leaf in leaves(server_names)]
        finish(tasks)
        key = pki.path("client.key") if shared_key else None
        tasks = [pool.submit(pki.make_crl, name, *row[:3]) for name, row in REVOCATIONS.items()]
        tasks += [pool.submit(pki.make_leaf, leaf, key) for leaf in numbered(clients, client_name)]
        finish(tasks)
    return listing(clients, server_names, client_name)


def finish(tasks):
    try:
        for task in tasks:
            task.result()
    except CertsError:
        for task in tasks:
            task.cancel()
        raise


def listing(clients=0, server_names=SERVER_NAMES, client_name=CLIENT_NAME):
    """One line a file: its name, and what it is for."""
    rows = [(f"{name}.crt .key", about) for name, about in AUTHORITIES.items()]
    rows += [(f"{leaf.name}.crt .key", leaf.about) for leaf in leaves(server_names)]
    rows += [(f"{name}.pem", f"revocation list {row[3]}") for name, row in REVOCATIONS.items()]
    rows += [("mismatch.key", "a key that belongs to no certificate"),
             ("tickets.key", "two keys for session tickets (--tls-ticket-keys)")]
    if clients:
        last = client_name.replace("%i", str(clients - 1))
        rows.append(("clients/%i.crt .key", f"for %i from 0 to {clients - 1}: CN and DNS name "
                     f"{client_name}, the last one is {last}"))
    return "\n".join(f"{name:26} {about}" for name, about in rows)


# ---- command line --------------------------------------------------------------------------------

def number_in(lowest, highest):
    def read(text):
        if not re.fullmatch("[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"{text!r}; allowed: {lowest} to {highest}")
        return int(text)
    return read


def host_names(text):
    """Names and addresses between commas; a comma or a slash would mean more to openssl."""
    names = text.split(",")
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_.:*-]+", name):
            raise argparse.ArgumentTypeError(f"{name!r} is neither a host name nor an IP address; "
                                             "allowed: such names, divided by commas")
    return names


def client_template(text):
    longest = len(text.replace("%i", str(CLIENTS_MAX - 1)))
    if not re.fullmatch(r"(?:[A-Za-z0-9_.-]|%i)+", text) or longest > CN_CHARACTERS_MAX:
        raise argparse.ArgumentTypeError(
            f"{text!r}; allowed: letters, digits, - _ . and %i (the number), "
            f"{CN_CHARACTERS_MAX} characters at the most")
    return text


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/certs.py", description=__doc__.split("\n")[0])
    parser.add_argument("--out", metavar="DIR", help="where the files go")
    parser.add_argument("--count", type=number_in(0, CLIENTS_MAX), default=0, metavar="N",
                        help="numbered clients, clients/0.crt and on: 0 to %d (default: 0)"
                        % CLIENTS_MAX)
    parser.add_argument("--server-names", type=host_names, default=list(SERVER_NAMES),
                        metavar="NAME,...", help="names and addresses in server.crt and "
                        f"broker.crt (default: {','.join(SERVER_NAMES)})")
    parser.add_argument("--client-names", type=client_template, default=CLIENT_NAME,
                        metavar="TEMPLATE", help="CN and DNS name of a numbered client; %%i is its "
                        "number (default: client-%%i)")
    parser.add_argument("--years", type=number_in(1, YEARS_MAX), default=30, metavar="N",
                        help=f"validity, 1 to {YEARS_MAX} (default: 30)")
    parser.add_argument("--rsa", action="store_true",
                        help="RSA keys of 2,048 bits instead of P-256; slow to make")
    parser.add_argument("--shared-key", action="store_true",
                        help="all numbered clients get client.key: quicker to make")
    parser.add_argument("--show", action="store_true", help="makes nothing, lists the files")
    options = parser.parse_args()
    if not options.out and not options.show:
        parser.error("--out: missing; give the folder where the files go")
    return options


def main():
    options = parse_arguments()
    of_listing = (options.count, options.server_names, options.client_names)
    if options.show:
        print(listing(*of_listing))
        return 0
    try:
        print(make_pki(options.out, *of_listing, years=options.years, rsa=options.rsa,
                       shared_key=options.shared_key))
    except (CertsError, OSError) as error:
        print(f"certs.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
