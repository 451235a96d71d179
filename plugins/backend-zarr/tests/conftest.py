"""A real host, real folders, and planes that tell which they are."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from openhcs_host import Host

BUCKET = "bucket"
_SERVE = """
import sys, threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("port", server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def zarr(host):
    return host.backend("zarr")


@pytest.fixture
def images(tmp_path):
    """The folder of a plate, as a backend gets it."""
    return f"{tmp_path.as_posix()}/plate/images"


@pytest.fixture
def plane():
    """Return a plane with pixels that no other number gives."""

    def make(number, shape=(6, 8), dtype=np.uint16):
        return np.random.default_rng(number).integers(0, 250, shape).astype(dtype)

    return make


@pytest.fixture(scope="module")
def bucket():
    """The URL of an empty bucket on a server of its own, whose name and credentials are in the environment."""
    pytest.importorskip("moto.server", reason="S3 is tested with moto's server: pip install 'moto[server]'")
    boto3 = pytest.importorskip("boto3", reason="the bucket for S3 is made with boto3: pip install boto3")
    pipe, patch = subprocess.PIPE, pytest.MonkeyPatch()
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    )
    try:
        port = next(match[1] for line in server.stdout if (match := re.match(rb"port (\d+)", line)))
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port.decode()}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("AWS_PROFILE", raising=False)
        client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}"
    finally:
        patch.undo()
        server.kill()
        server.communicate()
