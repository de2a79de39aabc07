"""Rows of other tools become the conversations that trainers take, or stay; what was taken for what is said."""

import contextlib
import copy
import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import data, models
from course_utils.errors import CourseError


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def asked(question, answer, *before):
    return [*before, turn("user", question), turn("assistant", answer)]


def call(arguments):
    return {"type": "function", "function": {"name": "weather", "arguments": arguments}}


PLAIN = asked("Hi?", "Yo.")
SYSTEM = turn("system", "Be brief.")
# A row as another tool writes it, what it has to become, and words of the sentence.
CONVERTED = {
    "ShareGPT": (
        {"conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Yo."}]},
        {"messages": PLAIN},
        "conversations holds the turns, from and value are role and content, human is the user, gpt is the assistant",
    ),
    "ShareGPT with a system column": (
        {"system": "Be brief.", "conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Yo."}]},
        {"messages": [SYSTEM, *PLAIN]},
        "system is the first turn",
    ),
    "ShareGPT in messages": (
        {"messages": [{"from": "user", "value": "Hi?"}, {"from": "assistant", "value": "Yo."}]},
        {"messages": PLAIN},
        "from and value are role and content",
    ),
    "roles in capitals": (
        {"messages": [turn("User", "Hi?"), turn("Assistant", "Yo.")]},
        {"messages": PLAIN},
        "User is the user, Assistant is the assistant",
    ),
    "conversations with roles": ({"conversations": PLAIN}, {"messages": PLAIN}, "conversations holds the turns"),
    "Alpaca": (
        {"instruction": "Translate.", "input": "Hund", "output": "Dog"},
        {"messages": asked("Translate.\n\nHund", "Dog")},
        "In 1 row instruction, with input below it after a blank line, is taken as the user's turn and output as the",
    ),
    "Alpaca without an input": (
        {"instruction": "Hi?", "input": "", "output": "Yo."},
        {"messages": PLAIN},
        "In 1 row instruction is taken as the user's turn and output as the assistant's",
    ),
    "Alpaca through pandas": (
        {"instruction": "Hi?", "input": float("nan"), "output": "Yo."},
        {"messages": PLAIN},
        "instruction is taken",
    ),
    "Dolly": (
        {"instruction": "Who?", "context": "Ann came.", "response": "Ann.", "category": "closed_qa"},
        {"category": "closed_qa", "messages": asked("Who?\n\nAnn came.", "Ann.")},
        "with context below it after a blank line, is taken as the user's turn and response as the assistant's; "
        "without a part in it: category.",
    ),
    "OpenOrca": (
        {"id": 7, "system_prompt": "Be brief.", "question": "Hi?", "response": "Yo."},
        {"id": 7, "messages": [SYSTEM, *PLAIN]},
        "system_prompt is taken as the system's turn, question is taken as the user's turn",
    ),
    "prompt and completion": ({"prompt": "Hi?", "completion": "Yo."}, {"messages": PLAIN}, "completion as the"),
    "prompt and answer": ({"prompt": "Hi?", "answer": "Yo."}, {"messages": PLAIN}, "answer as the"),
    "prompt and response": ({"prompt": "Hi?", "response": "Yo."}, {"messages": PLAIN}, "response as the"),
    "question and answer": ({"question": "Hi?", "answer": "Yo."}, {"messages": PLAIN}, "question is taken"),
    "input and output": ({"input": "Hi?", "output": "Yo."}, {"messages": PLAIN}, "input is taken"),
    "pairs of texts": (
        {"prompt": "Hi?", "chosen": "Yo.", "rejected": "No."},
        {"prompt": PLAIN[:1], "chosen": PLAIN[1:], "rejected": [turn("assistant", "No.")]},
        "prompt is taken as the user's turn and chosen and rejected as the assistant's",
    ),
    "pairs with a system": (
        {"system": "Be brief.", "question": "Hi?", "chosen": "Yo.", "rejected": "No."},
        {"prompt": [SYSTEM, PLAIN[0]], "chosen": PLAIN[1:], "rejected": [turn("assistant", "No.")]},
        "system is taken as the system's turn",
    ),
    "pairs of conversations": (
        {"chosen": asked("Hi?", "Yo."), "rejected": asked("Hi?", "No.")},
        {"prompt": PLAIN[:1], "chosen": PLAIN[1:], "rejected": [turn("assistant", "No.")]},
        "the turns that chosen and rejected have in common are taken as the prompt",
    ),
    "pairs of conversations with their prompt": (
        {"prompt": "Hi?", "chosen": asked("Hi?", "Yo."), "rejected": asked("Hi?", "No.")},
        {"prompt": PLAIN[:1], "chosen": PLAIN[1:], "rejected": [turn("assistant", "No.")]},
        "have in common",
    ),
    "turns in a table's cell": (
        {"messages": '[{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Yo."}]'},
        {"messages": PLAIN},
        "the text is read as JSON",
    ),
    "a content of one part": (
        {"messages": [turn("user", [{"type": "text", "text": "Hi?"}]), PLAIN[1]]},
        {"messages": PLAIN},
        "the one part of a content is its text",
    ),
    "tool calls of an API": (
        {"messages": [PLAIN[0], turn("assistant", None, tool_calls=[call('{"city": "Ulm"}')]), turn("tool", "4 °C")]},
        {"messages": [PLAIN[0], turn("assistant", None, tool_calls=[call({"city": "Ulm"})]), turn("tool", "4 °C")]},
        "the arguments of tool calls are read as JSON",
    ),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_what_is_certain_is_converted_and_said(case):
    row, expected, words = CONVERTED[case]
    before = copy.deepcopy(row)
    rows, said = data.to_messages([row])
    assert rows == [expected] and words in said and said.startswith("In 1 row ") and said.endswith(".")
    assert row == before
    # What came out goes in again and stays.
    again, said = data.to_messages(rows)
    assert again == rows and said == "In 1 row the conversation stays as it is."


# Columns whose meaning is not certain.
UNCERTAIN = {
    "text alone": {"text": "### Human: Hi?### Assistant: Yo."},
    "two answers": {"question": "Hi?", "answer": "Yo.", "response": "No."},
    "two questions": {"prompt": "Hi?", "instruction": "Do it.", "output": "Yo."},
    "a label": {"text": "Fine.", "label": 1},
    "quotes": {"quote": "A", "author": "B", "tags": ["c"]},
    "an answer that is no text": {"question": "2 + 2?", "answer": 4},
    "an answer that is missing": {"question": "Hi?", "answer": None},
    "unknown speakers": {"conversations": [{"from": "alice", "value": "Hi?"}, {"from": "bob", "value": "Yo."}]},
    "dialogues as one text": {"chosen": "Human: Hi? Assistant: Yo.", "rejected": "Human: Hi? Assistant: No."},
    "pairs that share no prompt": {"chosen": asked("Hi?", "Yo."), "rejected": asked("Ho?", "No.")},
    "pairs with another prompt": {"prompt": "Ho?", "chosen": asked("Hi?", "Yo."), "rejected": asked("Hi?", "No.")},
    "two systems": {"system": "A", "system_prompt": "B", "question": "Hi?", "answer": "Yo."},
    "turns as Python prints them": {"messages": "[{'role': 'user'}]"},
    "turns that are no JSON": {"conversations": "[{'from': 'human'}]"},
    "nothing": {},
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_what_is_not_certain_is_refused_with_the_columns(case):
    row = UNCERTAIN[case]
    with pytest.raises(CourseError, match="in no row it is certain") as refused:
        data.to_messages([row])
    assert ", ".join(sorted(row) or ["(none)"]) in str(refused.value)


def test_rows_of_several_forms():
    alpaca, uncertain = CONVERTED["Alpaca"][0], UNCERTAIN["two answers"]
    rows = data.Rows(
        [alpaca, {"messages": PLAIN}, uncertain, alpaca], [1, 2, 5, 6], [data.Problem(3, "not_json", "", "")]
    )
    made, said = data.to_messages(rows)
    assert made[1:3] == [{"messages": PLAIN}, uncertain] and made[0] == made[3] == CONVERTED["Alpaca"][1]
    assert made.lines == rows.lines and made.problems == rows.problems
    assert said.startswith("In 2 rows instruction, with input below it")
    assert "in 1 row the conversation stays as it is; 1 row stays unconverted." in said


# check on what trainers take.


@pytest.fixture
def tokenizer():
    return models.load_tokenizer("pocket-llama")


def kinds(row, tokenizer, **options):
    return [problem.kind for problem in data.check([row], tokenizer, **options)]


@pytest.mark.parametrize("case", [case for case in CONVERTED if not case.startswith("tool")])
def test_check_names_the_conversion(case, tokenizer):
    """A row that no trainer takes as it is has one problem, whose remedy is the conversion; afterwards it has none."""
    row, expected, _ = CONVERTED[case]
    taken = {"prompt and completion", "prompt and answer", "pairs of texts"}
    problems = data.check([row], tokenizer)
    if case not in taken:
        (problem,) = problems
        assert "data.to_messages" in problem.remedy and problem.kind in ("form", "not_text", "roles")
    else:
        assert problems == []
    assert data.check([expected], tokenizer) == []


def test_a_test_set_in_another_form_is_compared_all_the_same(tokenizer):
    test = [CONVERTED["question and answer"][0]]
    assert kinds({"messages": PLAIN}, tokenizer, test=test) == ["in_test"]
    with pytest.raises(CourseError, match="test has no prompt to compare with in the columns text"):
        data.check([{"messages": PLAIN}], tokenizer, test=[UNCERTAIN["text alone"]])


def test_pairs_are_checked_on_both_sides(tokenizer):
    pair = {"prompt": "Hi?", "chosen": "Yo.", "rejected": "No."}
    assert kinds(pair, tokenizer) == []
    assert kinds(pair | {"rejected": " yo."}, tokenizer) == ["no_preference"]
    (problem,) = data.check([pair | {"rejected": "No.</s>"}], tokenizer)
    assert problem.kind == "special_tokens" and problem.what.startswith("with the rejected answer turn 2 (assistant)")
    (problem,) = data.check([pair | {"prompt": "Hi?</s>"}], tokenizer)  # said once, though it stands before both
    assert problem.what.startswith("turn 1 (user)")
    assert kinds(pair | {"rejected": "word " * 60}, tokenizer, max_length=64) == ["cut_off"]
    assert kinds(pair | {"rejected": None}, tokenizer) == ["not_text"]
    both = data.check([pair, pair, pair | {"rejected": "Nope."}], tokenizer)
    assert [(p.row, p.kind) for p in both] == [(2, "duplicate")]


# Templates: one that drops the system turn, and one that knows tools.
DROPS_SYSTEM = (
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'] + ': ' + m['content'] + eos_token }}"
    "{% endif %}{% endfor %}"
)
TOOLS = (
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ '<' + m['role'] + '>' }}"
    "{% if m['content'] %}{{ m['content'] | trim }}{% endif %}"
    "{% if m['tool_calls'] %}{% for c in m['tool_calls'] %}{{ c['function'] | tojson }}{% endfor %}{% endif %}"
    "{{ eos_token }}{% endfor %}"
)
BY_NAME = TOOLS.replace(
    "{{ c['function'] | tojson }}", "{% for k, v in c.function.arguments|items %}{{ k }}{% endfor %}"
)
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": {}}}
WEATHER = {
    "messages": [
        turn("user", "How cold is it?"),
        {"role": "assistant", "tool_calls": [call({"city": "Ulm"})]},
        turn("tool", "4 °C"),
        turn("assistant", "It is 4 °C."),
    ],
    "tools": [TOOL],
}


def with_template(tokenizer, template):
    tokenizer.chat_template = template
    return tokenizer


def test_a_template_that_drops_the_system_turn(tokenizer):
    row = {"messages": asked("Hi?", "I am brief. Be brief.", SYSTEM)}  # its text stands in the answer too
    assert kinds(row, tokenizer) == []
    (problem,) = data.check([row], with_template(tokenizer, DROPS_SYSTEM))
    assert problem.kind == "template" and "leaves out turn 1 (system)" in problem.what
    assert kinds({"messages": PLAIN}, tokenizer) == []


def test_a_template_that_trims_drops_nothing(tokenizer):
    row = {"messages": asked("  Hi?\n", "\tYo.  ", turn("system", " Be\n brief. "))}
    assert kinds(row, with_template(tokenizer, TOOLS)) == []


def test_tool_calls(tokenizer):
    assert "template" in kinds(WEATHER, tokenizer)  # pocket-llama's template has no place for a turn without content
    for arguments in ({"city": "Ulm"}, ["Ulm"]):  # of a template that goes through them by their names
        named = copy.deepcopy(WEATHER)
        named["messages"][1]["tool_calls"] = [call(arguments)]
        problems = data.check([named], with_template(copy.deepcopy(tokenizer), BY_NAME))
        found = [
            problem.what for problem in problems if "cannot render the conversation with its tools" in problem.what
        ]
        assert len(found) == isinstance(arguments, list)
    silent = copy.deepcopy(WEATHER)
    silent["messages"][1]["content"] = ""
    (problem,) = data.check([silent], models.load_tokenizer("pocket-llama"))
    assert "leaves out the tool calls of turn 2 (assistant) and the list of tools" in problem.what
    knows = with_template(tokenizer, TOOLS)
    assert kinds(WEATHER, knows) == kinds(silent, knows) == []
    assert kinds(WEATHER | {"tools": '[{"type": "function"}]'}, knows) == []
    assert kinds(WEATHER | {"tools": "weather"}, knows) == ["form"]
    written = copy.deepcopy(WEATHER)
    written["messages"][1]["tool_calls"] = [call('{"city": "Ulm"}')]
    (problem,) = data.check([written], knows)
    assert problem.kind == "template" and "are a string" in problem.what and "to_messages" in problem.remedy
    assert data.check(data.to_messages([written])[0], knows) == []


@pytest.mark.parametrize("calls", ["weather", 1.0, ["weather"], {"name": "weather"}])
def test_tool_calls_that_are_none(calls, tokenizer):
    row = {"messages": [PLAIN[0], PLAIN[1] | {"tool_calls": calls}]}
    (problem,) = data.check([row], tokenizer)
    assert problem.kind == "form" and "turn 2 has tool_calls that are no list of calls" in problem.what


@pytest.mark.parametrize(
    "places, expected",
    [((0, 1, 2, 3), []), ((0, 1, 2, 2, 3), []), ((0, 1), []), ((0, 2, 3), ["roles"]), ((0, 1, 3), ["roles"]),
     ((0, 1, 2), ["missing_answer"]), ((2, 3), ["roles"]), ((0, 1, 0, 3), ["roles"])],
)  # fmt: skip
def test_order_of_turns_with_tools(places, expected, tokenizer):
    row = {"messages": [WEATHER["messages"][i] for i in places], "tools": [TOOL]}
    assert kinds(row, with_template(tokenizer, TOOLS)) == expected


def test_weights_that_trl_does_not_read(tokenizer):
    row = {"messages": asked("And?", "So.", PLAIN[0], PLAIN[1] | {"weight": 0})}
    (problem,) = data.check([row], tokenizer)
    assert problem.kind == "weight" and "turn 2 (assistant) has weight 0" in problem.what
    assert kinds({"messages": PLAIN, "weight": 0.3}, tokenizer) == ["weight"]
    assert kinds({"messages": [PLAIN[0], PLAIN[1] | {"train": False}]}, tokenizer) == ["weight"]
    for full in (1, 1.0, True, None):
        assert kinds({"messages": [PLAIN[0], PLAIN[1] | {"weight": full}], "weight": full}, tokenizer) == []
    # The user's turns are not trained anyway, and a weight in kilograms is none.
    assert kinds({"messages": [PLAIN[0] | {"weight": 0}, PLAIN[1]], "weight": 72.5}, tokenizer) == []


def test_trl_reads_no_weight():
    """What the check says of SFTTrainer: a row with a weight of 0 is trained as any other."""
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    tiny = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=4096, **tiny))
    trained = []
    for weight in (0, 1):
        rows = Dataset.from_list([{"messages": [PLAIN[0], PLAIN[1] | {"weight": weight}], "weight": weight}])
        config = SFTConfig(use_cpu=True, bf16=False, report_to="none", assistant_only_loss=True)
        trainer = SFTTrainer(model, config, train_dataset=rows, processing_class=models.load_tokenizer("pocket-llama"))
        batch = next(iter(trainer.get_train_dataloader()))
        trained.append(batch["labels"].tolist())
    assert trained[0] == trained[1] and any(label != -100 for label in trained[0][0])


NAMES = [
    "role", "content", "from", "value", "tool_calls", "function", "name", "arguments", "type", "text", "weight",
]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
COLUMNS = [
    "messages", "conversations", "prompt", "answer", "completion", "response", "chosen", "rejected", "system", "tools",
    "instruction", "input", "output", "weight",
]  # fmt: skip
turns = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool", "human"]) | values, "content": values},
        optional={"tool_calls": values, "weight": values},
    )
    | values,
    max_size=4,
)


@functools.cache
def two_tokenizers():
    plain = models.load_tokenizer("pocket-llama")
    return plain, with_template(copy.deepcopy(plain), TOOLS)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(COLUMNS) | st.text(max_size=3), turns | values, max_size=4), max_size=3)
)
def test_any_rows_are_survived_and_unchanged(rows):
    before = repr(rows)
    for tokenizer in two_tokenizers():
        problems = data.check(rows, tokenizer)
        assert all(len(str(problem).splitlines()) == 1 and 1 <= problem.row <= len(rows) for problem in problems)
    with contextlib.suppress(CourseError):
        made, said = data.to_messages(rows)
        assert len(made) == len(rows) and len(said.splitlines()) == 1
    assert repr(rows) == before
