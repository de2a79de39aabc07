"""A hub on loopback: as much of it as ``huggingface_hub`` needs to push an adapter and to fetch it again.

It keeps the files of each repository in memory. Of what the public hub refuses it refuses what lesson 07 can meet: an
unknown token, a file that is not there, weights that are not what was announced. It does not speak Xet, whose protocol
lives in a compiled library, so clients run with HF_HUB_DISABLE_XET=1.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

USER, TOKEN = "reader", "hf_write"
COMMIT = "c" * 40  # every commit's name: who asks for one gets the latest files
REPOSITORY = r"(?P<repository>[\w.-]+/[\w.-]+)"


class Refusal(Exception):
    """An answer that is an error: HTTP status, message, and the code by which the client tells errors apart."""

    def __init__(self, status: int, message: str, code: str = ""):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message, "X-Error-Code": code, "X-Repo-Commit": COMMIT}


class Hub:
    """``with Hub() as hub:`` serves at ``hub.url``.

    Attributes: ``files``, a dict of path and content for each repository; ``requests``, method and path of each that
    came; ``cut``, set to True where every connection is to end without an answer.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.weights: dict[str, bytes] = {}  # by SHA-256
        self.requests: list[tuple[str, str]] = []
        self.cut = False

    def __enter__(self) -> Hub:
        handler = type("HubHandler", (Handler,), {"hub": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what is asked, each: match of the path, body -> JSON, or headers and content ---------------------------------

    def whoami(self, match, body):
        return {"type": "user", "name": USER, "auth": {"accessToken": {"role": "write"}}}

    def create(self, match, body):
        asked = json.loads(body)
        repository = f"{asked.get('organization') or USER}/{asked['name']}"
        self.files.setdefault(repository, {})
        return {"url": f"{self.url}/{repository}", "name": repository}

    def validate_yaml(self, match, body):
        return {"errors": [], "warnings": []}

    def preupload(self, match, body):
        files = json.loads(body)["files"]
        for file in files:
            file |= {"uploadMode": "lfs" if is_lfs(file["path"]) else "regular", "shouldIgnore": False}
        return {"files": files}

    def lfs_batch(self, match, body):
        objects = json.loads(body)["objects"]
        for item in objects:
            item["actions"] = {"upload": {"href": f"{self.url}/lfs/{item['oid']}"}}
        return {"transfer": "basic", "objects": objects}

    def lfs_upload(self, match, body):
        if hashlib.sha256(body).hexdigest() != match["oid"]:
            raise Refusal(400, "The content does not match its checksum.")
        self.weights[match["oid"]] = body
        return {}

    def commit(self, match, body):
        files = self.files[match["repository"]]
        for operation in map(json.loads, body.splitlines()):
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.weights[value["oid"]]
        return {"commitOid": COMMIT, "commitUrl": f"{self.url}/{match['repository']}/commit/{COMMIT}"}

    def resolve(self, match, body):
        files = self.files[match["repository"]]
        if match["path"] not in files:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        content = files[match["path"]]
        return {"X-Repo-Commit": COMMIT, "ETag": f'"{etag(match["path"], content)}"'}, content


ROUTES = [
    ("GET", "/api/whoami-v2", Hub.whoami),
    ("POST", "/api/repos/create", Hub.create),
    ("POST", "/api/validate-yaml", Hub.validate_yaml),
    ("POST", f"/api/models/{REPOSITORY}/preupload/main", Hub.preupload),
    ("POST", f"/{REPOSITORY}.git/info/lfs/objects/batch", Hub.lfs_batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", Hub.lfs_upload),
    ("POST", f"/api/models/{REPOSITORY}/commit/main", Hub.commit),
    ("GET", f"/{REPOSITORY}/resolve/[^/]+/(?P<path>.+)", Hub.resolve),
]


class Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.hub.requests.append((self.command, self.path))
        if self.hub.cut:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, (headers, content) = 200, self.found(body)
        except Refusal as refusal:
            status, headers, content = refusal.status, refusal.headers, json.dumps({"error": str(refusal)}).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def found(self, body: bytes) -> tuple[dict[str, str], bytes]:
        """Headers and content of the answer. Weights need no token: whoever has their address may upload them."""
        path = self.path.split("?")[0]
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and not path.startswith("/lfs/"):
            raise Refusal(401, "Invalid credentials in Authorization header")
        for method, pattern, function in ROUTES:
            if method == self.command.replace("HEAD", "GET") and (match := re.fullmatch(pattern, path)):
                found = function(self.hub, match, body)
                return found if isinstance(found, tuple) else ({}, json.dumps(found).encode())
        raise Refusal(404, f"there is no {self.command} {path}")

    def log_message(self, *words) -> None:
        pass


def is_lfs(path: str) -> bool:
    """Whether a file's content travels by Git LFS: weights do."""
    return path.endswith(".safetensors")


def etag(path: str, content: bytes) -> str:
    """The hash that names a file's content to the client."""
    return hashlib.sha256(content).hexdigest() if is_lfs(path) else hashlib.sha1(content).hexdigest()


def run_client(url: str, home: Path, code: str, token: str | None = TOKEN, **environment: str):
    """Runs ``code`` as a reader's process whose hub is at ``url``; gives what it left in ``said``, as JSON holds it."""
    foreign = ("HF_", "HUGGING", "TRANSFORMERS_")
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(foreign) and "_PROXY" not in k.upper()}
    kept |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    kept |= {} if token is None else {"HF_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-c", code + "\nimport json\nprint(json.dumps(said))\n"],
        cwd=Path(__file__).parent.parent, env=kept | environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
