"""`karla standin receiver` as a developer sees it in a terminal."""

import http.client
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from karla.entrypoints.cli.program import app
from karla.infra.clock import SystemClock
from karla.infra.ports import free_port
from karla.infra.signing import karla_signature, standard_headers
from tests.support.waiting import until

SECRET = "41013bd9-9072-42cd-9902-66da38361be9"
BODY = json.dumps(
    {
        "ref": "shipments/in_delivery/OUT_FOR_DELIVERY",
        "event_group": "shipment_out_for_delivery",
        "event_data": {"tracking_number": "00340434161094042557"},
        "context": {"order": {"order_number": "10481"}},
    }
).encode()


class StandIn:
    def __init__(self, process: subprocess.Popen[bytes], output: Path, port: int) -> None:
        self.process = process
        self.port = port
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def post(self, secret: str, body: bytes = BODY) -> int:
        """Send a delivery as Karla does; the status of the answer."""
        now = int(SystemClock().now().timestamp())
        headers = {"Karla-Signature": karla_signature([secret], now, body), "Karla-Delivery-Id": "delivery-1"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/hooks", body, {**headers, **standard_headers([secret], "event-1", now, body)})
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def receiver(folder: Path, *options: str) -> Iterator[StandIn]:
    port = free_port()
    output = folder / "output"
    command = [sys.executable, "-m", "karla", "standin", "receiver", "--port", str(port), *options]
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        standin = StandIn(process, output, port)
        until(lambda: "Listening on" in standin.output or process.poll() is not None, "the receiver")
        yield standin
    finally:
        process.kill()
        process.wait()


def blocks(output: str) -> Sequence[str]:
    """What was printed of each request."""
    lines = output.splitlines()
    return [f"{one} {two}" for one, two in itertools.pairwise(lines) if "→" in one]


def test_it_prints_each_delivery_and_whether_it_is_signed_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with receiver(tmp_path, "--secret", SECRET) as standin:
        assert standin.post(SECRET) == 200
        assert standin.post("another-secret-of-somebody") == 401
        assert standin.post(SECRET, b"[]") == 200
        standin.process.send_signal(signal.SIGINT)
        assert standin.process.wait(10) == 0
        good, bad, other = blocks(standin.output)
    for part in (
        "shipments/in_delivery/OUT_FOR_DELIVERY",
        "shipment_out_for_delivery",
        "order 10481, parcel 00340434161094042557",
        "→ 200",
        "Karla-Signature ✓ webhook-signature ✓",
        "delivery delivery-1",
    ):
        assert part in good
    assert "→ 401" in bad
    assert "Karla-Signature ✗ webhook-signature ✗" in bad
    assert "no event  2 bytes" in other


def test_it_reads_notices_and_cloud_events_too(tmp_path: Path) -> None:
    notice = {
        "ref": "webhooks/failing",
        "event_group": "webhook_failing",
        "event_data": {"webhook_id": "0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10"},
        "context": {},
    }
    wrapped = {"specversion": "1.0", "type": "io.karla.shipments", "data": json.loads(BODY)}
    with receiver(tmp_path, "--secret", SECRET) as standin:
        for body in (notice, wrapped, {"ref": "webhooks/test", "event_data": None, "context": None}):
            assert standin.post(SECRET, json.dumps(body).encode()) == 200
        until(lambda: len(blocks(standin.output)) == 3, "the deliveries")
        told, cloud, other = blocks(standin.output)
    assert "webhooks/failing  webhook_failing" in told
    assert "webhook 0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10" in told
    assert "order 10481, parcel 00340434161094042557" in cloud
    assert "no event" in other


def test_without_a_secret_it_takes_everything_and_verifies_nothing(tmp_path: Path) -> None:
    with receiver(tmp_path) as standin:
        assert standin.post(SECRET) == 200
        until(lambda: blocks(standin.output), "the delivery")
        assert "signatures not verified" in standin.output


def test_it_answers_what_it_was_told(tmp_path: Path) -> None:
    with receiver(tmp_path, "--secret", SECRET, "--status", "503") as standin:
        assert standin.post(SECRET) == 503
        taken = subprocess.run(
            [sys.executable, "-m", "karla", "standin", "receiver", "--port", str(standin.port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert taken.returncode == 1
    assert f"Port {standin.port} on 127.0.0.1 can't be used" in taken.stderr


def test_the_version_is_told_and_nothing_else() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"{version('karla')}\n"
