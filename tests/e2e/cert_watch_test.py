"""Certificates that are renewed under a running proxy, as cert-manager and editors do it: new
clients see the new one, and nobody sends a signal.

And one whose file is gone: it stands in the way of nothing but itself.
"""
import os
import pathlib
import shutil
import ssl

from admin_peer import Place, as_text, states, upstream
from harness import Jumpgate, behaviour, equal, main, wait_until
from tls_peers import context, handshake, pki


def put(path, name):
    """Renames a copy into place, mode 0600."""
    beside = path.with_name(path.name + ".new")
    shutil.copy(pki(name), beside)
    beside.chmod(0o600)
    beside.rename(path)


def put_pair(folder, name):
    put(folder / "server.key", name + ".key")
    put(folder / "server.pem", name + ".crt")


def shown(gate):
    """The certificate that a new client sees, as DER."""
    trusting = context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with handshake(gate, trusting) as tls:
        return tls.getpeercert(binary_form=True)


def is_shown(gate, name):
    wanted = ssl.PEM_cert_to_DER_cert(pathlib.Path(pki(name + ".crt")).read_text())
    wait_until(lambda: shown(gate) == wanted, f"{name} is shown")


def renewed(gate, folder):
    """There and back, so that the second change is seen as well."""
    is_shown(gate, "server")
    put_pair(folder, "server-b")
    is_shown(gate, "server-b")
    put_pair(folder, "server")
    is_shown(gate, "server")


def file_objects(pem, key):
    return {"upstreams": [upstream(1883, id="u")],
            "stream_routes": [{"id": "r", "upstream_id": "u"}],
            "ssls": [{"id": "1", "cert": str(pem), "key": str(key)}]}


@behaviour("paths beside the configuration file are watched there, not where the process runs")
def relative():
    with Place() as place:
        place.config.write_text(as_text(file_objects("server.pem", "server.key")))
        put_pair(place.folder, "server")
        with Jumpgate([], "--config", place.config, tls=True, plain=False) as gate:
            renewed(gate, place.folder)


@behaviour("a folder that is exchanged by a symbolic link, as Kubernetes mounts secrets")
def symbolic_link():
    with Place() as place:
        for folder, name in (("..1", "server"), ("..2", "server-b")):
            (place.folder / folder).mkdir()
            put_pair(place.folder / folder, name)
        data = place.folder / "..data"
        data.symlink_to("..1")
        for name in ("server.pem", "server.key"):
            (place.folder / name).symlink_to(f"..data/{name}")
        place.config.write_text(as_text(file_objects("server.pem", "server.key")))
        with Jumpgate([], "--config", place.config, tls=True, plain=False) as gate:
            for folder, name in (("..1", "server"), ("..2", "server-b"), ("..1", "server")):
                beside = place.folder / "..data_tmp"
                beside.symlink_to(folder)
                os.rename(beside, data)
                is_shown(gate, name)


@behaviour("files that an object of the Admin API names are watched from its PUT on")
def by_api():
    with Place() as place:
        put_pair(place.folder, "server")
        put(place.folder / "default.pem", "server-b.crt")
        put(place.folder / "default.key", "server-b.key")
        with place.gate("--tls-cert", place.folder / "default.pem", "--tls-key",
                        place.folder / "default.key", tls=True) as (gate, client):
            is_shown(gate, "server-b")
            client.put("ssls/1", {"cert": str(place.folder / "server.pem"),
                                  "key": str(place.folder / "server.key"), "sni": "localhost"})
            renewed(gate, place.folder)


@behaviour("the files of flags are watched")
def by_flags():
    with Place() as place:
        put_pair(place.folder, "server")
        with Jumpgate([1883], "--tls-cert", place.folder / "server.pem", "--tls-key",
                      place.folder / "server.key", tls=True, plain=False) as gate:
            renewed(gate, place.folder)


@behaviour("a key file that is gone keeps no broker from being drained; what changes TLS says why")
def missing():
    with Place() as place:
        put_pair(place.folder, "server")
        with place.gate("--tls-cert", pki("server-b.crt"), "--tls-key", pki("server-b.key"),
                        tls=True) as (gate, client):
            client.put("ssls/1", {"cert": str(place.folder / "server.pem"),
                                  "key": str(place.folder / "server.key"), "sni": "localhost"})
            client.put("upstreams/u", upstream(1883))
            (place.folder / "server.key").unlink()
            gate.event("reload_failed")
            client.put("upstreams/u", upstream(1883, weights=[0]))
            equal(states(client)["u"]["127.0.0.1:1883"]["state"], "drained")
            answer = client.want(400, "PUT", "/apisix/admin/ssls/2",
                                 {"cert": pki("server-b.crt"), "key": pki("server-b.key"),
                                  "sni": "other.test"})
            assert "server.key" in answer.problem, answer.problem
            is_shown(gate, "server")


main()
