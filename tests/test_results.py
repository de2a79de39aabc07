"""What a lesson may record, how it is shown, and what its parameters may be."""

import math
import re
from html.parser import HTMLParser

import numpy
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies

from course_utils import results
from course_utils.errors import CourseError


@pytest.fixture
def shown(monkeypatch):
    """The MIME bundles that are displayed, as they would be in a notebook."""
    bundles = []
    monkeypatch.setattr("IPython.get_ipython", object)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_record_emits_the_figures_and_shows_them_readably(shown):
    results.record(accuracy=0.876543, tokens=1234567, by_task={"opposites": 0.5, "<sort>": 1.0}, ok=True)
    (bundle,) = shown
    assert bundle[results.MIME] == {
        "accuracy": 0.876543,
        "tokens": 1234567,
        "by_task": {"opposites": 0.5, "<sort>": 1.0},
        "ok": True,
    }
    assert [line.split("  ")[0].strip() for line in bundle["text/plain"].splitlines()] == [
        "accuracy",
        "tokens",
        "by_task · opposites",
        "by_task · <sort>",
        "ok",
    ]
    for text in ("0.8765", "1,234,567", "yes"):
        assert text in bundle["text/plain"] and text in bundle["text/html"]
    assert "&lt;sort&gt;" in bundle["text/html"] and "<sort>" not in bundle["text/html"]


def test_record_turns_scalars_of_numpy_and_torch_into_python(shown):
    results.record(
        a=numpy.float32(0.5),
        b=torch.tensor(3),
        c=[numpy.int64(2), torch.tensor(0.25)],
        d=(1, None),
        e=numpy.bool_(True),
    )
    values = shown[0][results.MIME]
    assert values == {"a": 0.5, "b": 3, "c": [2, 0.25], "d": [1, None], "e": True}
    assert type(values["a"]) is float and type(values["b"]) is int and type(values["e"]) is bool


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, torch.tensor(math.nan), numpy.float64("inf")])
def test_record_refuses_what_is_not_finite_and_names_it(shown, value):
    with pytest.raises(ValueError, match=r"accuracy\.sort\[1\] is"):
        results.record(accuracy={"sort": [1.0, value]})
    assert not shown


@pytest.mark.parametrize("value", [numpy.zeros(3), torch.zeros(2, 2), torch.zeros(1), {1, 2}, object(), {(1, 2): 3}])
def test_record_refuses_what_json_cannot_hold(shown, value):
    with pytest.raises(TypeError, match="^loss "):
        results.record(loss=value)
    assert not shown


def test_record_refuses_bad_names_and_nothing(shown):
    with pytest.raises(ValueError, match="'bits per byte' cannot be the name"):
        results.record(**{"bits per byte": 1.2})
    with pytest.raises(ValueError, match="nothing to record"):
        results.record()


def test_long_lists_are_shown_by_their_ends_but_recorded_whole(shown):
    results.record(loss=[float(value) for value in range(100)])
    assert len(shown[0][results.MIME]["loss"]) == 100
    assert shown[0]["text/plain"].endswith("0, 1, …, 99 (100 values)")


def test_say_takes_a_text_without_values_as_it_stands(shown):
    results.say("Accuracy rose to **91 %**, in {braces}.")
    assert shown[0]["text/markdown"] == shown[0]["text/plain"] == "Accuracy rose to **91 %**, in {braces}."


def test_say_formats_numbers_and_leaves_the_templates_own_markdown(shown):
    results.say(
        "{name} has **{share:.0%}** and {count:,}{{}} of `{low:+.2f}`, {size:.1f}",
        name="pocket-llama", share=0.91, count=1234, low=numpy.float32(-0.5), size=torch.tensor(2.25),
    )  # fmt: skip
    assert shown[0]["text/plain"] == "pocket-llama has **91%** and 1,234{} of `-0.50`, 2.2"
    text, tags = rendered(shown[0]["text/markdown"])
    assert text == "pocket-llama has 91% and 1,234{} of -0.50, 2.2" and tags == ["p", "strong", "code"]


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("{answer} of {name}", {"answer": "x"}, "the field {name}, but no value"),
        ("{answer} of {}", {"answer": "x"}, "the field {0}, but no value"),
        ("91 %", {"answer": "x"}, "the value answer is given"),
        ("{answer} and } alone", {"answer": "x"}, "a brace that is no field is written twice"),
        ("{answer:.1f}", {"answer": "x"}, "say: Unknown format code"),
    ],
)
def test_say_names_what_does_not_fit(shown, template, values, message):
    with pytest.raises(CourseError, match="^say: ") as caught:
        results.say(template, **values)
    assert message in str(caught.value) and not shown


class Reader(HTMLParser):
    """What a page shows: its text, and the elements in it, apart from those that say and table put in themselves."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags, self.strings = "", [], [""]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.strings.append("")
        self.text += "\n" if tag == "br" else ""
        if tag not in ("br", "span"):
            self.tags.append(tag)

    def handle_endtag(self, tag):
        self.strings.append("")

    def handle_data(self, data):
        self.text += data
        self.strings[-1] += data

    def check_no_formula(self):
        """MathJax looks for the two ends of a formula in the text between two tags."""
        for string in self.strings:
            assert string.count("$") < 2 and not re.search(r"\\.", string), string


def rendered(markdown):
    """Text and elements of the page that each of two readers of Markdown makes of it, which must agree."""
    from markdown_it import MarkdownIt
    from nbconvert.filters import markdown2html

    pages = [Reader(markdown2html(markdown)), Reader(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))]
    for page in pages:
        page.check_no_formula()
        # White space is shown as one space, and what stands at the end of a line not at all.
        page.text = re.sub(r"[ \t]+", " ", re.sub(r"\s*\n\s*", "\n", page.text)).strip()
    assert pages[0].tags == pages[1].tags and pages[0].text == pages[1].text
    return pages[0].text, pages[0].tags


HOSTILE = [
    "<script>alert(1)</script>", "</p><img src=x onerror=alert(1)>", "&lt;b&gt; &amp; &#60;", "**bold** _it_ ~~no~~",
    "[a](http://b.example) ![c](d.png) <http://e.example>", "http://f.example www.g.example h@i.example",
    "``` python\nprint()\n```", "~~~", "`code`", "# A heading", "\n\n# A heading\n\n- a list\n\n1. numbers", "> quoted",
    "a | b\n--- | ---\nc | d", "|", "$5 and $6", "$$x^2$$",
    r"\(x\) \[y\] \begin{align}z\end{align} \$ \*", "    indented",
    "\tindented", "two  \nlines", "one\r\ntwo\rthree", "---", "===", "- [ ] task", "+ 1", "1) one", "[^1]: a note",
    "@@0@@", ":smile:", "{answer}", "", " ",
]  # fmt: skip


@pytest.mark.parametrize("template", ["{answer}", "To “{answer}” **it** says", "- {answer}\n- x", "A\n\n{answer}\n\nB"])
@pytest.mark.parametrize("answer", HOSTILE)
def test_say_shows_what_it_is_given_as_it_is(shown, answer, template):
    assert_shown(shown, answer, template)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=strategies.text(strategies.sampled_from("ab1 \n\t<>&$\\`*_[]()#!|~:-+=.\"'{}^/@é"), max_size=30))
def test_say_shows_any_text_as_it_is(shown, answer):
    assert_shown(shown, answer, "To “{answer}” **it** says")
    assert_shown(shown, answer, "{answer}")
    assert_shown(shown, answer, "`a*b` to `load({answer}, a_b)`")


def test_say_leaves_code_without_a_field_to_markdown(shown):
    results.say("`{{a}}` of {answer} in `a*b*` and ``{{`", answer="x")
    text, tags = rendered(shown[0]["text/markdown"])
    assert text == "{a} of x in a*b* and ``{`" and tags == ["p", "code", "code"]


def assert_shown(shown, answer, template):
    """The page has the elements of a harmless answer, and the text of this one."""
    results.say(template, answer=answer)
    results.say(template, answer="harmless" if answer.strip() else answer)
    (text, tags), (usual, usual_tags) = (rendered(bundle["text/markdown"]) for bundle in shown[-2:])
    space = lambda words: " ".join(words.split())  # noqa: E731
    assert space(text) == space(usual.replace("harmless", answer)) and tags == usual_tags
    assert shown[-2]["text/plain"] == template.replace("{answer}", answer)


@pytest.mark.parametrize("text", [*filter(str.strip, HOSTILE), "</td><td>"])
def test_tables_show_what_they_are_given_as_it_is(shown, text):
    results.table({text: [text]}, [text])
    results.record(answer=text, by_name={text: text})
    for bundle, cells in zip(shown, (4, 4), strict=True):  # the table has a corner without a word
        page = Reader(bundle["text/html"])
        page.check_no_formula()
        assert page.text.replace("\r\n", "\n").count(text.replace("\r\n", "\n")) == 3
        assert sum(tag in ("th", "td") for tag in page.tags) == cells
        assert set(page.tags) <= {"div", "table", "col", "thead", "tbody", "tr", "th", "td"}


def test_in_plain_python_the_text_is_printed(capsys):
    results.record(accuracy=0.5)
    results.say("Done.")
    assert capsys.readouterr().out == "accuracy  0.5\nDone.\n"


def test_require_accepts_both_ends_and_numbers_of_other_libraries():
    results.require(rank=(1, 1, 256), alpha=(256, 1, 256), seed=(numpy.int64(3), 0, 9))
    results.require(learning_rate=(1, 1e-6, 1.0), dropout=(0.5, 0.0, 1.0), quant_type=("nf4", ["nf4", "fp4"]))


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ((900, 1, 256), "rank = 900 is out of range: it goes from 1 to 256"),
        ((0, 1, 256), "rank = 0 is out of range: it goes from 1 to 256"),
        ((math.nan, 0.0, 1.0), "rank = nan is out of range: it goes from 0.0 to 1.0"),
        (("abc", 1, 256), "rank = 'abc' is not a number: it goes from 1 to 256"),
        ((None, 1, 256), "rank = None is not a number: it goes from 1 to 256"),
        ((True, 0, 256), "rank = True is not a number: it goes from 0 to 256"),
        ((3.5, 1, 256), "rank = 3.5 is not a whole number: it goes from 1 to 256"),
        (("nf5", ["nf4", "fp4"]), "rank = 'nf5' is not one of 'nf4', 'fp4'; did you mean 'nf4'?"),
        ((4, ["nf4", "fp4"]), "rank = 4 is not one of 'nf4', 'fp4'"),
    ],
)
def test_require_says_in_one_line_what_is_wrong(check, message):
    with pytest.raises(results.ParameterError) as caught:
        results.require(seed=(0, 0, 9), rank=check)
    assert str(caught.value) == message
    assert isinstance(caught.value, CourseError) and isinstance(caught.value, ValueError)


def test_table_shows_texts_side_by_side_and_escapes_them(shown):
    results.table({"question": ["a < b?", "two\nlines"], "answer": ["yes", "<b>"]}, ["sort", "find"])
    (bundle,) = shown
    assert bundle["text/html"].count("<tr>") == 3 and "a &lt; b?" in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
    assert "sort\n  question: a < b?\n  answer: yes" in bundle["text/plain"]


def test_table_scrolls_rather_than_breaking_a_word(shown):
    for word in ("e" * 5, "e" * 20, "e" * 90):
        results.table({"fp32": [f"{word} {word}"], "bf16": ["1"]})
    widths = [float(re.search(r"min-width:([\d.]+)em", bundle["text/html"])[1]) for bundle in shown]
    assert 2 * 5 * 0.6 < widths[0] < widths[1] == widths[2]  # a word of ninety letters may break
    assert all("overflow-x:auto" in bundle["text/html"] for bundle in shown)


def test_table_may_be_empty_but_not_uneven(shown):
    results.table({"question": [], "answer": []})
    assert len(shown) == 1
    with pytest.raises(ValueError, match="shorter"):
        results.table({"question": ["a"], "answer": []})
