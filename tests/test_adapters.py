"""The adapter that lessons share: trained where it is missing, found where it is there, never one that does not fit."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig

from course_utils import adapter_files, adapters, data, environment, memory, models
from course_utils.errors import CourseError


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "workspace", lambda: tmp_path / "build")
    return tmp_path / "build" / "adapters"


@pytest.fixture
def trained(monkeypatch):
    """The trainings that were asked for; none of them takes its time."""
    asked = []

    def train(model, rows, seed=0):
        asked.append((model, len(rows), seed))
        lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
        return get_peft_model(models.load_base(model), lora), None, [1.0]

    monkeypatch.setattr(adapters, "train", train)
    return asked


def save(model, directory, **options):
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", **options)
    tuned = get_peft_model(models.load_base(str(model)), lora)
    with adapters.saving(directory, str(model)) as place:
        tuned.save_pretrained(place)


@pytest.fixture
def own_model(tiny_model, tmp_path):
    """The tiny model in a directory of the test's own, whose weights it may change."""
    return shutil.copytree(tiny_model, tmp_path / "tiny-llama")


def retrain(directory):
    """Other weights of the same shapes, in the same files."""
    weights = next(directory.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-10] ^= 0x40
    weights.write_bytes(content)


# --- found or trained ------------------------------------------------------------------------------------------------


def test_a_missing_one_is_trained_once_for_each_seed(build, trained, tiny_model, capsys):
    model = str(tiny_model)
    first = adapters.pocket_chat(model, 3)
    models.check_adapter(first, model)
    assert trained == [(model, adapters.SMALL_ROWS[1], 3)]
    assert adapters.pocket_chat(model, 3) == first and len(trained) == 1
    assert adapters.pocket_chat(model, 4) != first and len(trained) == 2
    assert "training a small one" in capsys.readouterr().out


def test_the_one_of_lesson_06_comes_first(build, trained, tiny_model):
    save(tiny_model, build / "tiny-llama-chat")
    assert adapters.pocket_chat(str(tiny_model)) == build / "tiny-llama-chat" and trained == []


def test_an_adapter_of_other_weights_is_not_taken(build, trained, own_model, capsys):
    save(own_model, build / "tiny-llama-chat")
    retrain(own_model)
    with pytest.raises(CourseError, match="trained on other weights of tiny-llama"):
        models.check_adapter(build / "tiny-llama-chat", str(own_model))
    adapters.pocket_chat(str(own_model))
    assert len(trained) == 1 and "passed over: the adapter build/adapters/tiny-llama-chat" in capsys.readouterr().out


def test_the_time_of_the_files_says_nothing(build, trained, own_model, tmp_path):
    """A fresh clone has new weights' times, a restored adapter an old one."""
    save(own_model, build / "tiny-llama-chat")
    now = time.time()
    for path in (build / "tiny-llama-chat").iterdir():
        os.utime(path, (now - 1e6, now - 1e6))
    for path in own_model.iterdir():
        os.utime(path, (now + 60, now + 60))
    elsewhere = shutil.copytree(own_model, tmp_path / "clone" / "tiny-llama")
    for model in (own_model, elsewhere):
        assert adapters.pocket_chat(str(model)) == build / "tiny-llama-chat" and trained == []


def test_an_adapter_without_a_record_belongs_where_it_fits(build, trained, tiny_model):
    save(tiny_model, build / "tiny-llama-chat")
    (build / "tiny-llama-chat" / adapter_files.BASE).unlink()
    assert adapters.pocket_chat(str(tiny_model)) == build / "tiny-llama-chat" and trained == []


def test_a_damaged_one_is_passed_over_and_made_anew(build, trained, tiny_model, capsys):
    save(tiny_model, build / "tiny-llama-chat-small-0")
    weights = build / "tiny-llama-chat-small-0" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert adapters.pocket_chat(str(tiny_model)) == build / "tiny-llama-chat-small-0" and len(trained) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over:")]
    assert len(lines) == 1 and "was cut short" in lines[0] and str(build) not in lines[0]
    models.check_adapter(build / "tiny-llama-chat-small-0", str(tiny_model))


def test_lesson_06s_damaged_one_is_left_where_it_is(build, trained, tiny_model):
    save(tiny_model, build / "tiny-llama-chat")
    (build / "tiny-llama-chat" / "adapter_config.json").write_text("{")
    assert adapters.pocket_chat(str(tiny_model)) == build / "tiny-llama-chat-small-0" and len(trained) == 1
    assert (build / "tiny-llama-chat" / "adapter_config.json").read_text() == "{"


# --- saving ----------------------------------------------------------------------------------------------------------


def content(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [False, True])
def test_an_interrupted_save_leaves_what_was_there(build, tiny_model, error, there):
    directory = build / "mine"
    if there:
        save(tiny_model, directory)
    before = content(directory) if there else None
    with pytest.raises(type(error)), adapters.saving(directory, str(tiny_model)) as place:
        (place / "adapter_config.json").write_text("{}")
        raise error
    assert list(build.iterdir()) == ([directory] if there else [])
    assert not there or content(directory) == before


def test_a_rename_that_fails_brings_the_old_one_back(build, tiny_model, monkeypatch):
    directory = build / "mine"
    save(tiny_model, directory)
    before, rename = content(directory), Path.rename

    def refuse_the_new(self, target):
        if self.name == "new":
            raise PermissionError("in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(PermissionError), adapters.saving(directory, str(tiny_model)) as place:
        (place / "adapter_config.json").write_text("{}")
    assert content(directory) == before and list(build.iterdir()) == [directory]


def test_a_new_save_takes_the_place_of_the_old(build, tiny_model):
    save(tiny_model, build / "mine", lora_alpha=8)
    (build / "mine" / "leftover").touch()
    save(tiny_model, build / "mine", lora_alpha=4)
    assert json.loads((build / "mine" / "adapter_config.json").read_text())["lora_alpha"] == 4
    assert not (build / "mine" / "leftover").exists() and list(build.iterdir()) == [build / "mine"]


def test_a_save_that_went_elsewhere_is_said(build, tiny_model):
    with pytest.raises(CourseError, match="nothing was saved"), adapters.saving(build / "mine", str(tiny_model)):
        pass
    assert not (build / "mine").exists()


# --- the recipe ------------------------------------------------------------------------------------------------------


def with_gpu(monkeypatch, gigabytes, capability=(8, 0)):
    """A machine with a GPU of which so much is free."""
    machine = models.Hardware("cuda", "a GPU", 8, 2**34, int(gigabytes * 1e9), capability)
    monkeypatch.setattr(models, "hardware", lambda: machine)
    monkeypatch.setattr(models, "free_memory", lambda: int(gigabytes * 1e9))


def test_a_recipe_is_the_callers_own(monkeypatch):
    with_gpu(monkeypatch, 24)
    mine = adapters.recipe("tinyllama", "book", rank=8, alpha=None)
    assert (mine["rank"], mine["alpha"], mine["optimizer"]) == (8, 32, "paged_adamw_32bit")
    mine["batch"] = 77
    assert adapters.recipe("tinyllama", "book")["batch"] == 2 and adapters.recipe("tinyllama", "book")["rank"] == 64
    assert adapters.recipe("someone/a-model", "book") == adapters.recipe("tinyllama", "book")
    assert len({frozenset(each) for each in adapters.RECIPES.values()}) == 1, "recipes differ in what they name"


def test_nothing_is_paged_or_computed_twice_without_a_gpu(monkeypatch):
    monkeypatch.setattr(models, "hardware", lambda: models.Hardware("cpu", "any", 2, 2**34))
    for pace in adapters.PACES:
        recipe = adapters.recipe("llama-2-7b", pace)
        assert recipe == adapters.RECIPES["llama-2-7b"] | {"optimizer": "adamw_torch", "checkpointing": False}


@pytest.mark.parametrize(
    ("model", "gigabytes", "batch", "accumulation", "checkpointing"),
    [
        ("tinyllama", 80, 8, 1, False),
        ("tinyllama", 12, 4, 2, False),  # four rows of 512 tokens keep a card busy
        ("tinyllama", 4, 8, 1, True),  # fewer would not
        ("llama-2-7b", 24, 16, 1, True),
        ("llama-2-7b", 80, 8, 2, False),
        ("llama-2-7b", 6, 1, 16, True),  # and will not fit: the lesson stops there, not here
    ],
)
def test_a_fast_recipe_fills_the_card_and_learns_by_the_same_numbers_but_the_rate(
    model, gigabytes, batch, accumulation, checkpointing, monkeypatch, tmp_path
):
    with_gpu(monkeypatch, gigabytes)
    LlamaConfig(**memory.SHAPES[model]).save_pretrained(tmp_path)
    monkeypatch.setattr(models, "locate", lambda _: str(tmp_path))
    fast, book = adapters.recipe(model), adapters.recipe(model, "book")
    assert (fast["batch"], fast["accumulation"], fast["checkpointing"]) == (batch, accumulation, checkpointing)
    assert fast["packing"] and fast["optimizer"] == "adamw_torch_fused"
    assert fast["batch"] * fast["accumulation"] == book["batch"] * book["accumulation"]
    learned_by = ("rank", "alpha", "dropout", "schedule", "warmup", "clip", "max_length")
    assert {name: fast[name] for name in learned_by} == {name: book[name] for name in learned_by}
    assert fast["learning_rate"] == models.PACKED_RATE * book["learning_rate"]  # for fewer steps, each of more
    reason = models.choose_pace(model, book).reason
    assert f"{gigabytes:.1f}" in reason and ("checkpointing" in reason) == checkpointing
    assert f"{models.PACKED_RATE} times the recipe's" in reason


def test_a_fast_recipe_keeps_a_rate_that_is_asked_for_and_that_of_rows_packed_before(monkeypatch):
    with_gpu(monkeypatch, 80)
    assert adapters.recipe("smollm2", learning_rate=3e-4)["learning_rate"] == 3e-4
    assert adapters.recipe("pocket-llama")["learning_rate"] == adapters.RECIPES["pocket-llama"]["learning_rate"]


def test_a_pace_that_is_not_there_is_refused():
    with pytest.raises(CourseError, match="no pace 'slow': it is one of fast, book"):
        adapters.recipe("pocket-llama", "slow")


def test_a_number_that_no_recipe_has_is_refused():
    with pytest.raises(CourseError, match="a recipe has no 'lr'"):
        adapters.recipe("pocket-llama", lr=1e-3)


@pytest.mark.slow
def test_training_lowers_the_loss_and_trains_nothing_but_the_adapter(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr(environment, "workspace", lambda: tmp_path)
    # Random weights bear pocket-llama's rate; with TinyLlama's, 96 rows would hardly move them.
    monkeypatch.setitem(adapters.RECIPES, "tinyllama", adapters.RECIPES["pocket-llama"])
    net, tokenizer, losses = adapters.train(str(tiny_model), data.instructions("train", 96, 0), 0)
    assert len(losses) > 3 and losses[-1] < losses[0]
    moving = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert moving and all("lora_" in name for name in moving)
    assert not net.training and tokenizer.chat_template


def test_rows_side_by_side_are_the_same_step(tiny_model, tmp_path, monkeypatch):
    """As TRL lays them end to end: the same graded tokens, the same loss and gradients to rounding."""
    import torch
    from trl import SFTConfig, SFTTrainer

    monkeypatch.setattr(environment, "workspace", lambda: tmp_path)
    tokenizer = models.load_tokenizer("pocket-llama")
    settings = SFTConfig(
        output_dir=str(tmp_path), assistant_only_loss=True, max_length=256, packing=True, use_cpu=True, bf16=False,
        report_to="none", per_device_train_batch_size=3,
    )  # fmt: skip
    net = models.load_base(str(tiny_model), torch.float32).train()
    rows = data.instructions("train", 60, 0).select_columns(["messages"])
    trainer = SFTTrainer(model=net, args=settings, train_dataset=rows, processing_class=tokenizer)
    packed = [trainer.train_dataset[i] for i in range(3)]
    assert any(len(row["input_ids"]) < 256 for row in packed) and all(len(row["seq_lengths"]) > 1 for row in packed)
    end_to_end = trainer.data_collator(packed)
    side_by_side = adapters.SideBySide(tokenizer.pad_token_id, 256)(packed)
    assert side_by_side["input_ids"].shape == (3, 256) and end_to_end["input_ids"].shape[0] == 1
    found = []
    for batch in (end_to_end, side_by_side):
        net.zero_grad()
        loss = trainer.compute_loss(net, dict(batch))
        loss.backward()
        found.append((batch["labels"][batch["labels"] != -100], loss, [p.grad.clone() for p in net.parameters()]))
    (graded, loss, gradients), (also_graded, other_loss, other_gradients) = found
    assert torch.equal(graded, also_graded) and len(graded) > 50
    assert abs(loss - other_loss) < 1e-5
    for one, other in zip(gradients, other_gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-6, rtol=1e-3)
