"""Lesson 05 by papermill, as `validate` runs it; its templates, masks and packing over generated conversations; its
graders."""

import functools
import statistics
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import NO_MODEL, ROOT, code_cells, refusal

from course_utils import checks, data, microscope, models, receipts

NOTEBOOK = ROOT / "notebooks" / "05_instruction_data.ipynb"


@pytest.mark.slow
def test_new_tokens_are_learned_only_with_their_rows(report):
    results = report["results"]
    chance, ended = results["end_chance"], results["answers_ended"]
    assert ended["trained from </s>"] > 0.9 > 0.1 > ended["not trained"]
    assert chance["trained from </s>"] > 0.8 and chance["not trained"] < 0.05
    assert results["ended_with_rows_lost"] < 0.2
    # a start from the mean is slower
    assert results["loss_midway"]["trained from the mean"] > results["loss_midway"]["trained from </s>"] + 0.2
    sizes = results["adapter_mb"]
    # the table stands in the file of the larger one twice, in and out: 2 x 4,098 x 384 numbers of 2 bytes
    assert sizes["05-table"] - sizes["05-rows"] == pytest.approx(2 * 4098 * 384 * 2 / 1e6, rel=0.02)


def test_the_receipt_of_the_losses_carries_what_the_lesson_says():
    """Each claim over five seeds, paired: where the lesson says that a loss is ahead, it is in every seed."""
    receipt = receipts.load("three_losses")
    assert len(receipt["runs"]) == 60 and receipt["recipe"]["heldout_rows"] == 300
    right = {}
    for run in receipt["runs"]:
        answers = run["correct"][run["trained_on"]]
        assert len(answers) == 300 and set(answers) <= {"0", "1"}
        right[run["trained_on"], run["loss"], run["steps"], run["seed"]] = answers.count("1") / 300

    def ahead(kind, steps, other):
        return [right[kind, "assistant only", steps, seed] - right[kind, other, steps, seed] for seed in range(5)]

    for kind in ("one exchange", "three exchanges"):
        assert min(ahead(kind, 30, "full text")) > 0.1
        assert abs(statistics.mean(ahead(kind, 240, "full text"))) < 0.1  # it arrives, later
    assert abs(statistics.mean(ahead("one exchange", 30, "completion only"))) < 0.03  # the same tokens, nearly
    assert min(ahead("three exchanges", 30, "completion only")) > 0.1
    assert min(ahead("three exchanges", 240, "completion only")) > 0


@pytest.mark.slow
def test_the_script_writes_such_a_receipt(tmp_path, tiny_model):
    out = tmp_path / "losses.json"
    command = [sys.executable, "-m", "course_utils.making.three_losses", "--out", out, "--quick", "--model", tiny_model]
    done = subprocess.run([*command, "--seeds", "1"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    receipt = receipts.load("three_losses", out)
    assert len(receipt["runs"]) == 12 and str(tmp_path) not in receipt["command"]
    assert {run["loss"]: round(run["graded_share"], 2) for run in receipt["runs"]}["full text"] == 1


@pytest.mark.slow
def test_only_restarting_positions_keep_conversations_apart(report):
    results = report["results"]
    leak = results["leak"]
    assert leak.pop("positions restart") < 1e-3 and results["packed_against_alone"] < 1e-3
    assert len(leak) == 3 and min(leak.values()) > 0.05
    # with the mask, as with the cache, the model takes no notice of the restart: the same leak, not that of one run
    assert leak["restart, and a mask of ones"] == pytest.approx(leak["restart, cache on"], rel=0.01)
    assert leak["restart, and a mask of ones"] != pytest.approx(leak["one run of positions"], rel=0.01)


@pytest.mark.slow
def test_the_traps_snap(report):
    results = report["results"]
    assert results["ends_trained_with_pad_eos"]["transformers"] == 0 < results["ends_trained_with_pad_eos"]["trl"]
    assert results["ends_by_injection"] == {"template": 3, "tokenized apart": 2}
    assert results["long_row_seconds"] < 10
    assert results["problems_found"].keys() >= {
        "cut_off", "duplicate", "empty_turn", "encoding", "in_test", "missing_answer", "not_json", "not_object",
        "not_text", "not_utf8", "roles", "special_tokens",
    }  # fmt: skip


def of_another_model(results):
    """Packing keeps conversations apart in any model, that of the run in the browser too."""
    leak = results["leak"]
    assert leak["positions restart"] < leak["one run of positions"] / 100


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-p", "steps", "1"], "steps = 1 is out of range: it goes from 2 to 1000"),
        (["-p", "learning_rate", "3"], "learning_rate = 3 is out of range"),
        (["-p", "shelf_from", "hubb"], "did you mean 'hub'?"),
        (["-p", "model", "./nowhere"], NO_MODEL),
    ],
)
def test_bad_parameters_are_one_line(options, said):
    assert said in refusal("05", *options)


# --- the notebook's own functions over generated conversations -------------------------------------------------------


@functools.cache
def written():
    """What the notebook defines: its three functions and its templates."""
    namespace = {}
    for words in (
        "def tinyllama(",
        "def llama2(",
        "def chatml(",
        "TINYLLAMA =",
    ):
        (cell,) = (cell for cell in code_cells(NOTEBOOK) if words in cell.source)
        exec(cell.source, namespace)
    return SimpleNamespace(**namespace)


@functools.cache
def tokenizer_of(template):
    tokenizer = models.load_tokenizer("pocket-llama")
    if template == "CHATML":
        tokenizer.add_special_tokens({"eos_token": "<|im_end|>", "additional_special_tokens": ["<|im_start|>"]})
    tokenizer.chat_template = getattr(written(), template)
    return tokenizer


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
# Line ends at the beginning of a text become one token with the line end of the mark before it: see the test of that.
PLAIN_TEXT = st.text("abc xyz.,?!\n'é", min_size=1, max_size=30).filter(lambda s: s.strip() and s[0] != "\n")


def conversations(texts):
    """An optional system turn, then one to three exchanges."""

    def build(parts):
        system, exchanges = parts
        turns = [{"role": "system", "content": system}] if system is not None else []
        for asked, answered in exchanges:
            turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
        return turns

    exchanges = st.lists(st.tuples(texts, texts), min_size=1, max_size=3)
    return st.tuples(st.none() | texts, exchanges).map(build)


FORMATS = [("TINYLLAMA", "tinyllama"), ("LLAMA2", "llama2"), ("CHATML", "chatml")]


@pytest.mark.parametrize(("template", "function"), FORMATS)
@settings(max_examples=150, deadline=None)
@given(messages=conversations(TEXT))
def test_a_template_writes_what_its_function_writes(template, function, messages):
    rendered = tokenizer_of(template).apply_chat_template(messages, tokenize=False)
    assert rendered == getattr(written(), function)(messages)


@pytest.mark.parametrize(("template", "function"), FORMATS)
@settings(max_examples=100, deadline=None)
@given(messages=conversations(PLAIN_TEXT))
def test_a_mask_covers_the_answers_and_their_ends_and_nothing_else(template, function, messages):
    tokenizer = tokenizer_of(template)
    row = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    kept = [i for i, m in zip(row["input_ids"], row["assistant_masks"], strict=True) if m]
    answers = [m["content"] for m in messages if m["role"] == "assistant"]
    pad = " " if template == "LLAMA2" else ""
    texts = [f"{pad}{a.strip() if pad else a}{pad}{tokenizer.eos_token}" for a in answers]
    assert tokenizer.decode(kept, clean_up_tokenization_spaces=False) == "".join(texts)
    assert kept.count(tokenizer.eos_token_id) == len(answers)
    labels = [i if m else -100 for i, m in zip(row["input_ids"], row["assistant_masks"], strict=True)]
    view = microscope.look({"input_ids": [row["input_ids"]], "labels": [labels]}, tokenizer)
    assert view.counts["end, trained"] == len(answers)


def test_a_line_end_at_the_start_of_an_answer_merges_with_the_mark():
    """Marks of ordinary text have no firm edge: the mask then takes the last token of the mark along."""
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "\nb"}]
    tokenizer = tokenizer_of("TINYLLAMA")
    row = tokenizer.apply_chat_template(talk, return_dict=True, return_assistant_tokens_mask=True)
    kept = [i for i, m in zip(row["input_ids"], row["assistant_masks"], strict=True) if m]
    assert tokenizer.convert_ids_to_tokens(kept) == ["\n\n", "b", "</s>"]


@settings(max_examples=100, deadline=None)
@given(messages=conversations(TEXT))
def test_a_rendered_text_gets_one_bos_too_many(messages):
    tokenizer = tokenizer_of("TINYLLAMA")
    once = tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"]
    assert tokenizer(tokenizer.apply_chat_template(messages, tokenize=False))["input_ids"] == [1, *once]


@settings(max_examples=25, deadline=None)
@given(talks=st.lists(conversations(PLAIN_TEXT), min_size=1, max_size=5), size=st.sampled_from([32, 96, 400]))
def test_packed_positions_restart_where_a_conversation_begins(talks, size):
    """TRL's own collator on TRL's own packing, under our templates: no token of a conversation that fits is lost."""
    import datasets
    from trl import pack_dataset
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    datasets.disable_progress_bars()
    ids = [tokenizer_of("CHATML").apply_chat_template(talk, return_dict=True)["input_ids"] for talk in talks]
    rows = pack_dataset(datasets.Dataset.from_dict({"input_ids": ids, "labels": ids}), size, "bfd")
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)(list(rows))
    positions, tokens = batch["position_ids"][0], batch["input_ids"][0].tolist()
    starts = [*(positions == 0).nonzero().flatten().tolist(), len(tokens)]
    found = [tokens[a:b] for a, b in zip(starts, starts[1:], strict=False)]
    assert sorted(found) == sorted(row[:size] for row in ids)
    assert [p for a, b in zip(starts, starts[1:], strict=False) for p in range(b - a)] == positions.tolist()
    assert batch["labels"][0][positions == 0].eq(-100).all()
    lengths = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    assert checks.packed_positions.answer(lengths, len(tokens)) == positions.tolist()


# --- what the lesson says about the libraries ------------------------------------------------------------------------


def sft(model, tokenizer, rows, peft_config, tmp_path, **more):
    from trl import SFTConfig, SFTTrainer

    config = SFTConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, use_cpu=True, bf16=False,
        report_to="none", save_strategy="no", disable_tqdm=True, activation_checkpointing=False, **more,
    )  # fmt: skip
    return SFTTrainer(model, config, train_dataset=rows, processing_class=tokenizer, peft_config=peft_config)


@pytest.mark.parametrize("tied", [True, False])
def test_the_missing_bias_and_its_cure(tied, tmp_path):
    """If the first part fails, TRL or peft has mended it: take the line out of the lesson."""
    from peft import LoraConfig
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tokenizer_of("CHATML")
    rows = data.instructions("train", 4, 0).select_columns(["messages"])
    tables = ["embed_tokens"] if tied else ["embed_tokens", "lm_head"]

    def trainer():
        torch.manual_seed(0)
        small = LlamaConfig(
            vocab_size=4098, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1,
            tie_word_embeddings=tied,
        )  # fmt: skip
        rows_to_train = {name: [4096, 4097] for name in tables}
        lora = LoraConfig(r=2, target_modules="all-linear", trainable_token_indices=rows_to_train)
        return sft(LlamaForCausalLM(small), tokenizer, rows, lora, tmp_path, learning_rate=0.1)

    with pytest.raises(AttributeError, match="'TrainableTokensWrapper' object has no attribute 'bias'"):
        trainer().train()
    cured = trainer()
    cured.model.get_output_embeddings().bias = None
    before = cured.model.get_output_embeddings().weight.detach().clone()
    cured.train()
    moved = (cured.model.get_output_embeddings().weight - before).abs().amax(1)
    assert moved[4096:].min() > 0 and moved[:4096].max() == 0


@pytest.mark.parametrize("tied", [True, False])
def test_chat_template_path_trains_a_head_of_its_own_and_stops_at_a_tied_one(tied, tmp_path):
    from peft import LoraConfig
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer_of("CHATML").save_pretrained(tmp_path / "chatml")
    small = LlamaConfig(
        vocab_size=4096, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1,
        tie_word_embeddings=tied,
    )  # fmt: skip
    lora = LoraConfig(r=2, target_modules="all-linear", modules_to_save=["lm_head"])
    rows = data.instructions("train", 4, 0).select_columns(["messages"])
    tokenizer, path = models.load_tokenizer("pocket-llama"), str(tmp_path / "chatml")
    trainer = sft(LlamaForCausalLM(small), tokenizer, rows, lora, tmp_path, chat_template_path=path)
    assert len(tokenizer) == 4160 and tokenizer.eos_token == "<|im_end|>"
    if tied:
        with pytest.raises(AttributeError, match="bias"):
            trainer.train()
    else:
        trainer.train()


@pytest.mark.parametrize("packing", [False, True])
def test_trl_drops_a_row_that_has_nothing_to_train_but_not_where_it_packs(packing, tmp_path):
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = tokenizer_of("TINYLLAMA")
    long = [{"role": "user", "content": "a b c d " * 20}, {"role": "assistant", "content": "e"}]
    short = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    small = LlamaConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, vocab_size=8)
    rows = Dataset.from_dict({"messages": [long, short]})
    more = {"assistant_only_loss": True, "max_length": 32, "packing": packing}
    trainer = sft(LlamaForCausalLM(small), tokenizer, rows, None, tmp_path, **more)
    kept = sum(map(len, trainer.train_dataset["input_ids"]))
    alone = len(tokenizer.apply_chat_template(short, return_dict=True)["input_ids"])
    assert kept == (32 + alone if packing else alone)
    assert [(p.row, p.kind) for p in data.check(rows, tokenizer, max_length=32)] == [(1, "cut_off")]


# --- the graders -----------------------------------------------------------------------------------------------------


def llama2_by_template(system, exchanges, question):
    messages = [{"role": "system", "content": system}] if system else []
    for asked, answered in exchanges:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    messages.append({"role": "user", "content": question})
    return tokenizer_of("LLAMA2").apply_chat_template(messages, tokenize=False)


def mask_by_tensor(length, spans):
    mask = torch.zeros(length, dtype=torch.long)
    for role, start, end in spans:
        mask[start:end] = role == "assistant"
    return mask


def positions_by_counting(lengths, size):
    starts, position, out = {sum(lengths[:i]) for i in range(len(lengths) + 1)}, 0, []
    for place in range(size):
        position = 0 if place in starts else position + 1
        out.append(position)
    return out


def ends_by_loss(labels, eos_id):
    """Rows whose loss does not change when the score of the EOS does."""
    from transformers.loss.loss_utils import ForCausalLMLoss

    out = []
    for i, row in enumerate(labels):
        logits = torch.zeros(1, len(row), 10)
        kept = torch.tensor([[label if label == eos_id else -100 for label in row]])
        loss = ForCausalLMLoss(logits, kept, 10, num_items_in_batch=torch.tensor(1))
        if loss == 0:
            out.append(i)
    return out


def first_fit_by_sets(lengths, size):
    rows = []
    for long, i in sorted(((n, i) for i, n in enumerate(lengths)), key=lambda pair: (-pair[0], pair[1])):
        for row in rows:
            if sum(lengths[k] for k in row) + long <= size:
                row.append(i)
                break
        else:
            rows.append([i])
    return rows


RIGHT = [
    (checks.llama2_prompt, llama2_by_template),
    (checks.assistant_mask, mask_by_tensor),
    (checks.packed_positions, positions_by_counting),
    (checks.rows_without_end, ends_by_loss),
    (checks.first_fit_decreasing, first_fit_by_sets),
]
WRONG = [
    (checks.llama2_prompt, lambda s, e, q: f"[INST] {q} [/INST]", "exchanges=[]"),
    (checks.llama2_prompt, lambda s, e, q: llama2_by_template(s, e, q) + " ", "exchanges=[]"),
    (checks.llama2_prompt, lambda s, e, q: llama2_by_template(s, e[-1:], q), "And now?"),
    (checks.llama2_prompt, lambda s, e, q: llama2_by_template(s, e, q).replace("</s><s>", "</s>"), "Hello."),
    (checks.assistant_mask, lambda n, spans: [1] * n, "length=4"),
    (checks.assistant_mask, lambda n, spans: mask_by_tensor(n, [(r, a, b - 1) for r, a, b in spans]), "length=4"),
    (checks.assistant_mask, lambda n, spans: mask_by_tensor(n, spans[-1:]), "length=9"),
    (checks.assistant_mask, lambda n, spans: [bool(m) for m in mask_by_tensor(n, spans)], "False, should be 0"),
    (checks.packed_positions, lambda lengths, size: list(range(size)), "lengths=[2, 1]"),
    (checks.packed_positions, lambda lengths, size: sum(([*range(n)] for n in lengths), []), "lengths=[2], size=4"),
    (checks.rows_without_end, lambda labels, eos: [i for i, row in enumerate(labels) if eos not in row], "[[2, 7, 8]]"),
    (checks.rows_without_end, lambda labels, eos: [i for i, row in enumerate(labels) if row[-1] != eos], "-100]"),
    (checks.rows_without_end, lambda labels, eos: not any(eos in row for row in labels), "not bool"),
    (checks.first_fit_decreasing, lambda lengths, size: [list(range(len(lengths)))], "[[1, 0]]"),
    (checks.first_fit_decreasing, lambda lengths, size: [[i] for i in range(len(lengths))], "lengths=[2, 2]"),
    (
        checks.first_fit_decreasing,
        lambda lengths, size: checks.first_fit_decreasing.answer(lengths, 2 * size),
        "1 items where there should be 2",
    ),
]


@pytest.mark.parametrize("grader, attempt", RIGHT)
def test_other_right_answers_are_accepted(grader, attempt):
    verdict = grader(attempt)
    assert verdict.ok is True, verdict


@pytest.mark.parametrize("grader, attempt, example", WRONG)
def test_wrong_answers_are_refused_with_an_example(grader, attempt, example):
    verdict = grader(attempt)
    assert verdict.ok is False and example in verdict.counterexample, verdict
