"""Lesson 07 by papermill, as `validate` runs it, its parameters, and its way to a hub and back."""

import math

import pytest
import torch
from hub import Hub, run_client
from lessons import NO_MODEL, ROOT, code_cells, refusal

from course_utils import certificate, checks

NOTEBOOK = ROOT / "notebooks" / "07_merge_and_inference.ipynb"
WAYS = ("dequantized", "original", "4 bits", "requantized")


@pytest.mark.slow
def test_only_the_merge_into_the_dequantized_base_is_the_trained_model(report):
    results = report["results"]
    assert results["positions"] >= 2000
    kl, agreement = results["mean_kl"], results["agreement"]
    right, *others = WAYS
    assert kl[right] < certificate.ROUNDING * results["half_step_kl"] and agreement[right] > 0.97
    for way in others:
        assert kl[way] > 20 * kl[right] and agreement[way] < agreement[right]
    assert results["exact_max_logit"] < 0.01 < results["max_logit"][right]


@pytest.mark.slow
def test_the_two_ways_to_four_bits_are_as_far_off_and_as_small(report):
    results = report["results"]
    assert results["mean_kl"]["4 bits"] == pytest.approx(results["mean_kl"]["requantized"], rel=0.2)
    megabytes = results["megabytes"]
    assert megabytes["4 bits"] == pytest.approx(megabytes["requantized"], rel=0.01)
    assert megabytes["4 bits"] < megabytes["adapter beside"] < megabytes["dequantized"]


@pytest.mark.slow
def test_every_way_still_follows_instructions(report):
    assert report["results"]["accuracy"].keys() == {"adapter beside", *WAYS}
    assert min(report["results"]["accuracy"].values()) > 0.6


@pytest.mark.slow
def test_a_careless_merge_is_no_model_where_the_cpu_rearranges_the_codes(report):
    from course_utils import models

    careless = report["results"]["careless_kl"]
    assert careless > 3 if models.hardware().cpu_bf16 else careless < 1


@pytest.mark.slow
def test_padding_on_the_left_changes_few_answers_and_on_the_right_most(report):
    other = report["results"]["other_words_by_padding"]
    assert other["left"] <= 5 and other["right"] > 20  # of 48


@pytest.mark.slow
def test_stacked_adapters_are_the_sum_and_linear_ones_are_not(report):
    error = report["results"]["mixing_error"]
    assert error["cat"] < 0.01 and error["cat"] < error["svd"] < error["linear"]


@pytest.mark.slow
def test_the_cache_makes_it_faster(report):
    assert report["results"]["cache_gain"] > 1.2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "heldout_rows", "3"], "heldout_rows = 3 is out of range: it goes from 16 to 2000"),
        (["-p", "adapter", "/dev/null"], "there is no directory /dev/null: check the adapter's name"),
        (["-p", "repository", "pocket-chat"], "is not of the form 'your-name/its-name'"),
        (["-p", "model", "./nowhere"], NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("07", *options)


# --- the lesson's own cell, against a hub on loopback ----------------------------------------------------------------

BEFORE = """
import os
from peft import LoraConfig, PeftModel, get_peft_model
from course_utils import data, evaluate, models, results

said = []
results.say = lambda text, **values: said.append(text.format(**values))
model, directory, repository = {model!r}, {directory!r}, {repository!r}
tokenizer = models.load_tokenizer(model)
conversations = data.instructions("heldout", 8, 0)["messages"][:]
if not os.path.exists(directory):
    lora = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(models.load_base(model), lora).save_pretrained(directory)
tuned = PeftModel.from_pretrained(models.load_4bit(model), directory, adapter_name="chat").eval()
"""


def run_cell(url, tmp_path, tiny_model, repository, token):
    """What the lesson's cell says when a reader runs it with these settings."""
    (cell,) = (cell.source for cell in code_cells(NOTEBOOK) if "hub.user()" in cell.source)
    before = BEFORE.format(model=str(tiny_model), directory=str(tmp_path / "adapter"), repository=repository)
    return run_client(url, tmp_path / "home", before + cell, token)


@pytest.fixture(scope="module")
def hub():
    with Hub() as server:
        yield server


def test_the_adapter_goes_to_the_hub_and_comes_back_the_same(hub: Hub, tmp_path, tiny_model):
    (said,) = run_cell(hub.url, tmp_path, tiny_model, "reader/pocket-chat", "hf_write")
    assert said.startswith("reader/pocket-chat is on the Hub, and came back. The same model: not one logit differs")
    sent = hub.files["reader/pocket-chat"]
    assert sent["adapter_model.safetensors"] == (tmp_path / "adapter" / "adapter_model.safetensors").read_bytes()
    assert sent.keys() >= {"adapter_config.json", "tokenizer.json", "chat_template.jinja"}
    assert ("GET", "/reader/pocket-chat/resolve/main/adapter_model.safetensors") in hub.requests


@pytest.mark.parametrize(
    ("repository", "token", "sentence"),
    [
        ("", "hf_write", "`repository` in the parameters cell is empty"),
        ("reader/other", None, "nobody is logged in"),
        ("reader/other", "hf_refused", "nobody is logged in"),
    ],
)
def test_nothing_is_sent_without_a_repository_and_a_login(hub, tmp_path, tiny_model, repository, token, sentence):
    (said,) = run_cell(hub.url, tmp_path, tiny_model, repository, token)
    assert said.startswith("Nothing is sent") and sentence in said
    assert not any("other" in str(request) for request in hub.requests)


# --- graders ---------------------------------------------------------------------------------------------------------


def nucleus_by_threshold(probabilities, p):
    """Keeps tokens from the top while their sum is below p, by a loop over thresholds: another right way."""
    for floor in sorted(set(probabilities), reverse=True):
        above = [i for i, value in enumerate(probabilities) if value > floor]
        level = [i for i, value in enumerate(probabilities) if value == floor]
        kept = list(above)
        for i in level:
            if sum(probabilities[k] for k in kept) >= p:
                break
            kept.append(i)
        if sum(probabilities[k] for k in kept) >= p:
            break
    total = sum(probabilities[k] for k in kept)
    return [value / total if i in kept else 0.0 for i, value in enumerate(probabilities)]


WRONG = [
    (checks.mean_kl, lambda p, q: 0.0, "[[0.5, 0.5]], merged=[[0.25, 0.75]]"),
    (
        checks.mean_kl,
        lambda p, q: sum(math.log(a / b) for a, b in zip(p[0], q[0], strict=True)),
        "reference=[[0.5, 0.5]], merged=[[0.25, 0.75]]",
    ),
    (checks.mean_kl, lambda p, q: max(max(map(abs, row)) for row in p), "gives     0.5"),
    (checks.nucleus, lambda probabilities, p: probabilities, "[0.5, 0.5], p=0.5"),
    (
        checks.nucleus,
        lambda probabilities, p: [float(v == max(probabilities)) for v in probabilities],
        "gives     [1.0, 1.0]",
    ),
    (checks.left_pad, lambda rows, pad_id: (rows, [[1] * len(row) for row in rows]), "[[1, 5, 7], [1]]"),
    (checks.left_pad, lambda rows, pad_id: [[pad_id] * (3 - len(row)) + row for row in rows], "gives     [[0, 1, 5]]"),
    (checks.cache_bytes, lambda layers, kv_heads, head_dim, tokens, batch, bytes_per_number: tokens, "should be 2"),
]


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict


@pytest.mark.parametrize("grader", [checks.mean_kl, checks.nucleus, checks.left_pad, checks.cache_bytes])
def test_every_declared_mistake_is_refused_by_its_own_sentence(grader):
    for sentence, mistake in grader.mistakes.items():
        verdict = grader(mistake)
        assert verdict.ok is False and verdict.message == sentence


def test_other_right_answers_are_accepted():
    assert checks.nucleus(nucleus_by_threshold).ok is True
    assert checks.mean_kl(lambda p, q: float(torch.tensor([kl_of(*rows) for rows in zip(p, q, strict=True)]).mean())).ok


def kl_of(p, q):
    p, q = (torch.tensor(row, dtype=torch.float64) for row in (p, q))
    return torch.nn.functional.kl_div(q.log(), p, reduction="sum").item()
