"""The test PKI: each file is what the listing says, by openssl's own judgement."""
import base64
import os
import re
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench/certs.py")
sys.path.insert(0, os.path.dirname(PROGRAM))
import certs  # noqa: E402

CLIENTS = 3
GOOD = {"server": "server", "server-b": "server", "server-wildcard": "server", "broker": "server",
        "proxy": "client", "client": "client", "big-client": "client", "server-chain": "server",
        "client-chain": "client", "revoked-client": "client", "wrong-host": "server",
        **{f"clients/{number}": "client" for number in range(CLIENTS)}}
# What openssl says, by number (x509_vfy.h): the words differ between its releases.
NO_CRL, NO_ISSUER, NOT_YET, EXPIRED, OLD_CRL, REVOKED, USAGE, NO_CA = (
    f"error {number} at " for number in (3, 20, 9, 10, 12, 23, 26, 32))
BAD = {  # -> the purpose it is verified for, and why it fails
    "other-client": ("client", NO_ISSUER),
    "other-server": ("server", NO_ISSUER),
    "expired-client": ("client", EXPIRED),
    "expired-server": ("server", EXPIRED),
    "future-client": ("client", NOT_YET),
    "future-server": ("server", NOT_YET),
    "wrong-usage": ("client", USAGE),
    "client": ("server", USAGE),
    "unsigning-client": ("client", NO_CA),
}
HERE = ["DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1"]


def openssl(*arguments):
    done = subprocess.run(("openssl", *arguments), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class CertsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.listing = certs.make_pki(cls.folder.name, clients=CLIENTS)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def show(self, name, *options):
        code, text = openssl("x509", "-in", self.path(f"{name}.crt"), "-noout", *options)
        self.assertEqual(code, 0, text)
        return text

    def names(self, name):
        text = self.show(name, "-ext", "subjectAltName")
        return [part.strip() for part in text.splitlines()[1].split(",")]

    def verify(self, name, purpose, *options, ca="ca"):
        return openssl("verify", "-x509_strict", "-CAfile", self.path(f"{ca}.crt"), "-untrusted",
                       self.path(f"{name}.crt"), "-purpose", f"ssl{purpose}", *options,
                       self.path(f"{name}.crt"))

    def verify_with_crl(self, name, *lists, every="-crl_check"):
        options = [part for crl in lists for part in ("-CRLfile", self.path(f"{crl}.pem"))]
        return self.verify(name, "client", every, *options)

    def test_the_good_ones_hold_for_their_purpose(self):
        for name, purpose in GOOD.items():
            code, text = self.verify(name, purpose)
            self.assertEqual(code, 0, text)

    def test_the_bad_ones_are_refused_for_the_reason_they_are_made_for(self):
        for name, (purpose, reason) in BAD.items():
            code, text = self.verify(name, purpose)
            self.assertNotEqual(code, 0, name)
            self.assertIn(reason, text)

    def test_the_other_ca_issued_what_it_should(self):
        for name, purpose in (("other-client", "client"), ("other-server", "server")):
            code, text = self.verify(name, purpose, ca="other-ca")
            self.assertEqual(code, 0, text)

    def test_the_dates_are_the_only_fault_of_expired_and_future_ones(self):
        for name in ("expired-client", "expired-server", "future-client", "future-server"):
            code, text = self.verify(name, name.split("-")[1], "-no_check_time")
            self.assertEqual(code, 0, text)

    def test_every_key_belongs_to_its_certificate_and_is_for_its_owner_alone(self):
        rows = [line.split()[0] for line in self.listing.splitlines() if ".crt .key" in line]
        rows.remove("clients/%i.crt")
        rows += [f"clients/{number}.crt" for number in range(CLIENTS)]
        for row in rows:
            name = row.removesuffix(".crt")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
            mode = stat.S_IMODE(os.stat(self.path(f"{name}.key")).st_mode)
            self.assertEqual(mode, 0o600, name)

    def test_the_lone_key_belongs_to_no_certificate(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self.assertRaisesRegex(ssl.SSLError, "KEY_VALUES_MISMATCH"):
            context.load_cert_chain(self.path("server.crt"), self.path("mismatch.key"))

    def test_names_are_as_listed(self):
        self.assertEqual(self.names("server"), HERE)
        self.assertEqual(self.names("broker"), HERE)
        self.assertEqual(self.names("server-b"), ["DNS:b.example.test"])
        self.assertEqual(self.names("server-wildcard"), ["DNS:*.wild.example.test"])
        self.assertEqual(self.names("client"), [
            "DNS:client.example.test", "URI:urn:example:device:client",
            "email:client@example.test"])
        self.assertEqual(self.names("clients/2"), ["DNS:client-2"])
        self.assertEqual(self.show("clients/2", "-subject"), "subject=CN = client-2\n")

    def test_a_host_is_verified_as_a_proxy_verifies_it(self):
        for name, host, is_right in (
                ("server", "localhost", True), ("server", "b.example.test", False),
                ("server-b", "b.example.test", True), ("wrong-host", "localhost", False),
                ("server-wildcard", "a.wild.example.test", True),
                ("server-wildcard", "a.b.wild.example.test", False)):
            code, text = self.verify(name, "server", "-verify_hostname", host)
            self.assertEqual(code == 0, is_right, f"{name} for {host}: {text}")
        for address, is_right in (("127.0.0.1", True), ("::1", True), ("127.0.0.2", False)):
            code, text = self.verify("broker", "server", "-verify_ip", address)
            self.assertEqual(code == 0, is_right, f"{address}: {text}")

    def test_the_big_client_is_as_big_as_the_rules_allow(self):
        self.assertRegex(self.show("big-client", "-subject"), r"CN = \S{64}\n")
        self.assertEqual(len(self.names("big-client")), certs.BIG_NAMES)
        self.assertGreater(os.path.getsize(self.path("big-client.crt")), 8_000)

    def test_a_chain_needs_the_intermediate_which_its_file_holds(self):
        for name, purpose in (("server-chain", "server"), ("client-chain", "client")):
            with open(self.path(f"{name}.crt")) as chain:
                self.assertEqual(chain.read().count("BEGIN CERTIFICATE"), 2)
            code, _ = openssl("verify", "-CAfile", self.path("ca.crt"), "-purpose",
                              f"ssl{purpose}", self.path(f"{name}.crt"))
            self.assertNotEqual(code, 0)

    def test_revocation_lists_revoke_what_they_list_and_nothing_else(self):
        for name, lists, reason in (
                ("client", ["crl"], None), ("revoked-client", ["empty-crl"], None),
                ("clients/0", ["crl"], None), ("client-chain", ["intermediate-crl"], None),
                ("revoked-client", ["crl"], REVOKED),
                ("client", ["stale-crl"], OLD_CRL),
                ("client", ["other-crl"], NO_CRL),
                ("client-chain", ["crl"], NO_CRL)):
            code, text = self.verify_with_crl(name, *lists)
            self.assertEqual(code == 0, reason is None, f"{name} by {lists}: {text}")
            self.assertIn(reason or "OK", text)

    def test_a_revoked_intermediate_takes_its_certificates_along(self):
        both = ["intermediate-crl", "revoked-ca-crl"]
        code, text = self.verify_with_crl("client-chain", *both)
        self.assertEqual(code, 0, text)  # the leaf itself is on no list
        code, text = self.verify_with_crl("client-chain", *both, every="-crl_check_all")
        self.assertNotEqual(code, 0)
        self.assertIn(REVOKED, text)

    def test_revocation_lists_are_signed_by_their_ca(self):
        for name, (issuer, *_) in certs.REVOCATIONS.items():
            code, text = openssl("crl", "-in", self.path(f"{name}.pem"), "-noout", "-CAfile",
                                 self.path(f"{issuer}.crt"))
            self.assertEqual((code, text), (0, "verify OK\n"), name)

    def test_ticket_keys_are_two_different_lines_of_48_bytes(self):
        with open(self.path("tickets.key")) as file:
            lines = file.read().split("\n")
        self.assertEqual([len(base64.b64decode(line, validate=True)) for line in lines[:2]],
                         [48, 48])
        self.assertNotEqual(lines[0], lines[1])
        self.assertEqual(lines[2:], [""])
        self.assertEqual(stat.S_IMODE(os.stat(self.path("tickets.key")).st_mode), 0o600)

    def test_the_listing_names_every_file_there_is_and_no_other(self):
        listed = set()
        for line in self.listing.splitlines():
            name, *endings = line[:26].split()
            stem = name.rpartition(".")[0]
            listed |= {name} | {stem + ending for ending in endings}
        listed -= {"clients/%i.crt", "clients/%i.key"}
        listed |= {f"clients/{n}{end}" for n in range(CLIENTS) for end in (".crt", ".key")}
        there = {os.path.relpath(os.path.join(folder, name), self.folder.name)
                 for folder, _, names in os.walk(self.folder.name) for name in names}
        self.assertEqual(there, listed)


class CommandLineTest(unittest.TestCase):
    def run_program(self, *arguments):
        done = subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True,
                              text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def test_options_reach_the_certificates(self):
        with tempfile.TemporaryDirectory() as out:
            code, text, errors = self.run_program(
                "--out", os.path.join(out, "made/here"), "--count", "2", "--years", "1", "--rsa",
                "--shared-key", "--server-names", "mqtt.example.test,192.0.2.1",
                "--client-names", "tenant-%i.dev%i")
            self.assertEqual((code, errors), (0, ""))
            self.assertIn("the last one is tenant-1.dev1", text)
            made = os.path.join(out, "made/here/clients/1.crt")
            _, shown = openssl("x509", "-in", made, "-noout", "-text")
            self.assertIn("Subject: CN = tenant-1.dev1\n", shown)
            self.assertIn("Public-Key: (2048 bit)", shown)
            begin, end = (ssl.cert_time_to_seconds(time) for time in
                          re.findall(r"Not (?:Before|After ): (.* GMT)", shown))
            self.assertEqual((end - begin) // 86_400, 365)
            _, shown = openssl("x509", "-in", os.path.join(out, "made/here/server.crt"), "-noout",
                               "-ext", "subjectAltName")
            self.assertIn("DNS:mqtt.example.test, IP Address:192.0.2.1\n", shown)
            with open(os.path.join(out, "made/here/clients/0.key")) as one, \
                    open(os.path.join(out, "made/here/client.key")) as other:
                self.assertEqual(one.read(), other.read())

    def test_show_makes_nothing(self):
        with tempfile.TemporaryDirectory() as out:
            code, text, _ = self.run_program("--show", "--out", out)
            self.assertEqual(code, 0)
            self.assertIn("revoked-client.crt", text)
            self.assertEqual(os.listdir(out), [])

    def test_mistakes_are_named_with_what_is_allowed(self):
        for arguments, message in (
                ([], "--out: missing"), (["--count", "-1"], "0 to 100000"),
                (["--years", "0"], "1 to 100"), (["--years", "x"], "1 to 100"),
                (["--client-names", "a/b"], "letters, digits"),
                (["--client-names", "a" * 65], "64 characters"),
                (["--server-names", "a,,b"], "'' is neither")):
            code, text, errors = self.run_program(*arguments)
            self.assertEqual((code, text), (2, ""))
            self.assertIn(message, errors)

    def test_a_folder_that_cannot_be_made_is_one_line(self):
        code, text, errors = self.run_program("--out", "/dev/null/pki")
        self.assertEqual((code, text), (1, ""))
        self.assertRegex(errors, r"^certs\.py: .*Not a directory.*\n$")


if __name__ == "__main__":
    unittest.main()
