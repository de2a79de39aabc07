"""The loss-mask microscope: it shows what the labels say, and refuses a batch that trains no end."""

import html
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import microscope, models
from course_utils.errors import CourseError
from course_utils.microscope import END, END_MASKED, MASKED, PAD, TRAINED, look


@pytest.fixture(scope="module")
def tokenizer():
    return models.load_tokenizer("pocket-llama")


def batch(ids, labels, **more):
    return {name: torch.tensor(values) for name, values in {"input_ids": ids, "labels": labels, **more}.items()}


def kinds(view):
    return [[token.kind for token in row] for row in view.rows]


def test_each_place_has_its_kind(tokenizer):
    view = look(
        batch(
            [[1, 300, 2, 400, 2, 0], [1, 300, 2, 400, 2, 2]],
            [[-100, -100, -100, 400, 2, -100]] * 2,
            attention_mask=[[1, 1, 1, 1, 1, 0]] * 2,
        ),
        tokenizer,
    )
    # padding is a matter of place: in the second row it has the id of the end
    assert kinds(view) == [[MASKED, MASKED, END_MASKED, TRAINED, END, PAD]] * 2
    assert view.counts == {TRAINED: 2, MASKED: 4, PAD: 2, END: 2, END_MASKED: 2}
    assert view.summary == "4 of 12 places are trained, 2 are padding; 2 of 4 </s> are trained"


def test_the_first_label_of_a_row_is_never_looked_at(tokenizer):
    """The model's loss ignores it, as transformers' own does."""
    from transformers.loss.loss_utils import ForCausalLMLoss

    ids = torch.tensor([[2, 300, 400, 2]])
    logits = torch.randn(1, 4, 4096)
    without = ids.clone()
    without[0, 0] = -100
    assert ForCausalLMLoss(logits, ids, 4096) == ForCausalLMLoss(logits, without, 4096)
    view = look({"input_ids": ids, "labels": ids}, tokenizer)
    assert kinds(view) == [[END_MASKED, TRAINED, TRAINED, END]]
    with pytest.raises(CourseError):
        look({"input_ids": ids[:, :3], "labels": ids[:, :3]}, tokenizer)


def test_documents_begin_where_positions_do(tokenizer):
    view = look(batch([[1, 2, 1, 2]], [[-100, 2, -100, 2]], position_ids=[[0, 1, 0, 1]]), tokenizer)
    assert [token.starts for token in view.rows[0]] == [True, False, True, False]
    assert view._repr_html_().count("▸") == 3  # two documents and the legend
    unmarked = look(batch([[1, 2, 1, 2]], [[-100, 2, -100, 2]], attention_mask=[[1, 1, 1, 1]]), tokenizer)
    assert "▸" not in unmarked._repr_html_()


def test_it_refuses_and_says_why(tokenizer):
    masked = batch([[1, 300, 2]], [[-100, 300, -100]], attention_mask=[[1, 1, 1]])
    absent = batch([[1, 300, 400]], [[-100, 300, 400]], attention_mask=[[1, 1, 1]])
    for given_batch, words in (
        (masked, "no </s> is trained in any row of this batch, where all are masked"),
        (absent, "there is no </s> at all in any row of this batch"),
    ):
        with pytest.raises(CourseError, match=words) as refusal:
            look(given_batch, tokenizer)
        assert "\n" not in str(refusal.value)
        assert look(given_batch, tokenizer, refuse=False).counts[END] == 0


def test_each_row_has_to_train_an_end(tokenizer):
    """The rule of the lesson's exercise: one good row does not make up for the others."""
    from course_utils.checks.lesson_05 import rows_without_end

    good, masked, absent = [1, 300, 2], [1, 300, 2], [1, 300, 400]
    ids = [good, masked, absent, good, masked]
    labels = [[-100, 300, 2], [-100, 300, -100], [-100, 300, 400], [2, -100, 2], [2, 300, -100]]
    with pytest.raises(CourseError, match="no </s> is trained in rows 2, 5 of this batch's 5, where all are masked"):
        look(batch(ids, labels), tokenizer)
    with pytest.raises(CourseError, match="no </s> at all in row 2 of this batch's 3"):
        look(batch([good, absent, good], [labels[0], labels[2], labels[0]]), tokenizer)
    assert look(batch([good, good], [labels[0], labels[3]]), tokenizer).counts[END] == 2
    view = look(batch(ids, labels), tokenizer, refuse=False)
    endless = [i for i, row in enumerate(kinds(view)) if END not in row]
    assert endless == rows_without_end.answer(labels, tokenizer.eos_token_id) == [1, 2, 4]


def test_kinds_differ_without_colour():
    """Take the colours out: each kind still has a look of its own."""
    plain = {kind: re.sub(r"#[0-9A-Fa-f]+|background:[^;]*;?", "", style) for kind, style in microscope.LOOK.items()}
    assert len(set(plain.values())) == len(plain)
    # A text colour would be lost on a light or on a dark page.
    assert not any(re.search(r"(^|;)color:", style) for style in microscope.LOOK.values())


def test_the_page_shows_text_and_not_markup(tokenizer):
    ids = tokenizer("<b>&amp;</b> \n ok</s>", add_special_tokens=False)["input_ids"]
    page = look({"input_ids": [[1, *ids]], "labels": [[1, *ids]]}, tokenizer, "a <title>")._repr_html_()
    assert "<b>" not in page and "a &lt;title&gt;" in page and "⏎" in page
    text = html.unescape(re.sub(r"<[^>]*>|▸", "", page)).replace("\xa0", " ")
    assert "<b>&amp;</b> ⏎ ok</s>" in text


def test_long_batches_are_cut_and_counted(tokenizer):
    ids = [[1, *[300] * microscope.LIMIT, 2]]
    view = look({"input_ids": ids, "labels": ids}, tokenizer)
    page = view._repr_html_()
    assert page.count("title=") == microscope.LIMIT and "2 more places are not drawn" in page
    assert len(view.rows[0]) == microscope.LIMIT + 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4095), st.booleans()), min_size=2, max_size=40),
    st.integers(0, 5),
)
def test_counts_are_those_of_the_batch(places, padding):
    tokenizer = models.load_tokenizer("pocket-llama")
    ids = [i for i, _ in places] + [2] * padding
    labels = [i if kept else -100 for i, kept in places] + [-100] * padding
    seen = [1] * len(places) + [0] * padding
    view = look(batch([ids], [labels], attention_mask=[seen]), tokenizer, refuse=False)
    assert view.counts[PAD] == padding
    assert view.counts[TRAINED] + view.counts[END] == sum(kept for _, kept in places[1:])
    assert view.counts[END] == sum(kept and i == 2 for i, kept in places[1:])
    assert sum(view.counts.values()) == len(ids)


def test_two_dollar_signs_among_the_tokens_are_no_formula(tokenizer):
    ids = tokenizer("It costs 5$ or 6$.")["input_ids"] + [2]
    page = look(batch([ids], [ids]), tokenizer, "a $ and a $")._repr_html_()
    words = re.sub(r"<svg.*?</svg>|alt=\"[^\"]*\"", "", page, flags=re.DOTALL)
    assert words.count("<span>$</span>") >= 4 and "$" not in words.replace("<span>$</span>", "")
