"""A plant on Kafka for the checks of the board: a broker, a gateway and two workers, as processes that can be killed.

`ANDON_TEST_KAFKA_HOME`, else `shared/kafka` beside the checkout or beside a folder above it, names the folder with the
script `kafka` that starts a broker; `ANDON_TEST_KAFKA=host:port` names one that runs already.
"""
import concurrent.futures
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.error

import plant

#: As many as make sites spread over both workers.
PARTITIONS = 4


def home():
    """The folder with the script that starts brokers; None where there is none."""
    named = os.environ.get("ANDON_TEST_KAFKA_HOME")
    folders = [pathlib.Path(named)] if named else []
    folders += [folder / "shared" / "kafka" for folder in pathlib.Path(__file__).resolve().parents]
    return next((folder for folder in folders if os.access(folder / "kafka", os.X_OK)), None)


def is_available():
    return "ANDON_TEST_KAFKA" in os.environ or home() is not None


class Broker:
    """A broker of the check's own, or somebody else's; a context manager."""

    def __enter__(self):
        self.folder = None
        self.address = os.environ.get("ANDON_TEST_KAFKA")
        if not self.address:
            self.folder = tempfile.mkdtemp(prefix="andon-board-kafka-")
            try:
                self.address = self.tool("start")
            except Exception:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_):
        if self.folder:
            self.tool("stop")
            shutil.rmtree(self.folder, ignore_errors=True)

    def tool(self, verb):
        # Into a file: a broker that goes on would hold the end of a pipe.
        with tempfile.TemporaryFile("w+") as output:
            subprocess.run(
                [str(home() / "kafka"), verb, self.folder], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, check=True, timeout=120)
            output.seek(0)
            return output.read().strip()


class Cluster:
    """A gateway and workers on one broker, with topics of their own; a context manager."""

    def __init__(self, binary, broker):
        self.binary = binary
        self.kafka = ["--brokers", broker.address, "--topic-prefix", f"board-{secrets.token_hex(6)}"]
        self.servers = []

    def __enter__(self):
        self.run("topics", "create", "--partitions", str(PARTITIONS))
        self.gateway = self.server("gateway")
        # Short, so that the other worker takes over soon; long enough for a slow browser to show that nobody answers.
        self.workers = [self.server("worker", "--session-timeout-seconds", "10") for _ in range(2)]
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                list(pool.map(plant.Server.start, self.servers))
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in reversed(self.servers):
            server.__exit__()

    def server(self, role, *flags):
        server = plant.Server(self.binary, "--open", *self.kafka, *flags, role=role)
        self.servers.append(server)
        return server

    def hold_different_partitions(self, *sites):
        """Whether the sites are in as many partitions."""
        partitions = {one["site_id"]: one["partition"] for one in self.gateway.ask("/api/freshness")["sites"]}
        return len({partitions[site] for site in sites}) == len(sites)

    @staticmethod
    def patiently(act):
        """What `act` gives, as soon as it does not say that a server is busy."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return act()
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    @staticmethod
    def first(all, holds):
        """The first of all for which something holds at last."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for one in all:
                if holds(one):
                    return one
        raise AssertionError("none in a minute")

    def run(self, *arguments):
        return self.servers[0].run(*arguments, *self.kafka) if self.servers else plant.run(
            self.binary, *arguments, *self.kafka)
