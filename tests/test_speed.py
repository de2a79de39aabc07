"""What lesson 11 measures with: turns, a step taken apart, threads in company, and the receipt's cases."""

import json
import time

import pytest
import torch
from torch.profiler import profile, record_function

from course_utils import speed
from course_utils.errors import CourseError


def test_ways_run_once_before_and_then_by_turns_in_alternating_order():
    seen = []
    ways = {name: lambda name=name: seen.append(name) for name in "abc"}
    times = speed.by_turns(ways, 3)
    assert "".join(seen) == "abc" + "abc" + "cba" + "abc"
    assert all(len(each) == 3 for each in times.values()) and list(times) == ["a", "b", "c"]


def test_the_first_run_does_not_count():
    pauses = iter([0.2, 0.0, 0.0])
    times = speed.by_turns({"x": lambda: time.sleep(next(pauses))}, 2)
    assert max(times["x"]) < 0.1


def test_only_what_all_turns_show_is_called_a_gain():
    assert speed.ratio([2.0, 3.0, 8.0], [1.0, 1.0, 2.0]) == (3.0, 2.0, 4.0)
    assert speed.verdict((1.5, 1.1, 2.0)) == "1.50 times as fast (1.10 to 2.00)"
    assert speed.verdict((0.5, 0.4, 0.9)).startswith("slower, 0.50 ")
    for unclear in ((1.5, 0.9, 2.0), (0.9, 0.8, 1.1), (1.01, 1.01, 1.01), (0.99, 0.99, 0.99)):
        assert speed.verdict(unclear).startswith("not clearly")
    assert speed.rates(12, [3.0, 1.0, 2.0]) == (6.0, 4.0, 12.0)


RANK, VOCABULARY = 3, 50


class Small(torch.nn.Module):
    """A frozen layer with an adapter, attention and a head."""

    def __init__(self, adapter=True):
        super().__init__()
        self.base = torch.nn.Linear(64, 64, bias=False).requires_grad_(False)
        self.a, self.b = (torch.nn.Parameter(torch.randn(*shape)) for shape in ((RANK, 64), (64, RANK)))
        self.head = torch.nn.Linear(64, VOCABULARY, bias=False).requires_grad_(False)
        self.adapter = adapter

    def forward(self, x):
        y = self.base(x)
        y = y + x @ self.a.T @ self.b.T if self.adapter else y * self.a.sum()
        y = torch.nn.functional.scaled_dot_product_attention(y[:, None], y[:, None], y[:, None])[:, 0]
        return self.head(torch.nn.functional.silu(y))


def parts(net, x):
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad])

    def step():
        with record_function("data"):
            targets = torch.randint(VOCABULARY, (2 * 40,))
        logits = net(x).flatten(0, 1)
        with record_function("loss"):
            loss = torch.nn.functional.cross_entropy(logits, targets)
        loss.backward()
        optimizer.step()

    step()
    began = time.perf_counter()
    with profile(record_shapes=True) as profiled:
        step()
    seconds = time.perf_counter() - began
    return speed.parts_of(profiled, seconds, RANK, VOCABULARY), seconds


def test_a_step_is_taken_apart_and_nothing_is_lost():
    found, seconds = parts(Small(), torch.randn(2, 40, 64, requires_grad=True))
    assert list(found) == list(speed.PARTS)
    assert sum(found.values()) == pytest.approx(1e3 * seconds, rel=1e-6)
    present = {name for name, spent in found.items() if spent > 0}
    assert present == set(speed.PARTS) - {"dequantize"}


def test_parts_that_are_not_there_take_no_time():
    found, _ = parts(Small(adapter=False), torch.randn(2, 40, 64))
    assert found["adapter"] == 0 and found["base, backward"] == 0 < found["base, forward"]


def test_dequantizing_is_told_from_the_product_within_the_same_operation():
    import bitsandbytes as bnb

    net = Small()
    net.base = bnb.nn.Linear4bit(64, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4").to("cpu")
    net.base.support_avx512bf16_for_cpu = False
    found, _ = parts(net, torch.randn(2, 40, 64, requires_grad=True))
    assert min(found[name] for name in ("dequantize", "base, forward", "base, backward")) > 0


def test_threads_are_watched_alone_and_in_company(monkeypatch):
    alone, beside = speed.in_company({"OMP_NUM_THREADS": "1"}, 0.05)
    assert alone > 0 < beside
    monkeypatch.setattr(speed, "CHILD", "raise SystemExit('no torch here')")
    with pytest.raises(CourseError, match="no torch here"):
        speed.in_company({}, 0.05)


def test_a_process_to_be_timed_has_the_settings_that_are_given_and_no_other(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setattr(
        speed, "CHILD", "import os; print([len(os.environ.get(n, '')) for n in ('OMP_NUM_THREADS', 'OMP_WAIT_POLICY')])"
    )
    assert speed.in_company({"OMP_WAIT_POLICY": "PASSIVE"}, 0.05) == (0, len("PASSIVE"))


# --- the receipt -----------------------------------------------------------------------------------------------------


def entry(rung, rate, turn=0, **more):
    recipe = {"batch": 2, "accumulation": 4, "compiled": "", "packing": ""} | more.pop("recipe", {})
    case = {"entry": "ladder", "rung": rung, "shape": "tiny", "rows": "long", "turn": turn, "recipe": recipe}
    return case | {"tokens_a_second": rate, "spread": [rate - 1, rate + 1]} | more


@pytest.fixture
def ladder(tmp_path):
    runs = [
        entry("first", 100),
        entry("more rows", 300, recipe={"batch": 8, "accumulation": 1}),
        entry("all", 900, recipe={"batch": 8, "accumulation": 1, "packing": "end to end", "compiled": "static"}),
        entry("all", 880, turn=2),
        entry("too large", 0, out_of_memory="no room"),
        entry("other rows", 50) | {"rows": "short"},
    ]
    path = tmp_path / "ladder.json"
    command = "python -m course_utils.making.speed_ladder --out FILE"
    path.write_text(json.dumps({"command": command, "hardware": "NVIDIA H100 80GB (capability 9.0)", "runs": runs}))
    return speed.Ladder(str(path))


def test_cases_are_found_by_table_shape_and_rows(ladder):
    cases = ladder.cases("ladder", "tiny", "long")
    assert list(cases) == ["first", "more rows", "all", "all, again"]
    assert list(ladder.cases("ladder")) == [*cases, "other rows"] and ladder.cases("peer") == {}
    assert ladder.failed("ladder") == {"too large": "no room"} and ladder.failed("peer") == {}
    assert ladder.card == "H100 80GB"
    assert speed.shown(cases["first"]) == "100 (99 to 101)"


def test_a_rung_is_compared_with_the_one_before_it_and_a_gap_is_named(ladder):
    cases = ladder.cases("ladder", "tiny", "long")
    del cases["all, again"]
    assert speed.steps(cases) == {"more rows": 3.0, "more rows to all": 3.0}
    assert speed.gain(cases["all"], cases["first"]) == 9.0


def test_all_runs_of_a_top_are_found_and_a_case_is_compared_with_each(ladder):
    ladder.runs = [run for run in ladder.runs if run["turn"] < 2]
    ladder.runs += [entry("our top", 800) | {"entry": "beside the peer"}]
    ladder.runs += [entry("our top", 1000, turn=2) | {"entry": "beside the peer"}]
    ladder.runs += [entry("our top, bf16 throughout", 990) | {"entry": "beside the peer"}]
    runs = ladder.tops("tiny", "long")
    assert [speed.pace(run) for run in runs] == [900, 800, 1000]
    assert speed.against({"tokens_a_second": 900}, runs) == (1.0, 0.9, 1.125)
    assert len(ladder.tops("tiny", "short")) == 1 and ladder.tops("tiny", "real") == []


def test_curves_are_compared_step_by_step():
    assert speed.largest_gap([1.0, 2.0], [1.5, 1.0]) == 1.0
    with pytest.raises(ValueError):
        speed.largest_gap([1.0], [1.0, 2.0])
