"""What several tests need: small texts, and models made on the spot."""

import contextlib
import json
import os
import sys
from pathlib import Path

# Nothing in these tests may wait for a network that is not there.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from course_utils import environment  # noqa: E402

environment.prepare()
# The lessons' runs go on beside all other tests: half of the processors for either.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from lessons import Lane, asked_for  # noqa: E402

from course_utils import smollm2, world  # noqa: E402

# Beside a lesson's run any example may take long; speed is measured in benchmarks.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory):
    """A corpus directory of a few hundred kilobytes, of generated text throughout."""
    directory = tmp_path_factory.mktemp("corpus")
    for number, name in enumerate(("simple_english", "general_english", "heldout_english")):
        texts = [world.document(100 + number, i).text for i in range(40 if "heldout" in name else 300)]
        (directory / f"{name}.txt").write_text("\n<|endoftext|>\n".join(texts))
    return directory


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A directory with a Llama of a few thousand random weights and pocket-llama's tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from course_utils import models

    directory = tmp_path_factory.mktemp("tiny") / "tiny-llama"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2,
        pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(directory)
    models.load_tokenizer("pocket-llama").save_pretrained(directory)
    return directory


# Every lesson runs once in full and once in the browser (test_browser.py), for some of them with another model. The
# others run once more with a model of random weights and quick parameters; some of them quickly with a public model
# and with a reader's rows. All but those in the browser go on beside the other tests, one after the other.


@pytest.fixture(scope="session")
def cut_smollm2(tmp_path_factory):
    """A directory with SmolLM2's first two layers, all of its vocabulary, its template and its tokenizer."""
    from course_utils import models

    directory = tmp_path_factory.mktemp("cut") / "smollm2"
    model = models.load_base("smollm2")
    model.model.layers = model.model.layers[:2]
    model.config.num_hidden_layers = 2
    model.save_pretrained(directory)
    models.load_tokenizer("smollm2").save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def own_files(tmp_path_factory):
    """Two files of questions and answers in a form of their own, by the parameter that takes them."""
    from course_utils import data

    directory, files = tmp_path_factory.mktemp("own"), {}
    for name, (part, rows) in {"data_file": ("train", 80), "test_file": ("heldout", 40)}.items():
        made = data.instructions(part, rows, 7).filter(lambda row: row["task"] != "story")
        lines = [json.dumps({"question": row["prompt"], "answer": row["answer"]}) for row in made]
        files[name] = directory / f"{name}.jsonl"
        files[name].write_text("\n".join(lines))
    return files


def options_of(run, request):
    """What ``validate`` is given in one of the runs of ``RUNS``."""
    if run == "full_run":
        return []
    if run == "smollm2_run":
        return ["--quick", "-p", "model", "smollm2"]
    files = request.getfixturevalue("own_files").items()
    given = [word for name, path in files for word in ("-p", name, str(path))]
    model = "cut_smollm2" if smollm2.packed() else "tiny_model"
    return ["--quick", "--jobs", "1", "-p", "model", str(request.getfixturevalue(model)), *given]


RUNS = ("full_run", "own_run", "smollm2_run")


def pytest_collection_modifyitems(items):
    """What reads the report of a run comes last, in the order of the runs, and the browser before it.

    By then lesson 06, which is the longest, has ended beside shorter tests.
    """

    def place(item):
        waits = [2 + RUNS.index(name) for name in item.fixturenames if name in RUNS]
        return max(waits, default=1 if item.get_closest_marker("browser") else 0)

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def lane(request, tmp_path_factory):
    """The runs that the collected tests ask for, one after the other from before the first test on."""
    wanted = {run: asked_for(request.session, run) for run in RUNS}
    jobs = {
        run: (numbers, tmp_path_factory.mktemp(run), options_of(run, request))
        for run, numbers in wanted.items()
        if numbers and (run != "smollm2_run" or smollm2.packed())
    }
    lane = Lane(jobs)
    step_back(10)
    yield lane
    step_back(0)
    lane.stop()


def step_back(nice):
    """Lets the lessons go first, whose runs have bounds in seconds. Does something on Linux only.

    Where Linux shares processors out by session and not by process, niceness counts within a session only. Lessons run
    in kernels, each a session of its own; the tests are in this one.
    """
    if sys.platform == "linux":
        os.nice(max(0, nice - os.nice(0)))
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(nice))


@pytest.fixture(scope="session")
def full_run(lane):
    """The report's entry of each lesson by number, run with its defaults."""
    return lane.entries("full_run")


@pytest.fixture(scope="session")
def full_output(lane):
    """Where the lessons of ``full_run`` write."""
    return lane.output("full_run")


@pytest.fixture(scope="session")
def own_run(lane):
    """The same, run quickly with rows of a reader's own, and with another model."""
    return lane.entries("own_run")


@pytest.fixture(scope="session")
def smollm2_run(lane):
    """The same, with SmolLM2."""
    return lane.entries("smollm2_run")


def entry_of(run, request):
    entry = run[request.module.__name__.removeprefix("test_lesson_")]
    assert entry["status"] == "ok", entry["error"]
    return entry


@pytest.fixture(scope="module")
def report(full_run, request):
    """The full run's entry of the lesson whose module asks."""
    return entry_of(full_run, request)
