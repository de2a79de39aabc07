"""A small hub on loopback: what ``huggingface_hub`` needs to push an adapter and to fetch it again.

It keeps whole commits in memory and speaks the public API as far as the client asks for it here: who am I, create a
repository, upload (plain files in the commit, weights by Git LFS), list, download with ranges. Of what the public hub
refuses it refuses: an unknown token, a write with a read-only token, a missing repository, file or revision, weights
that do not match their checksum or never arrived, and a model card whose ``base_model`` is no hub id. It does not
speak Xet, whose protocol lives in a compiled library: run the client with HF_HUB_DISABLE_XET=1.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.server
import json
import os
import re
import socket
import struct
import threading
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

USER = "reader"
TOKENS = {"hf_write": "write", "hf_read": "read"}  # both are USER's
REPOSITORY = r"(?P<repository>[\w.-]+/[\w.-]+)"
REVISION = r"(?P<revision>[\w.-]+)"


class Refusal(Exception):
    """An answer that is an error: HTTP status, message, and the code by which the client tells errors apart."""

    def __init__(self, status: int, message: str, code: str = "", **more: str):
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        self.body = json.dumps({"error": message, "errors": [{"message": message}], **more}).encode()


@dataclasses.dataclass
class Cut:
    """A connection that ends after so many bytes of the body: closed, or reset where ``abrupt``."""

    method: str
    where: str  # a part of the path
    after: int
    times: int = 1
    abrupt: bool = False


class Hub:
    """``with Hub() as hub:`` serves at ``hub.url``; the attributes are what the server knows."""

    def __init__(self):
        self.commits: dict[str, list[dict[str, bytes]]] = {}  # repository -> its commits, each a whole tree
        self.objects: dict[str, bytes] = {}  # sha256 -> weights that arrived
        self.promised: set[str] = set()  # sha256 of weights that a client may upload
        self.cuts: list[Cut] = []
        self.requests: list[tuple[str, str, int]] = []  # method, path, status; status 0 where the connection was cut

    def __enter__(self) -> Hub:
        handler = type("HubHandler", (Handler,), {"hub": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self.server.shutdown()
        self.server.server_close()

    def files(self, repository: str) -> dict[str, bytes]:
        """The files of the latest commit, by path."""
        return self.commits[repository][-1]

    def cut_now(self, method: str, path: str) -> Cut | None:
        """The cut that this request meets, counted down."""
        for cut in self.cuts:
            if cut.times > 0 and cut.method == method and cut.where in path:
                cut.times -= 1
                return cut
        return None

    # --- what is asked, each: match of the path, query, permission of the caller, body -> JSON ----------------------

    def whoami(self, match, query, may, body):
        if not may:
            raise Refusal(401, "Invalid username or password.")
        return {"type": "user", "name": USER, "auth": {"accessToken": {"role": may}}}

    def create(self, match, query, may, body):
        asked = json.loads(body)
        owner = asked["organization"] or USER
        repository = f"{owner}/{asked['name']}"
        self.must_write(may, owner)
        if repository in self.commits:
            raise Refusal(409, f"You already created {repository}", url=f"{self.url}/{repository}")
        self.commits[repository] = [{".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}]
        return {"url": f"{self.url}/{repository}", "name": repository}

    def validate_yaml(self, match, query, may, body):
        card = re.match(r"---\n(.*?)\n---", json.loads(body)["content"], re.DOTALL)
        if not card:
            return {"errors": [], "warnings": [{"message": "empty or missing yaml metadata in repo card"}]}
        base = (yaml.safe_load(card[1]) or {}).get("base_model")
        if base is not None and not re.fullmatch(r"([\w.-]+/)?[\w.-]+", base):
            message = f'"base_model" with value "{base}" is not valid. Use a model id from https://hf.co/models.'
            raise Refusal(400, message)
        return {"errors": [], "warnings": []}

    def preupload(self, match, query, may, body):
        repository, tree, _ = self.find(match, may)
        self.must_write(may, repository.split("/")[0])
        files = []
        for file in json.loads(body)["files"]:
            path = file["path"]
            mode = "lfs" if is_lfs(path) else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": etag(path, tree.get(path))})
        return {"files": files}

    def lfs_batch(self, match, query, may, body):
        repository, _, _ = self.find(match, may)
        self.must_write(may, repository.split("/")[0])
        asked = json.loads(body)["objects"]
        missing = {item["oid"] for item in asked} - self.objects.keys()
        self.promised |= missing
        objects = []
        for item in asked:
            upload = {"actions": {"upload": {"href": f"{self.url}/lfs/{item['oid']}"}}}
            objects.append(item | (upload if item["oid"] in missing else {}))
        return {"transfer": "basic", "objects": objects}

    def lfs_upload(self, match, query, may, body):
        # Whoever has the address may upload: the client sends no token to what is elsewhere a storage service.
        oid = match["oid"]
        if oid not in self.promised or hashlib.sha256(body).hexdigest() != oid:
            raise Refusal(400, "The content does not match its checksum.")
        self.objects[oid] = body
        return {}

    def commit(self, match, query, may, body):
        repository, tree, _ = self.find(match, may)
        self.must_write(may, repository.split("/")[0])
        tree = dict(tree)
        for line in body.splitlines():
            key, value = (item := json.loads(line))["key"], item["value"]
            if key == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                if value["oid"] not in self.objects:
                    raise Refusal(400, f"The weights of {value['path']} never arrived.")
                tree[value["path"]] = self.objects[value["oid"]]
            elif key == "deletedFile":
                del tree[value["path"]]
            elif key != "header":
                raise Refusal(400, f"unknown operation {key}")
        self.commits[repository].append(tree)  # all or nothing
        sha = commit_hash(repository, len(self.commits[repository]) - 1)
        return {"success": True, "commitOid": sha, "commitUrl": f"{self.url}/{repository}/commit/{sha}"}

    def info(self, match, query, may, body):
        repository, tree, sha = self.find(match, may)
        siblings = [{"rfilename": path} for path in sorted(tree)]
        return {"id": repository, "sha": sha, "private": False, "tags": [], "siblings": siblings}

    def tree(self, match, query, may, body):
        _, tree, _ = self.find(match, may)
        inside = unquote(match["path"] or "")
        prefix = inside + "/" if inside else ""
        found = {path: content for path, content in tree.items() if path.startswith(prefix)}
        if inside and not found:
            raise Refusal(404, f"{inside} does not exist", "EntryNotFound")
        entries = []
        if query.get("recursive", ["false"])[0].lower() != "true":
            folders = {prefix + path.removeprefix(prefix).split("/")[0] for path in found} - found.keys()
            entries = [{"type": "directory", "path": path, "oid": "0" * 40} for path in sorted(folders)]
            found = {path: content for path, content in found.items() if "/" not in path.removeprefix(prefix)}
        for path, content in sorted(found.items()):
            entry = {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}
            if is_lfs(path):
                entry["lfs"] = {"oid": etag(path, content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        return entries

    def resolve(self, match, query, may, body):
        """The content of a file, and its headers; the only answer that is no JSON."""
        _, tree, sha = self.find(match, may)
        path = unquote(match["path"])
        headers = {"X-Repo-Commit": sha}
        if path not in tree:
            refusal = Refusal(404, "Entry not found", "EntryNotFound")
            refusal.headers |= headers
            raise refusal
        tag = f'"{etag(path, tree[path])}"'
        if is_lfs(path):
            headers |= {"X-Linked-Etag": tag, "X-Linked-Size": str(len(tree[path]))}
        return headers | {"ETag": tag, "Accept-Ranges": "bytes"}, tree[path]

    # --- rights and names --------------------------------------------------------------------------------------------

    def must_write(self, may: str | None, owner: str) -> None:
        if may is None:
            raise Refusal(401, "Invalid username or password.")
        if may != "write" or owner != USER:
            raise Refusal(403, f'You don\'t have the rights to write to "{owner}" with this token')

    def find(self, match, may) -> tuple[str, dict[str, bytes], str]:
        """The repository, its files at the revision asked for, and that commit's hash."""
        repository, revision = match["repository"], match.groupdict().get("revision") or "main"
        if repository not in self.commits:
            raise Refusal(404 if may else 401, "Repository not found", "RepoNotFound")
        hashes = [commit_hash(repository, number) for number in range(len(self.commits[repository]))]
        if revision not in ("main", *hashes):
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        sha = hashes[-1] if revision == "main" else revision
        return repository, self.commits[repository][hashes.index(sha)], sha


ROUTES = [
    ("GET", "/api/whoami-v2", Hub.whoami),
    ("POST", "/api/repos/create", Hub.create),
    ("POST", "/api/validate-yaml", Hub.validate_yaml),
    ("POST", f"/api/models/{REPOSITORY}/preupload/{REVISION}", Hub.preupload),
    ("POST", f"/{REPOSITORY}.git/info/lfs/objects/batch", Hub.lfs_batch),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", Hub.lfs_upload),
    ("POST", f"/api/models/{REPOSITORY}/commit/{REVISION}", Hub.commit),
    ("GET", f"/api/models/{REPOSITORY}(/revision/{REVISION})?", Hub.info),
    ("GET", f"/api/models/{REPOSITORY}/tree/{REVISION}(/(?P<path>.+))?", Hub.tree),
    ("GET", f"/{REPOSITORY}/resolve/{REVISION}/(?P<path>.+)", Hub.resolve),
]


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of a client; it may ask many times."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        url = urlsplit(self.path)
        method = "GET" if self.command == "HEAD" else self.command
        cut = self.hub.cut_now(self.command, url.path)
        if cut and self.command in ("POST", "PUT"):
            self.rfile.read(cut.after)
            return self.hang_up(b"", cut.abrupt)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            may = self.permission()
            for wanted, pattern, function in ROUTES:
                if wanted == method and (match := re.fullmatch(pattern, url.path)):
                    found = function(self.hub, match, parse_qs(url.query), may, body)
                    break
            else:
                raise Refusal(404, f"there is no {method} {url.path}")
            status = 200
            headers, content = found if isinstance(found, tuple) else ({}, json.dumps(found).encode())
            if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                start, status = int(wanted[1]), 206
                headers = headers | {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
                content = content[start:]
        except Refusal as refusal:
            status, headers, content = refusal.status, refusal.headers, refusal.body
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if cut:
            return self.hang_up(content[: cut.after], cut.abrupt)
        self.hub.requests.append((self.command, self.path, status))
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def permission(self) -> str | None:
        """What the caller's token allows, None without one."""
        if (header := self.headers.get("Authorization")) is None:
            return None
        if (token := header.removeprefix("Bearer ")) not in TOKENS:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return TOKENS[token]

    def hang_up(self, content: bytes, abrupt: bool) -> None:
        """Sends the beginning of an answer and ends the connection, by a reset where ``abrupt``."""
        self.hub.requests.append((self.command, self.path, 0))
        self.wfile.write(content)
        self.close_connection = True
        if abrupt:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, *words) -> None:
        pass


def is_lfs(path: str) -> bool:
    """Whether a file's content travels by Git LFS: weights do."""
    return path.endswith((".safetensors", ".bin"))


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def etag(path: str, content: bytes | None) -> str | None:
    """The hash that names a file's content to the client."""
    if content is None:
        return None
    return hashlib.sha256(content).hexdigest() if is_lfs(path) else git_hash(content)


def commit_hash(repository: str, number: int) -> str:
    return hashlib.sha1(f"{repository} {number}".encode()).hexdigest()
