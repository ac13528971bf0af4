"""The test PKI of the end-to-end tests (bench/certs.py --show lists its files), and Python's TLS.

The build made it (JUMPGATE_TEST_PKI); a test that is started by hand makes its own.
"""
import functools
import os
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import certs  # beside its own programs, not ours

_made = tempfile.TemporaryDirectory(prefix="jumpgate-e2e-pki-")


@functools.cache
def pki_folder():
    if "JUMPGATE_TEST_PKI" in os.environ:
        return os.environ["JUMPGATE_TEST_PKI"]
    folder = os.path.join(_made.name, "pki")
    certs.make_pki(folder, clients=4)
    return folder


def pki(name):
    """A file: server.crt, client.key, ca.crt, clients/0.crt ..."""
    return os.path.join(pki_folder(), name)


def context(version=None, certificate=None):
    """A client by Python's own TLS (OpenSSL), which verifies the other side."""
    made = ssl.create_default_context(cafile=pki("ca.crt"))
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if certificate is not None:
        made.load_cert_chain(pki(certificate + ".crt"), pki(certificate + ".key"))
    return made
