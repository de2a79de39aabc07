"""Marks in published chat templates: the text stays the same, and answers with their ends are what is trained."""

import shutil

import pytest

from course_utils import adapters, data, models, templates
from course_utils.errors import CourseError

# The forms that models publish, written after what each renders.
ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

LLAMA2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)

CHATML_IN_LINES = """
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + "\n" + message.content + "<|im_end|>\n" }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""

VICUNA_STYLE = (
    "{% for message in messages %}{{ 'ASSISTANT: ' if message['role'] == 'assistant' else 'USER: ' }}"
    "{{ message['content'] | replace('+', 'plus') }}{{ eos_token }}{% endfor %}"
)

KNOWN = {"zephyr": ZEPHYR, "smollm2": SMOLLM2, "llama 2": LLAMA2, "ChatML in lines": CHATML_IN_LINES}
ENDS = {"zephyr": "</s>", "smollm2": "<|im_end|>", "llama 2": " </s>", "ChatML in lines": "<|im_end|>"}
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Why is the sea blue?"},
    {"role": "assistant", "content": "It mirrors the sky.\nMostly."},
    {"role": "user", "content": "And grass?"},
    {"role": "assistant", "content": "Green."},
]


@pytest.fixture
def tokenizer():
    tokenizer = models.load_tokenizer("pocket-llama")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return tokenizer


def trained(tokenizer, talk):
    """The runs of tokens that training on answers learns, as texts."""
    coded = tokenizer.apply_chat_template(talk, return_dict=True, return_assistant_tokens_mask=True)
    runs, before = [], 0
    for token, mask in zip(coded["input_ids"], coded["assistant_masks"], strict=True):
        if mask and not before:
            runs.append([])
        if mask:
            runs[-1].append(token)
        before = mask
    return [tokenizer.decode(run) for run in runs]


@pytest.mark.parametrize("name", KNOWN)
def test_marks_change_no_text_and_cover_each_answer_with_its_end(tokenizer, name):
    tokenizer.chat_template = KNOWN[name]
    ended = ENDS[name].strip()
    texts = [tokenizer.apply_chat_template(TALK[:n], tokenize=False) for n in (2, 3, 5)]
    question = tokenizer.apply_chat_template(TALK[:4], tokenize=False, add_generation_prompt=True)
    with pytest.raises(CourseError, match="does not say what the assistant wrote"):
        templates.check_template(tokenizer)
    assert templates.mark_generation(tokenizer)
    templates.check_template(tokenizer)
    assert [tokenizer.apply_chat_template(TALK[:n], tokenize=False) for n in (2, 3, 5)] == texts
    assert tokenizer.apply_chat_template(TALK[:4], tokenize=False, add_generation_prompt=True) == question
    answers = [text.strip() for text in trained(tokenizer, TALK)]
    assert [text.removesuffix(ended).rstrip() for text in answers] == [TALK[2]["content"], "Green."]
    assert all(text.endswith(ended) for text in answers)
    marked = tokenizer.chat_template
    assert templates.mark_generation(tokenizer) and tokenizer.chat_template == marked, "once is enough"


def test_what_the_prompt_leaves_to_the_model_is_marked(tokenizer):
    """Llama 2's prompt ends before the space that precedes an answer: the model has to write it."""
    tokenizer.chat_template = LLAMA2
    assert templates.mark_generation(tokenizer)
    assert "{% generation %}{{ ' ' + content.strip()" in tokenizer.chat_template


@pytest.mark.parametrize(
    "template",
    [
        VICUNA_STYLE,
        # The sum is inside parentheses, so that its parts cannot be told apart by the plus signs.
        "{% for m in messages %}{{ ('<|' + m['role'] + '|>' + m['content']) | trim + eos_token }}{% endfor %}",
        # The end of the turn comes in another print, and would be left out of what is trained.
        "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
        # No prompt ends where the answer begins.
        "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|bot|>\n' }}{% endif %}",
    ],
)
def test_an_unknown_form_is_left_alone_and_said_to_be(tokenizer, template):
    tokenizer.chat_template = template
    assert not templates.mark_generation(tokenizer) and tokenizer.chat_template == template
    with pytest.raises(CourseError) as caught:
        templates.check_template(tokenizer)
    assert "\n" not in str(caught.value) and "{% endgeneration %}" in str(caught.value)


def test_a_marked_form_that_renders_otherwise_is_not_taken(tokenizer, monkeypatch):
    tokenizer.chat_template = SMOLLM2
    (right, *_) = templates._marked(SMOLLM2)
    wrong = right.replace("{% else %}{{ message['content']", "{% else %}{{ message['content'].strip()")
    assert wrong != right
    monkeypatch.setattr(templates, "_marked", lambda template: [wrong])
    assert not templates.mark_generation(tokenizer)
    monkeypatch.setattr(templates, "_marked", lambda template: [right])
    assert templates.mark_generation(tokenizer)


def test_what_the_trainer_marks_itself_is_left_to_it(tokenizer):
    from trl.chat_template_utils import qwen3_chat_template

    tokenizer.chat_template = qwen3_chat_template
    templates.check_template(tokenizer)


def test_of_named_templates_the_default_is_marked(tokenizer):
    tokenizer.chat_template = {"default": SMOLLM2, "tool_use": VICUNA_STYLE}
    assert templates.mark_generation(tokenizer)
    assert "generation" in tokenizer.chat_template["default"].split("add_generation_prompt")[0]
    assert tokenizer.chat_template["tool_use"] == VICUNA_STYLE
    templates.check_template(tokenizer)


@pytest.fixture
def chat_model(tokenizer, tiny_model, tmp_path):
    """Saves a model whose tokenizer brings ``template``, and gives its directory."""

    def save(template):
        shutil.copytree(tiny_model, tmp_path / "chat")
        (tmp_path / "chat" / "chat_template.jinja").unlink()
        tokenizer.chat_template = template
        tokenizer.save_pretrained(tmp_path / "chat")
        return str(tmp_path / "chat")

    return save


def test_an_unknown_form_is_known_before_anything_is_prepared(chat_model):
    model = chat_model(VICUNA_STYLE)
    models.check(model)  # it answers all the same
    with pytest.raises(CourseError, match="does not say what the assistant wrote"):
        models.check_trainable(model)
    with pytest.raises(CourseError, match="does not say what the assistant wrote"):
        adapters.train(model, rows=None)


def test_a_loaded_tokenizer_has_the_marks(chat_model):
    model = chat_model(ZEPHYR)
    models.check_trainable(model)
    loaded = models.load_tokenizer(model)
    assert "{% generation %}" in loaded.chat_template
    assert [text.removesuffix("</s>") for text in trained(loaded, TALK)] == [TALK[2]["content"], "Green."]


@pytest.mark.slow
@pytest.mark.parametrize("template", [ZEPHYR, LLAMA2])
def test_a_model_with_a_template_of_its_own_is_trained(chat_model, template):
    _, tokenizer, losses = adapters.train(chat_model(template), data.instructions("train", 32, 0))
    assert losses[-1] < losses[0] and "{% generation %}" in tokenizer.chat_template
