"""The script that makes lesson 11's receipt: its rungs, its rows, its handing out of cases, and its quick run."""

import argparse
import dataclasses
import itertools
import json
import statistics
import subprocess
import sys
import time

import pytest
import torch
import torch.nn.functional as F
from lessons import ROOT

from course_utils import memory
from course_utils.errors import CourseError
from course_utils.making import memory_peaks, speed_ladder
from course_utils.making.speed_ladder import Case, Recipe

ALL = [case for peer in (False, True) for group in speed_ladder.plan(False, peer) for case in group]


def changed(before, after):
    one, other = dataclasses.asdict(before), dataclasses.asdict(after)
    return {name for name in one if one[name] != other[name]}


def test_cases_have_names_of_their_own_and_the_tops_come_first():
    assert len({case.name for case in ALL}) == len(ALL)
    first = [group[0] for group in speed_ladder.plan(False, False)[:8]]
    assert [case.recipe for case in first[:4]] == [speed_ladder.top(case.shape, case.rows) for case in first[:4]]
    assert {case.rung for case in first[4:]} == {"the book's"}
    assert {(case.shape, case.rows) for case in first[:4]} == {(case.shape, case.rows) for case in first[4:]}
    assert all(0 < case.reserve <= 150 for case in ALL)


@pytest.mark.parametrize("rows", ["long", "short", "real"])
@pytest.mark.parametrize("shape", ["tinyllama", "llama-2-7b"])
def test_a_rung_is_one_change(shape, rows):
    rungs = [recipe for _, recipe in speed_ladder.rungs(shape, rows)]
    assert rungs[0] == Recipe() and rungs[0].batch * rungs[0].accumulation == 8
    for before, after in itertools.pairwise(rungs):
        assert len(changed(before, after) - {"accumulation"}) == 1
    assert bool(rungs[-1].packing) == (rows != "long")
    for case in speed_ladder.without_one(shape, rows) if rows != "real" else ():
        assert case.recipe != rungs[-1]


def test_a_receipt_is_in_the_order_of_its_ladders():
    runs = [{"name": case.name, "entry": case.entry, "rung": case.rung} for case in ALL]
    ordered = speed_ladder.in_order([{"name": "of another script"}, *runs])
    assert ordered[-1]["name"] == "of another script" and len(ordered) == len(runs) + 1
    for shape, rows in itertools.product(("tinyllama", "llama-2-7b"), ("long", "short")):
        names = [case.name for case in speed_ladder.ladder(shape, rows)]
        assert [run["name"] for run in ordered if run["name"] in names] == names


def test_losses_are_compared_on_the_same_rows_of_a_step():
    for case in speed_ladder.losses():
        rows = case.recipe.batch * case.recipe.accumulation
        assert rows == (4 if case.recipe.packing else 8) and case.rung.startswith(("padded", "packed"))


@pytest.mark.parametrize("rows", ["long", "short", "real"])
def test_rows_are_always_the_same_and_of_the_lengths_that_are_said(rows):
    first, again = (list(itertools.islice(speed_ladder.lengths(rows), 2000)) for _ in range(2))
    assert first == again and min(first) >= 16 and max(first) <= 512
    if rows == "long":
        assert set(first) == {512}
    elif rows == "short":
        assert 125 < statistics.median(first) < 145
    else:
        assert len(set(first)) > 150 and statistics.median(first) < 256


def test_there_are_rows_enough_for_all_steps():
    for packing in ("", "side by side"):
        case = Case("ladder", "x", "tiny", "short", Recipe(batch=3, accumulation=2, packing=packing), 2, 2)
        rows = speed_ladder.rows_of(case)
        held = sum(map(len, rows["input_ids"])) / 512 if packing else len(rows)
        assert 9 * 6 <= held < 9 * 6 + 1 and rows["labels"] == rows["input_ids"]


def test_weights_that_a_token_is_multiplied_with():
    products = {name: memory.shape_of(name).products for name in ("tinyllama", "llama-2-7b")}
    assert products == pytest.approx({"tinyllama": 1.034e9, "llama-2-7b": 6.607e9}, rel=1e-3)
    assert speed_ladder.share_of(1e4, "tinyllama", 4e14) == pytest.approx(1e4 * 1.034e9 / 1e14, rel=1e-3)


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("nvjet_sm90_tst_128x256_64x4_2x1_v_bz_coopA_NNT", "matrix products"),
        ("void cutlass::device_kernel<sm90_xmma_gemm_bf16bf16>", "matrix products"),
        ("void kDequantizeBlockwise<__nv_bfloat16, 512, 64, 8, 2>", "dequantize"),
        ("void pytorch_flash::flash_bwd_dq_dk_dv_loop_seqk_parallel_kernel<cutlass>", "attention"),
        ("triton_tem_fused_flex_attention_0", "attention"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16", "attention"),
        ("triton_poi_fused__to_copy_mul_silu_3", "elementwise"),
        ("triton_red_fused__to_copy_add_mean_mm_2", "elementwise"),
        ("void at::native::multi_tensor_apply_kernel<FusedAdamMathFunctor>", "optimizer"),
        ("void at::native::vectorized_elementwise_kernel<4, BinaryFunctor>", "elementwise, not fused"),
        ("Memcpy HtoD (Pinned -> Device)", "elementwise, not fused"),
        ("triton_poi_fused__scaled_dot_product_flash_attention_add_7", "elementwise"),
        ("void mine<int>(int*)", "other"),
    ],
)
def test_kernels_are_told_by_their_names(kernel, kind):
    assert speed_ladder.kind_of(kernel) == kind


# --- what only a GPU has, by a stand-in ------------------------------------------------------------------------------


def by_conversation(query, key, value, cu_seq_q, cu_seq_k, max_q, max_k, *, window_size, enable_gqa=False):
    """Attention over [tokens, heads, size], conversation by conversation: what the GPU's kernel does at once."""
    assert window_size == (-1, 0) and cu_seq_q is cu_seq_k and max_q == max_k
    found = []
    for start, end in itertools.pairwise(cu_seq_q.tolist()):
        q, k, v = (each[start:end].transpose(0, 1)[None] for each in (query, key, value))
        if end > start:
            assert end - start <= max_q
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=enable_gqa)
            found.append(out[0].transpose(0, 1))
    return torch.cat(found)


@pytest.mark.parametrize("packing", ["side by side", "end to end"])
def test_attention_by_conversation_is_attention_with_a_mask(packing, monkeypatch):
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from course_utils import adapters

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", by_conversation)
    monkeypatch.setattr(speed_ladder, "LENGTH", 64)
    lengths = [[20, 30, 9], [40, 18], [61]]
    ids = [[[7] * length for length in row] for row in lengths]
    rows = [
        {"input_ids": sum(row, []), "labels": sum(row, []), "seq_lengths": of}
        for row, of in zip(ids, lengths, strict=True)
    ]
    inner = adapters.SideBySide(0, 64)
    if packing == "end to end":
        inner = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True, pad_to_multiple_of=192)
    collator = speed_ladder.Collator(inner, Recipe(packing=packing, attention="varlen"))
    batch = collator(rows)
    assert collator.tokens == [sum(map(sum, lengths))] and batch["input_ids"].numel() == 192
    ends = batch["cu_seq_lens_q"]
    assert ends[0] == 0 and (ends.diff() >= 0).all() and ends[-1] == 192 and not {"seq_idx"} & batch.keys()
    positions = batch["position_ids"]
    size, length = positions.shape
    torch.manual_seed(0)
    query, key, value = (torch.randn(size, heads, length, 8) for heads in (4, 2, 2))
    found, _ = speed_ladder.varlen_attention(None, query, key, value, None, ends, batch["max_length_q"])
    talk = (positions == 0).cumsum(1)
    mask = (talk[:, :, None] == talk[:, None]) & torch.ones(length, length, dtype=torch.bool).tril()
    masked = F.scaled_dot_product_attention(query, key, value, mask[:, None], enable_gqa=True)
    torch.testing.assert_close(found, masked.transpose(1, 2))


def test_rows_without_a_mask_keep_their_positions():
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    collator = speed_ladder.Collator(DataCollatorForLanguageModeling(pad_token_id=0), Recipe(mask=False))
    batch = collator([{"input_ids": [5, 6, 7], "labels": [5, 6, 7]}, {"input_ids": [8], "labels": [8]}])
    assert "attention_mask" not in batch and batch["position_ids"].tolist() == [[0, 1, 2]] * 2
    assert batch["labels"].tolist() == [[5, 6, 7], [8, -100, -100]] and collator.tokens == [4]


def test_layers_compute_in_the_precision_that_is_asked_for():
    net = speed_ladder.in_precision(memory_peaks.load(memory_peaks.SHAPES["tiny"], "nf4 + double", 2), torch.float32)
    seen = {}
    for name, module in net.named_modules():
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: getattr(out, "dtype", None)}))
    net(input_ids=torch.randint(10, 200, (1, 8)))
    assert {dtype for name, dtype in seen.items() if name.endswith(("_proj", "norm", "head"))} == {torch.float32}


def test_int8_layers_say_nearly_the_same():
    net = memory_peaks.load(memory_peaks.SHAPES["tiny"], "dense", 2).eval()
    ids = torch.randint(10, 200, (2, 8))
    with torch.no_grad():
        before = net(input_ids=ids).logits.float()
        after = speed_ladder.in_int8(net)(input_ids=ids).logits.float()
    assert 0 < (after - before).norm() < 0.05 * before.norm()


# --- handing out -----------------------------------------------------------------------------------------------------


def desk(tmp_path, *groups):
    return speed_ladder.Desk([list(group) for group in groups], tmp_path / "out.json", {"runs": []})


def test_no_case_is_begun_that_would_not_end_in_time(tmp_path):
    slow = Case("inference", "16 bits, compiled", "tiny")
    quick = Case("ladder", "x", "tiny", "long", Recipe(batch=4))
    assert slow.reserve > 100 > quick.reserve
    handed = desk(tmp_path, [slow], [quick])
    own = []
    assert handed.take(own, 100) == quick and handed.take(own, 100) is None
    assert handed.take(own, 500) == slow and handed.take(own, 500) is None and own == []


def test_a_list_stays_on_its_card(tmp_path):
    one, two, three = (Case("ladder", name, "tiny", "long") for name in ("one", "two", "three"))
    handed = desk(tmp_path, [one, two], [three])
    first, second = [], []
    assert handed.take(first, 500) == one and handed.take(second, 500) == three
    assert handed.take(second, 500) is None and handed.take(first, 500) == two


def test_a_process_that_dies_or_does_not_end_is_one_line(tmp_path):
    given = argparse.Namespace(quick=True, peer_site=None)
    lane = speed_ladder.Lane(desk(tmp_path), "0", given, tmp_path, time.monotonic() + 2)

    def process(code):
        with (tmp_path / "case.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )

    out = tmp_path / "case.json"
    assert lane.finish(process("raise SystemExit('boom')"), out)["error"] == "the process ended with 1: boom"
    began = time.monotonic()
    assert "not done" in lane.finish(process("import time; time.sleep(60)"), out)["error"]
    assert time.monotonic() - began < 10


def test_what_is_done_is_not_asked_again():
    groups = speed_ladder.plan(True, False)
    names = [case.name for group in groups for case in group]
    left = speed_ladder.chosen(groups, [""], {names[0]})
    assert [case.name for group in left for case in group] == names[1:]
    assert speed_ladder.chosen(groups, ["no such case"], set()) == []


@pytest.mark.slow
def test_the_quick_run_measures_every_kind_of_case_and_is_not_repeated(tmp_path):
    out = tmp_path / "ladder.json"
    command = [sys.executable, "-m", "course_utils.making.speed_ladder", "--out", out, "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(out.read_text())
    assert receipt["command"] == "python -m course_utils.making.speed_ladder --out FILE --quick"
    assert receipt["hardware"] and receipt["versions"]["trl"] and list(receipt)[-1] == "runs"
    book, best, written = receipt["runs"]  # from the first rung up, though the top is measured first
    for entry in (best, book):
        assert "error" not in entry and len(entry["tokens"]) == len(entry["seconds"]) == speed_ladder.BLOCKS
        low, high = entry["spread"]
        assert 0 < low <= entry["tokens_a_second"] <= high and 0 < entry["share_of_ceiling"] < 1
        assert 5 < entry["losses"][0] < 6
    assert best["profile"]["ms"]["matrix products"] > 0 and best["compiled_graphs"] > 0 == book["compiled_graphs"]
    assert written["batch 32"]["tokens_a_second"] > written["batch 1"]["tokens_a_second"] > 0
    before = out.read_bytes()
    options = ["--out", str(out)]
    assert speed_ladder.main([*options, "--quick"]) == 0
    assert out.read_bytes() == before
    with pytest.raises(CourseError, match="give a new file"):
        speed_ladder.main([*options, "--list"])
