"""Lesson 03 by papermill: what it predicts beside what it counts, and what the command line says of any model."""

import pytest
from lessons import NO_MODEL, refusal

from course_utils import fit, memory


@pytest.mark.slow
def test_the_peak_of_a_step_is_predicted(report):
    assert set(report["results"]["peak_error"]) == {"everything kept", "checkpointing"}
    assert all(abs(error) < 0.03 for error in report["results"]["peak_error"].values())


@pytest.mark.slow
def test_checkpointing_and_the_fused_kernel_keep_less(report):
    kept = report["results"]["bytes_a_token"]
    assert kept["eager"] > 1.2 * kept["sdpa"] > 1.2 * 5 * kept["sdpa, checkpointing"]


@pytest.mark.slow
def test_the_receipt_is_what_it_says(report):
    on_an_h100 = report["results"]["on_an_h100"]
    assert on_an_h100["cases"] == len(fit.measured()) and on_an_h100["worst"] < 0.10 > 2 * on_an_h100["median"]


def of_another_model(results):
    """Any Llama is counted to the byte, in the run in the browser too."""
    counted = results["at_rest"]
    assert counted["4-bit codes"] > 0 and counted["quantization constants"] > 0


def test_a_model_that_is_not_there_is_one_line():
    assert NO_MODEL in refusal("03", "-p", "model", "./nowhere")


@pytest.mark.parametrize(("name", "value"), [("rank", 0), ("rows", 65), ("length", 31), ("card", 0)])
def test_a_number_out_of_range_is_one_line(name, value):
    assert f"{name} = {value} is out of range" in refusal("03", "-p", name, str(value))


def test_its_sentences_on_what_saves_most():
    """The ladder's paragraphs: two rungs of forty GB, two of ten, and what is praised more than it saves."""
    usual = {"batch": 4, "seq_len": 512}

    def gigabytes(method="qlora", **options):
        return memory.estimate("llama-2-7b", method, **usual | options).total / 1e9

    sixteen, plain, eight = (
        gigabytes("full", optimizer=name) for name in ("adamw_master", "adamw_torch", "adamw_8bit")
    )
    frozen, quantized, recomputed = gigabytes("lora"), gigabytes(), gigabytes(checkpointing=True)
    assert min(sixteen - plain, plain - frozen) > 3 * max(frozen - quantized, quantized - recomputed)
    assert all(9 < saved < 11 for saved in (frozen - quantized, quantized - recomputed))
    assert plain - eight > 25
    mixed = {"precision": "mixed"}
    assert 0 < gigabytes(**mixed, double_quant=False) - gigabytes(**mixed) < 0.5
    assert 0 < gigabytes(**mixed) - gigabytes(**mixed, logits="chunked") < 1


def test_its_sentences_on_what_takes_time():
    """The ladder's seconds, of one step each: an order, and that fewer tokens are not as much less time."""

    def seconds(method, checkpointing=False, batch=4):
        wanted = {"shape": "7b", "entry": "grid", "method": method, "checkpointing": checkpointing, "batch": batch}
        (run,) = (c.run for c in fit.measured() if wanted.items() <= c.run.items() and c.run["seq_len"] == 512)
        return sum(run["seconds"].values())

    assert seconds("lora") < min(seconds("full"), seconds("qlora"))
    assert seconds("qlora") < seconds("qlora", True)
    assert seconds("qlora", True, batch=1) > 0.5 * seconds("qlora", True)


def test_a_compiler_keeps_less_than_is_foreseen():
    for run in fit.compiled():
        names = ("model", "method", "rank", "batch", "seq_len", "checkpointing", "optimizer")
        budget = memory.estimate(*(run[name] for name in names), precision="mixed", logits="chunked")
        assert run["peak_bytes"] < 0.9 * budget.total, run["name"]
