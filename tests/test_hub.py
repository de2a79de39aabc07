"""Adapters to a hub and back: the real client, in processes of its own, against the hub on loopback of hub.py."""

import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hub import Cut, Hub
from lessons import ROOT

WEIGHTS = "adapter_model.safetensors"

# What every client begins with: `attempt` gives the error of a call as text, `say` hands results to the test.
BEGIN = """
import json, os, time
from huggingface_hub import HfApi, hf_hub_download

def attempt(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        status = getattr(getattr(error, "response", None), "status_code", 0)
        return {"kinds": kinds, "message": str(error), "status": status}

def say(**results):
    print(json.dumps(results))

"""


def run_client(url, home, code, token="hf_write", **environment):
    """Runs ``code`` as a reader's process with ``url`` for its hub; returns what it says, as a dict."""
    foreign = ("HF_", "HUGGING", "TRANSFORMERS_")
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(foreign) and "_PROXY" not in k.upper()}
    kept |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    kept |= {} if token is None else {"HF_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(code)],
        cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def start_hub():
    server = Hub().__enter__()
    try:
        socket.create_connection(("127.0.0.1", server.server.server_port), timeout=2).close()
    except OSError as error:
        server.__exit__()
        pytest.skip(f"there is no loopback network here ({error})")
    return server


@pytest.fixture
def hub():
    server = start_hub()
    yield server
    server.__exit__()


# --- there and back --------------------------------------------------------------------------------------------------

MODEL = """
import torch
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

directory, work = {directory!r}, {work!r}

def load_base():
    return AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)

def logits(model):
    with torch.no_grad():
        return model.eval()(torch.arange(3, 43)[None]).logits
"""

PUSH = """
torch.manual_seed(1)
config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
model = get_peft_model(load_base(), config)
tokenizer = AutoTokenizer.from_pretrained(directory)
model.save_pretrained(work + "/saved")
torch.save(logits(model), work + "/logits.pt")

refused = attempt(model.push_to_hub, "reader/refused", token="hf_refused")
read_only = attempt(model.push_to_hub, "reader/new", token="hf_read")
foreign = attempt(model.push_to_hub, "somebody/else")
model.push_to_hub("reader/pocket-chat")
tokenizer.push_to_hub("reader/pocket-chat")
read_only_later = attempt(tokenizer.push_to_hub, "reader/pocket-chat", token="hf_read")
model.push_to_hub("reader/pocket-chat")
HfApi().create_repo("reader/folder")
local_base = attempt(HfApi().upload_folder, repo_id="reader/folder", folder_path=work + "/saved")

base = load_base()
base.push_to_hub("reader/base")
base.name_or_path = base.config._name_or_path = "reader/base"
torch.manual_seed(1)
get_peft_model(base, config).save_pretrained(work + "/portable")
HfApi().upload_folder(repo_id="reader/folder", folder_path=work + "/portable")
say(refused=refused, read_only=read_only, foreign=foreign, read_only_later=read_only_later, local_base=local_base)
"""

PULL = """
missing = attempt(PeftModel.from_pretrained, load_base(), "reader/missing")
cut = attempt(PeftModel.from_pretrained, load_base(), "reader/pocket-chat")
model = PeftModel.from_pretrained(load_base(), "reader/pocket-chat")
again = AutoPeftModelForCausalLM.from_pretrained("reader/pocket-chat", dtype=torch.float32)
tokenizer, own = (AutoTokenizer.from_pretrained(name) for name in ("reader/pocket-chat", directory))
messages = [{"role": "user", "content": "Say something about a fox."}]
portable = AutoPeftModelForCausalLM.from_pretrained("reader/folder", dtype=torch.float32)
torch.save([logits(m) for m in (model, again, portable, load_base())], work + "/back.pt")
say(
    missing=missing, cut=cut, weights=hf_hub_download("reader/pocket-chat", "adapter_model.safetensors"),
    files=HfApi().list_repo_files("reader/pocket-chat"),
    rendered=tokenizer.apply_chat_template(messages, tokenize=False),
    ids=[list(t("The fox came to the river.").input_ids) for t in (tokenizer, own)],
    templates=[tokenizer.chat_template, own.chat_template],
)
"""


class Journey:
    """One adapter pushed by an author and fetched by a reader with no token and an empty cache."""

    def __init__(self, hub, work, directory):
        self.hub, self.work = hub, work
        model = MODEL.format(directory=str(directory), work=str(work))
        self.push = run_client(hub.url, work / "author", model + PUSH)
        self.pushed_with = list(hub.requests)
        # The reader's first download of the weights is cut short, in both ways there are.
        hub.cuts = [Cut("GET", f"pocket-chat/resolve/main/{WEIGHTS}", 1000, abrupt=abrupt) for abrupt in (False, True)]
        self.pull = run_client(hub.url, work / "reader", model + PULL, token=None)


@pytest.fixture(scope="module")
def journey(tmp_path_factory, tiny_model):
    hub = start_hub()
    yield Journey(hub, tmp_path_factory.mktemp("journey"), tiny_model)
    hub.__exit__()


def test_the_tensors_come_back_bit_for_bit(journey):
    own = safetensors.torch.load_file(journey.work / "saved" / WEIGHTS)
    on_hub = safetensors.torch.load(journey.hub.files("reader/pocket-chat")[WEIGHTS])
    back = safetensors.torch.load_file(journey.pull["weights"])
    assert len(own) == 2 * 7 * 2  # A and B of seven projections in two layers
    for name, tensor in own.items():
        for other in (on_hub[name], back[name]):
            assert other.dtype == tensor.dtype and torch.equal(other, tensor), name
    assert own.keys() == on_hub.keys() == back.keys()


def test_the_logits_are_the_same_and_not_the_bases(journey):
    wanted = torch.load(journey.work / "logits.pt")
    given, automatic, portable, base = torch.load(journey.work / "back.pt")
    assert torch.equal(given, wanted) and torch.equal(automatic, wanted) and torch.equal(portable, wanted)
    assert (base - wanted).abs().max() > 0.01


def test_configuration_card_and_tokenizer_arrive(journey, tiny_model):
    files = journey.hub.files("reader/pocket-chat")
    assert set(journey.pull["files"]) == files.keys() > {"README.md", "chat_template.jinja", "tokenizer.json"}
    config = json.loads(files["adapter_config.json"])
    assert config["r"] == 4 and config["base_model_name_or_path"] == str(tiny_model)
    one, other = journey.pull["ids"]
    assert one == other and len(one) > 5
    one, other = journey.pull["templates"]
    assert one == other and "Say something about a fox." in journey.pull["rendered"]


def test_push_to_hub_replaces_pefts_card(journey):
    """What the reader must know before a push: the card that peft writes is not the one that arrives."""
    assert b"library_name: peft" in (journey.work / "saved" / "README.md").read_bytes()
    assert b"library_name: transformers" in journey.hub.files("reader/pocket-chat")["README.md"]


def test_pushing_again_what_is_there_makes_no_commit(journey):
    # an empty repository, the model, the tokenizer; the second push of the model changes nothing
    assert len(journey.hub.commits["reader/pocket-chat"]) == 3
    uploads = [path for method, path, _ in journey.pushed_with if method == "PUT"]
    assert len(uploads) == len(set(uploads)) == 2  # the adapter and the base, each sent once


def test_a_refused_token_is_said_plainly_and_leaves_nothing(journey):
    refused = journey.push["refused"]
    assert refused["status"] == 401 and "HfHubHTTPError" in refused["kinds"]
    assert "Invalid credentials" in refused["message"]
    assert "reader/refused" not in journey.hub.commits


def test_a_token_that_may_only_read_writes_nothing(journey):
    for case in ("read_only", "read_only_later", "foreign"):
        assert journey.push[case]["status"] == 403, case
        assert "You don't have the rights" in journey.push[case]["message"]
    assert journey.hub.commits.keys() == {"reader/pocket-chat", "reader/folder", "reader/base"}


def test_a_card_that_names_a_local_base_is_refused(journey):
    assert journey.push["local_base"]["kinds"][0] == "ValueError"
    assert '"base_model" with value' in journey.push["local_base"]["message"]
    assert len(journey.hub.commits["reader/folder"]) == 2  # the empty one, and the upload of the next test


def test_an_adapter_whose_base_is_on_the_hub_names_no_directory(journey, tiny_model):
    """A card and a configuration that are of use to others: the base's name is set before ``get_peft_model``."""
    files = journey.hub.files("reader/folder")
    assert json.loads(files["adapter_config.json"])["base_model_name_or_path"] == "reader/base"
    assert b"library_name: peft" in files["README.md"] and b"base_model: reader/base" in files["README.md"]
    assert not any(str(tiny_model).encode() in data for data in files.values())


def test_a_missing_adapter_is_named(journey):
    assert journey.pull["missing"]["kinds"][0] == "ValueError"
    assert "Can't find 'adapter_config.json' at 'reader/missing'" in journey.pull["missing"]["message"]


def test_loading_the_model_over_a_cut_connection_raises_and_then_succeeds(journey):
    # The tests above compare what came of the call after it.
    assert journey.pull["cut"]["kinds"][0] == "ReadError"
    path = f"/reader/pocket-chat/resolve/main/{WEIGHTS}"
    assert [status for method, asked, status in journey.hub.requests if (method, asked) == ("GET", path)] == [0, 0, 200]


# --- downloads that break --------------------------------------------------------------------------------------------

TWICE = """
time.sleep = lambda seconds: None  # the client waits a second before each new try
cache = os.environ["HF_HOME"] + "/hub"
first = attempt(hf_hub_download, "reader/big", {name!r})
left = [name for _, _, names in os.walk(cache + "/models--reader--big") for name in names if name != "main"]
path = hf_hub_download("reader/big", {name!r})
say(first=first, left=left, path=path)
"""


def content(size, seed=0):
    return (
        torch.randint(256, (size,), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)).numpy().tobytes()
    )


@pytest.mark.parametrize("name", ["weights.bin", "table.dat"])  # by Git LFS, and plainly
@pytest.mark.parametrize(("abrupt", "times", "kind"), [(False, 6, "RemoteProtocolError"), (True, 1, "ReadError")])
def test_a_broken_download_is_never_taken_for_a_whole_file(hub, tmp_path, name, abrupt, times, kind):
    hub.commits["reader/big"] = [{name: content(100_000)}]
    hub.cuts = [Cut("GET", name, after=60_000, times=times, abrupt=abrupt)]
    said = run_client(hub.url, tmp_path, TWICE.format(name=name))
    assert said["first"]["kinds"][0] == kind and said["left"] == []
    assert Path(said["path"]).read_bytes() == content(100_000)


def test_a_closed_connection_is_taken_up_where_it_ended(hub, tmp_path):
    size = 12_000_000  # the client writes to disk in parts of 10 MiB: a smaller file it fetches from the start again
    hub.commits["reader/big"] = [{"weights.bin": content(size)}]
    hub.cuts = [Cut("GET", "weights.bin", after=size - 1000)]
    said = run_client(hub.url, tmp_path, TWICE.format(name="weights.bin"))
    assert said["first"] is None
    assert Path(said["path"]).read_bytes() == content(size)
    assert [status for method, _, status in hub.requests if method == "GET"] == [0, 206]


def test_missing_things_have_errors_of_their_own(hub, tmp_path):
    hub.commits["reader/here"] = [{"a.txt": b"a"}]
    code = """
    say(
        repository=attempt(hf_hub_download, "reader/missing", "a.txt"),
        file=attempt(hf_hub_download, "reader/here", "b.txt"),
        revision=attempt(hf_hub_download, "reader/here", "a.txt", revision="v2"),
        folder=attempt(lambda: list(HfApi().list_repo_tree("reader/here", "none"))),
    )
    """
    for token, status in (("hf_read", 404), (None, 401)):
        said = run_client(hub.url, tmp_path, code, token)
        kinds = {name: error["kinds"][0] for name, error in said.items()}
        assert kinds == {
            "repository": "RepositoryNotFoundError", "file": "RemoteEntryNotFoundError",
            "revision": "RevisionNotFoundError", "folder": "RemoteEntryNotFoundError",
        }  # fmt: skip
        assert said["repository"]["status"] == status


# --- uploads that break ----------------------------------------------------------------------------------------------

UPLOAD = """
pauses = []
time.sleep = pauses.append
api = HfApi()
api.create_repo("reader/mine")
first = attempt(api.upload_folder, repo_id="reader/mine", folder_path={folder!r})
files = api.list_repo_files("reader/mine")
api.upload_folder(repo_id="reader/mine", folder_path={folder!r})
say(first=first, files=files, pauses=pauses)
"""


@pytest.fixture
def folder(tmp_path):
    """An adapter's two files, and what they hold."""
    (tmp_path / "folder").mkdir()
    files = {WEIGHTS: content(300_000), "adapter_config.json": b'{"r": 4}'}
    for name, data in files.items():
        (tmp_path / "folder" / name).write_bytes(data)
    return tmp_path / "folder", files


@pytest.mark.parametrize("abrupt", [False, True])
@pytest.mark.parametrize(
    ("where", "after", "times", "kind"),
    # The client tries weights six times and wraps the last error; it sends a commit once.
    [(("PUT", "/lfs/"), 100_000, 6, "RuntimeError"), (("POST", "/commit/"), 50, 1, "TransportError")],
)
def test_a_broken_upload_leaves_no_half_commit(hub, tmp_path, folder, where, after, times, kind, abrupt):
    folder, files = folder
    hub.cuts = [Cut(*where, after, times, abrupt)]
    said = run_client(hub.url, tmp_path, UPLOAD.format(folder=str(folder)))
    assert kind in said["first"]["kinds"] and sum(cut.times for cut in hub.cuts) == 0
    assert said["files"] == [".gitattributes"]
    assert len(hub.commits["reader/mine"]) == 2  # the empty one, and the second push
    assert {name: data for name, data in hub.files("reader/mine").items() if name in files} == files


def test_an_upload_cut_once_is_sent_again(hub, tmp_path, folder):
    folder, files = folder
    hub.cuts = [Cut("PUT", "/lfs/", after=100_000)]
    said = run_client(hub.url, tmp_path, UPLOAD.format(folder=str(folder)))
    assert said["first"] is None and said["pauses"] == [1]
    assert [status for method, _, status in hub.requests if method == "PUT"] == [0, 200]
    assert hub.files("reader/mine")[WEIGHTS] == files[WEIGHTS]


def test_the_hub_itself_takes_no_weights_that_are_not_what_was_announced(hub):
    """Nothing that the tests above rely on would be shown by a server that takes everything."""
    hub.commits["reader/mine"] = [{}]
    hub.promised.add("1" * 64)
    operation = {"key": "lfsFile", "value": {"path": WEIGHTS, "oid": "2" * 64, "size": 3, "algo": "sha256"}}
    for method, path, body, why in [
        ("PUT", f"/lfs/{'0' * 64}", b"never promised", "checksum"),
        ("PUT", f"/lfs/{'1' * 64}", b"of another checksum", "checksum"),
        ("POST", "/api/models/reader/mine/commit/main", json.dumps(operation).encode(), "never arrived"),
    ]:
        connection = http.client.HTTPConnection("127.0.0.1", hub.server.server_port, timeout=10)
        connection.request(method, path, body, {"Authorization": "Bearer hf_write"})
        answer = connection.getresponse()
        assert answer.status == 400 and why in answer.read().decode()
        connection.close()
    assert hub.objects == {} and hub.commits == {"reader/mine": [{}]}


# --- who is logged in ------------------------------------------------------------------------------------------------

WHO = """
from course_utils import hub
start = time.monotonic()
name = hub.user()
say(name=name, seconds=time.monotonic() - start)
"""


@pytest.mark.parametrize(
    ("token", "environment", "name", "asked"),
    [
        ("hf_write", {}, "reader", 1),
        ("hf_read", {}, "reader", 1),
        ("hf_refused", {}, None, 1),
        (None, {}, None, 0),
        ("", {}, None, 0),
        ("not\nonly letters \u2603", {}, None, 0),
        ("hf_write", {"HF_HUB_OFFLINE": "1"}, None, 0),
        ("hf_write", {"HF_ENDPOINT": "http://127.0.0.1:9"}, None, 0),
        ("hf_write", {"HF_ENDPOINT": "nonsense"}, None, 0),
    ],
)
def test_who_is_logged_in(hub, tmp_path, token, environment, name, asked):
    said = run_client(hub.url, tmp_path, WHO, token, **environment)
    assert said["name"] == name and said["seconds"] < 3
    assert len(hub.requests) == asked


def test_a_hub_that_never_answers_is_not_waited_for(hub, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        said = run_client(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path, WHO)
    assert said["name"] is None and 2.9 < said["seconds"] < 5
    assert time.monotonic() - start < 15  # the process ends, too
