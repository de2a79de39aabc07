"""The adapter that lessons share: trained where it is missing, found where it is there, never one that does not fit."""

import os

import pytest
from peft import LoraConfig, get_peft_model

from course_utils import adapters, data, models


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setattr(adapters, "BUILD", tmp_path / "build")
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


def save(model, directory):
    lora = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    get_peft_model(models.load_base(str(model)), lora).save_pretrained(directory)


def test_a_missing_one_is_trained_once_for_each_seed(build, trained, tiny_model, capsys):
    model = str(tiny_model)
    first = adapters.pocket_chat(model, 3)
    assert trained == [(model, adapters.SMALL_ROWS, 3)] and adapters.belongs(first, model)
    assert adapters.pocket_chat(model, 3) == first and len(trained) == 1
    assert adapters.pocket_chat(model, 4) != first and len(trained) == 2
    assert "training a small one" in capsys.readouterr().out


def test_the_one_of_lesson_06_comes_first(build, trained, tiny_model):
    save(tiny_model, build / "tiny-llama-chat")
    assert adapters.pocket_chat(str(tiny_model)) == build / "tiny-llama-chat" and trained == []


def test_an_adapter_older_than_the_weights_is_not_taken(build, trained, tiny_model):
    save(tiny_model, build / "tiny-llama-chat")
    weights = next(tiny_model.glob("*.safetensors"))
    before = weights.stat().st_mtime - 60
    os.utime(build / "tiny-llama-chat" / "adapter_model.safetensors", (before, before))
    assert not adapters.belongs(build / "tiny-llama-chat", str(tiny_model))
    adapters.pocket_chat(str(tiny_model))
    assert len(trained) == 1


def test_an_adapter_of_another_model_is_not_taken(build, trained, tiny_model):
    save(tiny_model, build / "pocket-chat")
    assert not adapters.belongs(build / "pocket-chat", "pocket-llama")


@pytest.mark.slow
def test_training_lowers_the_loss_and_trains_nothing_but_the_adapter(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr(adapters, "BUILD", tmp_path)
    net, tokenizer, losses = adapters.train(str(tiny_model), data.instructions("train", 96, 0), 0)
    assert len(losses) > 3 and losses[-1] < losses[0]
    moving = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert moving and all("lora_" in name for name in moving)
    assert not net.training and tokenizer.chat_template
