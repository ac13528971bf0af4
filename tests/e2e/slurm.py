"""A Slurm cluster of two virtual nodes on this machine, for as long as a test needs it.

Law: everything is in one temporary folder and on free ports of the loopback: a munged with a key of
its own, one slurmctld, two slurmd (-N, which Debian's build allows). Runs as root: slurmd starts
tasks only as it.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from harness import start, wait_until
from peers import free_port

DAEMONS = ("munged", "slurmctld", "slurmd")  # in /usr/sbin
SETTINGS = """
ClusterName=two
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/linear
SchedulerType=sched/builtin
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES State=UP
"""


def why_not():
    """Why it cannot run here; empty where it can."""
    if os.geteuid() != 0:
        return "slurmd needs root"
    places = "/usr/sbin:" + os.environ.get("PATH", "")
    missing = [x for x in (*DAEMONS, "srun", "sinfo") if not shutil.which(x, path=places)]
    if missing:
        return f"{', '.join(missing)} not installed"
    # slurmd looks for where to listen with AI_ADDRCONFIG, which leaves the loopback out.
    addresses = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True,
                               check=False).stdout.splitlines()
    if all(line.split()[1] == "lo" for line in addresses):
        return "slurmd listens nowhere on a machine with no address but the loopback's"
    return ""


class Cluster:
    """As a context; `environment` is what srun needs to find it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jumpload-slurm-")
        self.environment = {"SLURM_CONF": f"{self.folder}/slurm.conf"}
        self.daemons = []
        os.chmod(self.folder, 0o755)  # munged asks that others may reach its socket
        os.mkdir(f"{self.folder}/state")
        ports = [free_port() for _ in range(3)]
        self.write("slurm.conf", SETTINGS.format(host=socket.gethostname().split(".")[0],
                                                 folder=self.folder, ports=ports))
        # The default asks the kernel for cgroups, of which nothing here makes use.
        self.write("cgroup.conf", "CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")

    def write(self, name, text):
        pathlib.Path(self.folder, name).write_text(text, encoding="ascii")

    def daemon(self, name, *flags):
        with open(f"{self.folder}/{name}.out", "ab") as out:
            self.daemons.append(start([f"/usr/sbin/{name}", *flags], stdin=subprocess.DEVNULL,
                                      stdout=out, stderr=out,
                                      env={**os.environ, **self.environment}))

    def start_munged(self):
        key = pathlib.Path(self.folder, "munge.key")
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        own = [f"--{x}={self.folder}/munge.{y}" for x, y in (
            ("key-file", "key"), ("socket", "sock"), ("pid-file", "pid"), ("seed-file", "seed"),
            ("log-file", "log"))]
        self.daemon("munged", "--foreground", "--force", *own)  # --force: /tmp is everybody's
        wait_until(lambda: os.path.exists(f"{self.folder}/munge.sock"), self.logs("munged"))

    def idle_nodes(self):
        done = subprocess.run(["sinfo", "-h", "-t", "idle", "-o", "%D"], capture_output=True,
                              text=True, check=False, timeout=20,
                              env={**os.environ, **self.environment})
        return done.stdout.strip()

    def logs(self, *names):
        return "\n".join(path.read_text(errors="replace")[-1000:]
                         for name in names for path in pathlib.Path(self.folder).glob(f"{name}*"))

    def __enter__(self):
        self.start_munged()
        self.daemon("slurmctld", "-D", "-i")
        for node in ("n1", "n2"):
            self.daemon("slurmd", "-D", "-N", node)
        try:
            wait_until(lambda: self.idle_nodes() == "2", "two idle nodes")
        except AssertionError as fault:
            words = self.logs("slurmctld.", "n1.", "n2.", "slurmd.")
            self.__exit__()
            raise AssertionError(f"{fault}\n{words}") from None
        return self

    def __exit__(self, *error):
        for daemon in reversed(self.daemons):
            daemon.kill()
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
