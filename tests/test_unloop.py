"""Unlearning repetition: what counts as one, and that a model repeats itself less afterwards."""

import copy
import dataclasses
import json
import random
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from course_utils import models
from course_utils.errors import CourseError
from course_utils.making import pretrain, publish, unloop


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


def found(tokenizer, text, words=3):
    """What ``repetitions`` marks in a text, and what it says could follow as one, as strings."""
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    could, does = unloop.repetitions(ids, unloop.begins_word(tokenizer), words)
    return tokenizer.convert_ids_to_tokens(ids[does].tolist()), could


def test_three_words_and_the_beginning_of_a_fourth_are_a_repetition(tokenizer):
    assert found(tokenizer, "so the cat sat down and the cat sat down")[0] == ["▁down"]
    assert found(tokenizer, "so the cat sat down and the cat sat down", words=4)[0] == []
    does, could = found(tokenizer, "so the cat sat down and the cat sat up")
    ids = tokenizer("so the cat sat down and the cat sat up")["input_ids"]
    down = tokenizer.convert_tokens_to_ids("▁down")
    assert does == [] and could.tolist() == [[0, len(ids) - 1, down]]


def test_the_pieces_of_a_long_word_are_no_repetition(tokenizer):
    word = "extraordinarily"
    assert len(tokenizer(word, add_special_tokens=False)["input_ids"]) > 4
    assert found(tokenizer, f"{word} and {word}")[0] == []


def test_padding_is_no_word(tokenizer):
    ids = torch.tensor([[0] * 20 + tokenizer("a b c")["input_ids"] + [0] * 20])
    could, does = unloop.repetitions(ids, unloop.begins_word(tokenizer), 3)
    assert could.shape == (0, 3) and not does.any()


def test_beginnings_are_pieces_of_the_documents(tokenizer):
    documents = ["One sentence here. Another sentence there. " * 20, "A third document. It has sentences, too. " * 20]
    rng = random.Random(0)
    texts = [tokenizer.decode(unloop.beginning(tokenizer, documents, rng, 5)[1:]) for _ in range(50)]
    assert all(any(text in document for document in documents) for text in texts)
    assert len(set(texts)) > 2


def circling(directory):
    """A model that says the same few words for ever: each token makes the next one of a fixed circle likely."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    words = torch.tensor(models.load_tokenizer("pocket-llama")(" the big dog ran to")["input_ids"][1:])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(150):
        start = torch.randint(len(words), (16, 1))
        circle = words[(start + torch.arange(24)) % len(words)]
        rows = torch.cat([torch.randint(3, 4096, (16, 8)), circle], 1)
        loss = model(input_ids=rows, labels=rows).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


@pytest.fixture(scope="module")
def pretrained(tiny_model, tmp_path_factory):
    """A finished pretraining, of a model that goes round in circles."""
    run = tmp_path_factory.mktemp("run")
    shutil.copytree(tiny_model, run / "model")
    circling(tiny_model).save_pretrained(run / "model")
    receipt = json.loads((publish.ASSETS / "receipts" / "pocket_llama.json").read_text())
    receipt.pop("unloop", None)
    (run / "receipt.json").write_text(json.dumps(receipt | {"looping": 20, "heldout_bits_per_byte": 9.0}))
    return run


def test_a_repetition_gives_way_to_what_the_teacher_may_say(pretrained, tokenizer, small_corpus):
    """On one and the same text: what was repeated gets unlikely, and what the teacher would say instead, likely."""
    recipe = dataclasses.replace(unloop.Recipe(), beginnings=8, continuation=24)
    model = AutoModelForCausalLM.from_pretrained(pretrained / "model", dtype=torch.float32)
    teacher = copy.deepcopy(model).eval()
    begins = unloop.begins_word(tokenizer)
    documents = pretrain.read_documents(small_corpus / "simple_english.txt")
    written = ids, mask, width = unloop.write(model, tokenizer, documents, random.Random(0), recipe)
    could, does = unloop.repetitions(ids, begins, recipe.words)
    does[:, :width] = False
    assert does.sum() > 50

    def chances():
        """Mean probabilities at the repetitions: of the token that stands there, and of the teacher's choice."""
        with torch.no_grad():
            taught, mine = (unloop._logits(net, ids, mask) for net in (teacher, model.eval()))
        taught[could[:, 0], could[:, 1] - 1, could[:, 2]] = -torch.inf
        at, probabilities = does[:, 1:], mine.softmax(-1)
        best = taught[at].argmax(-1, keepdim=True)
        stands = ids[:, 1:][at].unsqueeze(-1)
        return [probabilities[at].gather(-1, tokens).mean().item() for tokens in (stands, best)]

    before = chances()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(100):
        loss, again = unloop.own_loss(model, teacher, written, begins, recipe)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    after = chances()
    assert again == pytest.approx(does.sum().item() / (ids[:, width:] != 0).sum().item())
    assert before[0] > 0.5 > 0.1 > after[0]
    assert after[1] > 5 * before[1]


def test_the_receipt_is_of_the_saved_weights(pretrained, small_corpus, tmp_path):
    recipe = dataclasses.replace(unloop.Recipe(), updates=2, beginnings=8, continuation=24, rows=4)
    unloop.run(pretrained, small_corpus, tmp_path, recipe, "the command")
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert len(receipt["unloop"]["updates"]) == 2 and receipt["unloop"]["updates"][0]["repeated"] > 0.5
    assert receipt["unloop"]["looping_before"] == 20 and receipt["heldout_bits_per_byte"] != 9.0
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.bfloat16)
    texts = pretrain.continuations(model, AutoTokenizer.from_pretrained(tmp_path / "model"), pretrain.OPENINGS, 80)
    assert texts == receipt["continuations"]
    assert "the command" in publish.card(receipt)
    with pytest.raises(CourseError, match="give another --out"):
        unloop.run(pretrained, small_corpus, tmp_path, recipe)


def test_bad_input_is_one_line(small_corpus, tmp_path, capsys):
    def said(*arguments):
        assert unloop.main([*map(str, arguments), "--out", str(tmp_path / "out")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert not (tmp_path / "out").exists()
        return line

    assert "no finished pretraining" in said("--run", tmp_path, "--corpus", small_corpus)
    (tmp_path / "receipt.json").write_text("{}")
    assert "simple_english.txt" in said("--run", tmp_path, "--corpus", tmp_path)
