"""Who is logged in to a hub: the real client, in a process of its own, against the hub on loopback of hub.py."""

import socket
import time

import pytest
from hub import Hub, run_client

WHO = """
import threading, time
from course_utils import hub

errors = []
threading.excepthook = lambda error: errors.append(str(error))
start = time.monotonic()
said = [hub.user(), time.monotonic() - start]
assert not errors, errors
"""


@pytest.fixture
def hub():
    with Hub() as server:
        yield server


@pytest.mark.parametrize(
    ("token", "environment", "name", "asked"),
    [
        ("hf_write", {}, "reader", 1),
        ("hf_refused", {}, None, 1),
        (None, {}, None, 0),
        ("not\nonly letters \u2603", {}, None, 0),
        ("hf_write", {"HF_HUB_OFFLINE": "1"}, None, 0),
        ("hf_write", {"HF_ENDPOINT": "nonsense"}, None, 0),
    ],
)
def test_who_is_logged_in(hub, tmp_path, token, environment, name, asked):
    said, seconds = run_client(hub.url, tmp_path, WHO, token, **environment)
    assert said == name and seconds < 3
    assert len(hub.requests) == asked


def test_a_connection_that_is_cut_is_nobody_and_no_error(hub, tmp_path):
    hub.cut = True
    said, seconds = run_client(hub.url, tmp_path, WHO)
    assert said is None and seconds < 4
    assert {path for _, path in hub.requests} == {"/api/whoami-v2"}


def test_a_hub_that_never_answers_is_not_waited_for(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        said, seconds = run_client(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path, WHO)
    assert said is None and 2.9 < seconds < 5
    assert time.monotonic() - start < 15  # the process ends, too
