"""Generation marks: put into the chat templates that models publish, and only where they change no text."""

import pytest

from course_utils import models, templates
from course_utils.errors import CourseError

# The published structures, as Jinja; each closes its turns in its own way.
ZEPHYR = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
    "{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
    "{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
)
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are helpful<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
    "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim"
    " + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
DASHED = (
    "{{- bos_token }}\n{%- for message in messages %}\n    {%- if message.role == 'assistant' %}\n"
    "        {{- 'Bot: ' + message.content + eos_token + '\\n' }}\n    {%- else %}\n"
    "        {{- message.role ~ ': ' ~ message.content ~ '\\n' }}\n    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{- 'Bot: ' }}{%- endif %}"
)
NO_END = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ 'A: ' + message['content'] }}"
    "{% else %}{{ 'Q: ' + message['content'] + '\n' }}{% endif %}{% endfor %}"
)
TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello you."}]


@pytest.fixture
def tokenizer():
    return models.load_tokenizer("pocket-llama")


@pytest.mark.parametrize(
    ("template", "marked"),
    [
        (ZEPHYR, "Hello you.</s>"),
        (CHATML, "Hello you.<|im_end|>"),
        (LLAMA_2, "Hello you. </s>"),
        (DASHED, "Hello you.</s>"),
        (templates.CHAT_TEMPLATE, "Hello you.</s>"),
    ],
    ids=["zephyr", "chatml", "llama-2", "dashed", "our own"],
)
def test_the_answer_and_its_end_are_marked_and_no_text_changes(tokenizer, template, marked):
    found = templates.with_marks(template, bos_token="<s>", eos_token="</s>")
    assert templates.has_marks(found)
    for prompt in (False, True):
        options = {"tokenize": False, "add_generation_prompt": prompt}
        assert tokenizer.apply_chat_template(TALK, chat_template=found, **options) == tokenizer.apply_chat_template(
            TALK, chat_template=template, **options
        )
    both = tokenizer.apply_chat_template(TALK, chat_template=found, return_dict=True, return_assistant_tokens_mask=True)
    own = [token for token, mine in zip(both["input_ids"], both["assistant_masks"], strict=True) if mine]
    assert tokenizer.decode(own).strip() == marked


@pytest.mark.parametrize("template", [LLAMA_3, NO_END, "{{ messages }}"], ids=["llama-3", "no end", "no turns"])
def test_what_is_not_understood_is_left_alone_and_said_so(tokenizer, template):
    assert templates.with_marks(template, bos_token="<s>", eos_token="</s>") is None
    tokenizer.chat_template = template
    with pytest.raises(CourseError, match="put {% generation %}"):
        templates.require_marks(tokenizer)


def test_a_result_that_writes_anything_else_is_refused():
    marked = templates.with_marks(ZEPHYR, eos_token="</s>")
    assert templates._proved(ZEPHYR, marked, {"eos_token": "</s>"})
    assert not templates._proved(ZEPHYR, marked.replace("'<|assistant|>\n'", "'<|assistant|>'"), {"eos_token": "</s>"})
    assert not templates._proved(ZEPHYR, ZEPHYR, {"eos_token": "</s>"})  # the same text, but nothing marked
