"""`fit` says what can be trained on a card, from a shape alone: what it says fits by the numbers, and no more would."""

import json
import re
import subprocess
import sys

import pytest
from lessons import ROOT

from course_utils import __main__, fit, memory

ROW = re.compile(
    r" *(?P<card>[\d.]+)  (?P<method>full|lora|qlora) +(?P<checkpointing>on|off) +(?P<rows>\d+)\+? +(?P<longest>[\d,]+)"
    r"  (?P<peak>[\d.]+) GB \((?P<low>[\d.]+) to (?P<high>[\d.]+)\)"
)


def said(capsys, *arguments):
    code = __main__.main(["fit", *map(str, arguments)])
    return code, *capsys.readouterr()


def rows_of(text):
    return [match.groupdict() for match in map(ROW.fullmatch, text.splitlines()) if match]


@pytest.fixture(scope="module")
def margin():
    return fit.margins(fit.measured())


def test_the_command_answers_without_torch_and_without_a_network():
    code = (
        "import sys; from course_utils.__main__ import main; code = main(['fit', 'tinyllama']); "
        "heavy = {'torch', 'transformers', 'requests', 'huggingface_hub'} & set(sys.modules); "
        "sys.exit(code or len(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 120
    assert {float(row["card"]) for row in rows_of(done.stdout)} == set(fit.CARDS)


@pytest.mark.parametrize("model", ["tinyllama", "llama-2-7b"])
def test_what_it_says_fits_and_one_row_more_does_not(capsys, margin, model):
    code, out, _ = said(capsys, model)
    found = rows_of(out)
    assert code == 0 and found
    for row in found:
        card, count, on = float(row["card"]) * 1e9, int(row["rows"]), row["checkpointing"] == "on"
        options = fit.SETTINGS[row["method"]]

        def takes(rows, length, on=on, method=row["method"], options=options):
            return fit.needed(memory.estimate(model, method, 16, rows, length, on, **options), margin)

        assert takes(count, 512) <= card < takes(count + 1, 512)
        longest = int(row["longest"].replace(",", ""))
        assert takes(1, longest) <= card
        assert longest == memory.longest_row(model) or card < takes(1, longest + fit.LENGTHS)
        assert float(row["low"]) <= float(row["peak"]) <= float(row["high"]) < float(row["card"])


def test_checkpointing_is_off_where_enough_tokens_fit_without(capsys, margin):
    for row in rows_of(said(capsys, "llama-2-7b")[1]):
        budget = memory.estimate("llama-2-7b", row["method"], 16, fit.ENOUGH // 512, 512, **fit.SETTINGS[row["method"]])
        fits = fit.needed(budget, margin) <= float(row["card"]) * 1e9
        assert fits == (row["checkpointing"] == "off")


def test_a_larger_card_fits_as_much_at_least_and_a_higher_rank_no_more(margin):
    plans = [fit.plan("llama-2-7b", "qlora", card, 512, 16, margin) for card in (16, 24, 48, 80)]
    steps = [(not each.checkpointing, each.rows) for each in plans]
    assert steps == sorted(steps)
    high, low = (fit.plan("llama-2-7b", "qlora", 24, 512, rank, margin) for rank in (256, 8))
    assert (not high.checkpointing, high.rows) < (not low.checkpointing, low.rows)


def test_margins_hold_what_was_measured_and_count_what_is_beside_the_allocator(margin):
    cases = fit.measured()
    inside = [margin.low <= case.peak / case.budget.total <= margin.high for case in cases]
    assert 0.93 <= sum(inside) / len(cases) <= 1
    assert 0.9 < margin.low <= 1.01 and 1 <= margin.high < 1.1
    assert 0 < margin.reserve < 0.2 and 0.5e9 < margin.context < 1.5e9
    budget = memory.estimate("tinyllama")
    assert fit.needed(budget, margin) > budget.total * margin.high + margin.context


def test_a_third_of_each_shape_was_held_back():
    held = {}
    for case in fit.measured():
        held.setdefault(case.run["shape"], []).append(case.held_back)
    assert all(flags == [number % 3 == 2 for number in range(len(flags))] for flags in held.values())


@pytest.mark.parametrize(
    ("arguments", "change"),
    [
        (("llama-2-7b", "--card", 24, "--method", "full"), "--method qlora fits"),
        (("llama-2-7b", "--card", 16, "--method", "lora"), "--method qlora fits"),
        (("llama-2-7b", "--card", 7, "--length", 32768), r"--length \d+ fits"),
        (("llama-2-7b", "--card", 8, "--rank", 512), r"--rank \d+ with --length 64 fits"),
        (
            ("llama-65b", "--card", 8),
            r"take a smaller model or a larger card: QLoRA of rank 1 on 64 tokens needs 3\d.\d GB",
        ),
        (("smollm2", "--card", 0.5), "take a smaller model or a larger card: .* needs 1.0 GB"),
    ],
)
def test_where_nothing_fits_the_first_change_is_named_and_it_fits(capsys, arguments, change):
    code, out, _ = said(capsys, *arguments)
    (line,) = (line for line in out.splitlines() if "nothing fits" in line)
    assert code == 0 and not rows_of(out) and re.search(f"nothing fits; {change}$", line)
    options = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    advice = line.partition("; ")[2].replace(" with", "").split()
    if advice[0].startswith("--"):
        options |= dict(zip(advice[:-1:2], advice[1:-1:2], strict=True))
        assert rows_of(said(capsys, arguments[0], *(word for pair in options.items() for word in pair))[1])


def test_a_directory_and_its_configuration_are_models_too(capsys, tmp_path, tiny_model):
    outputs = [said(capsys, model, "--card", 8) for model in (tiny_model, tiny_model / "config.json")]
    assert [code for code, *_ in outputs] == [0, 0]
    assert len(rows_of(outputs[0][1])) == 3 and rows_of(outputs[0][1]) == rows_of(outputs[1][1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("llama-9",), "there is no model 'llama-9' here: give pocket-llama, "),
        (("{empty}",), "config.json is missing"),
        (("{broken}",), "config.json is damaged"),
        (("{falcon}",), "this model is of type 'falcon'"),
        (("{short}",), "num_hidden_layers has to be a whole number from 1 up, not None"),
        (("tinyllama", "--rank", "0"), "rank has to be a whole number from 1 up, not 0"),
        (("tinyllama", "--length", "-5"), "seq_len has to be a whole number from 1 up, not -5"),
        (("tinyllama", "--rank", "many"), "invalid int value: 'many'"),
        (("tinyllama", "--card", "0"), "'0' is not a number of GB above 0"),
        (("tinyllama", "--card", "large"), "'large' is not a number of GB above 0"),
        (("tinyllama", "--method", "dora"), "invalid choice: 'dora'"),
        ((), "the following arguments are required: MODEL"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(capsys, tmp_path, arguments, words):
    good = json.loads((ROOT / "course_utils/assets/pocket-llama/config.json").read_text())
    files = {
        "empty": None,
        "broken": '{"hidden_size": 12',
        "falcon": json.dumps(good | {"model_type": "falcon"}),
        "short": json.dumps({name: value for name, value in good.items() if name != "num_hidden_layers"}),
    }
    for name, text in files.items():
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "config.json").write_text(text)
    places = {name: tmp_path / name for name in files}
    code, out, err = said(capsys, *(word.format(**places) for word in arguments))
    assert code == 2 and not out
    assert words in err and err.startswith("error: ") and err.count("\n") == 1
