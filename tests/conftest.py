"""What several tests need: small texts, and models made on the spot."""

import os

# Nothing in these tests may wait for a network that is not there.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from course_utils import environment  # noqa: E402

environment.prepare()
# The lessons' full run goes on beside all other tests: half of the processors for either.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))

import pytest  # noqa: E402
from lessons import asked_for, entries, start_lessons  # noqa: E402

from course_utils import world  # noqa: E402


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


# Every lesson runs once in full, in one run over all that the collected tests ask for, which goes on beside the other
# tests; once more with a model of random weights and quick parameters; and once in the browser (test_browser.py).


def pytest_collection_modifyitems(items):
    """What reads the full run's report comes last."""
    items.sort(key=lambda item: "full_run" in item.fixturenames)


@pytest.fixture(scope="session")
def full_output(tmp_path_factory):
    """Where the lessons of ``full_run`` write."""
    return tmp_path_factory.mktemp("full")


@pytest.fixture(scope="session", autouse=True)
def full_process(request, full_output):
    """The process of the full run; it starts before the first test. None where no test reads its report."""
    numbers = asked_for(request.session, "full_run")
    process = start_lessons(numbers, full_output) if numbers else None
    yield process
    if process is not None:
        process.terminate()  # the command ends its kernels
        process.wait(60)


@pytest.fixture(scope="session")
def full_run(full_process, full_output):
    """The report's entry of each lesson by number, run with its defaults."""
    return entries(full_process, full_output)


@pytest.fixture(scope="session")
def tiny_run(request, tmp_path_factory, tiny_model):
    """The report's entry of each lesson by number, run quickly with a model that is not the course's."""
    output = tmp_path_factory.mktemp("tiny-run")
    options = ["--quick", "--jobs", "1", "-p", "model", str(tiny_model)]
    return entries(start_lessons(asked_for(request.session, "tiny_run"), output, *options), output)


def entry_of(run, request):
    entry = run[request.module.__name__.removeprefix("test_lesson_")]
    assert entry["status"] == "ok", entry["error"]
    return entry


@pytest.fixture(scope="module")
def report(full_run, request):
    """The full run's entry of the lesson whose module asks."""
    return entry_of(full_run, request)


@pytest.fixture(scope="module")
def tiny_report(tiny_run, request):
    """The quick run's entry of the lesson whose module asks."""
    return entry_of(tiny_run, request)
