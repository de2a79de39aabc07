"""Scorers by name, the user's own among them, and what is said of one that does not work."""

import pytest

from course_utils import data, scoring
from course_utils.errors import CourseError

ROW = data.row_of("yours", "How many legs has an ant?", "Six legs.")


@pytest.mark.parametrize(
    ("name", "output", "value"),
    [
        ("exact", "six legs", 1),
        ("exact", "It has six legs", 0),
        ("begins", "Six legs, like all insects.", 1),
        ("begins", "An ant has six legs.", 0),
        (r"regex:\b(six|eight)\b", "I think it has SIX of them", 1),
        (r"regex:\b(six|eight)\b", "eight", 0),
        (r"regex:\b(six|eight)\b", "many", 0),
        (r"regex:six", "sixty", 1),
    ],
)
def test_each_name_scores_as_it_says(name, output, value):
    assert scoring.scorer(name)(output, ROW) == value


def test_a_function_of_ones_own(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def half(output, row):\n    return 0.5 * (output == row['answer'])\n\nnumber = 3\n")
    score = scoring.scorer(f"{file}:half")
    assert scoring.scores(score, ["Six legs.", "no"], [ROW, ROW]) == [0.5, 0.0]
    with pytest.raises(CourseError, match="has no function 'number'"):
        scoring.scorer(f"{file}:number")
    file.write_text("import nowhere_to_be_found\n")
    with pytest.raises(CourseError, match="stops with ModuleNotFoundError"):
        scoring.scorer(f"{file}:half")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exct", "is none of exact, begins, regex:PATTERN"),
        ("regex:(", "is no regular expression"),
        ("nowhere.py:score", "is not there: give its path"),
    ],
)
def test_a_scorer_that_is_none_is_refused_in_one_line(name, said):
    with pytest.raises(CourseError, match=said) as found:
        scoring.scorer(name)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda output, row: 1 / 0, "stops at test row 1 with ZeroDivisionError"),
        (lambda output, row: 7, "gives 7.0 for test row 1: a score goes from 0 to 1"),
        (lambda output, row: float("nan"), "gives nan"),
        (scoring.scorer("regex:never"), "finds nothing in the right answer 'Six legs.'"),
    ],
)
def test_a_scorer_that_fails_names_the_row(score, said):
    with pytest.raises(CourseError, match=said):
        scoring.scores(score, ["x"], [ROW])


TASK = """
task: tiny
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 4, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


@pytest.mark.slow
def test_a_task_of_the_harness_scores_question_by_question(tmp_path, tiny_model):
    from course_utils import models

    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "answer": "b"}\n{"prompt": "c", "answer": "d"}\n')
    file = tmp_path / "tiny.yaml"
    file.write_text(TASK.replace("FOLDER", tmp_path.as_posix()))
    net, tokenizer = models.load_base(str(tiny_model)), models.load_tokenizer("pocket-llama")
    values = scoring.harness(net, tokenizer, f"{scoring.HARNESS}{file}")
    assert len(values) == 2 and set(values) <= {0.0, 1.0}
    with pytest.raises(CourseError, match="is not there"):
        scoring.harness(net, tokenizer, tmp_path / "none.yaml")
    file.write_text("dataset_path: json\n")
    with pytest.raises(CourseError, match="has no line `task: NAME`"):
        scoring.harness(net, tokenizer, file)
