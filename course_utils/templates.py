"""Chat templates: how a conversation becomes one text, and which of it the assistant wrote.

Training on the answers alone needs a template that says where they stand, between ``{% generation %}`` and
``{% endgeneration %}``. Most published templates do not. Here the marks are added to those that print a turn as one
sum of texts, as Zephyr's (TinyLlama-Chat), ChatML (SmolLM2) and Llama 2's do, if it can be shown that nothing else
changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from course_utils.errors import CourseError

# TinyLlama's chat format, with the generation marks that tell a trainer which tokens the assistant wrote.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ message['content'] + eos_token + '\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")
_PRINT = re.compile(r"\{\{(?P<left>-?)(?P<sum>.*?)(?P<right>-?)\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%-?\s*(?P<word>\w+)(?P<rest>.*?)-?%\}", re.DOTALL)
_TERM = re.compile(r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^+'"])+""")
_CONTENT = re.compile(r"""(?:\w+(?:\[['"]content['"]\]|\.content)|content)(?:\.strip\(\)|\s*\|\s*trim)?""")
_LITERAL = re.compile(r"""(?P<quote>['"])(?P<text>.*?)(?P<space>(?:\\n|\s)*)(?P=quote)""", re.DOTALL)
_ASSISTANT = re.compile(r"""role(?:['"]\])?\s*==\s*['"]assistant['"]\s*""")

_TALK = [
    {"role": "user", "content": "What is the opposite of hot?"},
    {"role": "assistant", "content": "Cold."},
    {"role": "user", "content": "And of big?"},
    {"role": "assistant", "content": "Small."},
]
_SYSTEM = {"role": "system", "content": "Answer in one word."}
_STRANGE = ["", " ", "\n two lines \n\n", "ünï¢ødé 🦊", "{{ bos_token }} {% if %}", "[INST] <|user|> </s> <|im_end|>"]


def mark_generation(tokenizer: Any) -> bool:
    """Adds generation marks to the tokenizer's chat template where it has none; whether it has them now.

    A marked template is taken only if it renders a set of conversations to the same texts as the one before, marks
    each answer from where the model begins to write, and includes the token that ends the turn.
    """
    template = _default(tokenizer)
    if _MARK.search(template):
        return True
    from trl.chat_template_utils import is_chat_template_stop_token_trained

    for marked in _marked(template):
        if (
            _same_texts(tokenizer, template, marked)
            and _marks_answers(tokenizer, marked)
            and is_chat_template_stop_token_trained(tokenizer, marked)
        ):
            named = tokenizer.chat_template
            tokenizer.chat_template = {**named, "default": marked} if isinstance(named, dict) else marked
            return True
    return False


def check_template(tokenizer: Any) -> None:
    """Raises ``CourseError`` if a trainer cannot know which tokens of a conversation the assistant wrote."""
    if _MARK.search(_default(tokenizer)):
        return
    from trl.chat_template_utils import get_training_chat_template

    try:
        get_training_chat_template(tokenizer)  # of the templates that TRL knows, SFTTrainer marks the answers itself
    except ValueError:
        raise CourseError(
            f"the chat template of {tokenizer.name_or_path} does not say what the assistant wrote, which training on "
            "answers needs, and its form is unknown here: put {% generation %} before the answer in "
            "tokenizer.chat_template and {% endgeneration %} after its end-of-turn token, as lesson 05 does"
        ) from None


def _default(tokenizer: Any) -> str:
    template = tokenizer.chat_template
    return template["default"] if isinstance(template, dict) else template


def _marked(template: str) -> Iterator[str]:
    """The template with marks around the assistant's answers, in two ways, of which one may be right.

    What stands before the content in the same sum is the turn's opening in most formats, and no answer. Where the
    prompt ends before it, as before Llama 2's space, the model has to write it.
    """
    for with_opening in (False, True):
        marked = _PRINT.sub(lambda found, opening=with_opening: _mark(template, found, opening), template)
        if marked != template:
            yield marked


def _mark(template: str, found: re.Match[str], with_opening: bool) -> str:
    """One ``{{ sum }}`` of the template, marked if it prints a turn that may be the assistant's."""
    terms = [term.strip() for term in _TERM.findall(found["sum"])]
    place = next((i for i, term in enumerate(terms) if _CONTENT.fullmatch(term)), None)
    before = list(_STATEMENT.finditer(template, 0, found.start()))
    turn = next((re.match(r"\s*(\w+) in", tag["rest"]) for tag in reversed(before) if tag["word"] == "for"), None)
    if place is None or turn is None:
        return found[0]
    start = 0 if with_opening else place
    end = _end_of_turn(terms, place + 1)
    opening, answer, rest = (" + ".join(part) or "''" for part in (terms[:start], terms[start:end], terms[end:]))
    marked = f"{{% generation %}}{{{{ {answer} }}}}{{% endgeneration %}}"
    if "role" not in before[-1]["rest"] or before[-1]["word"] not in ("if", "elif"):
        whose = f"{turn[1]}['role'] == 'assistant'"
        marked = f"{{% if {whose} %}}{marked}{{% else %}}{{{{ {answer} }}}}{{% endif %}}"
    elif not _ASSISTANT.search(before[-1]["rest"]):
        return found[0]  # another role's branch
    # Jinja drops a line's end after a statement, but not after a print: begin and end with one, as before.
    return f"{{{{{found['left']} {opening} }}}}{marked}{{{{ {rest} {found['right']}}}}}"


def _end_of_turn(terms: list[str], after: int) -> int:
    """The index after the term that ends the turn: the first one after the content that is more than white space.

    White space behind the end in that same literal becomes a term of its own.
    """
    for i in range(after, len(terms)):
        literal = _LITERAL.fullmatch(terms[i])
        if literal is None:
            return i + 1
        if literal["text"]:
            quote = literal["quote"]
            terms[i : i + 1] = [quote + part + quote for part in (literal["text"], literal["space"]) if part]
            return i + 1
    return len(terms)


def _render(tokenizer: Any, template: str, messages: list[dict[str, str]], prompt: bool = False) -> str | None:
    """The text of a conversation; None if the template refuses it."""
    from jinja2 import TemplateError

    try:
        return tokenizer.apply_chat_template(
            messages, chat_template=template, add_generation_prompt=prompt, tokenize=False
        )
    except (TemplateError, TypeError):
        return None


def _same_texts(tokenizer: Any, one: str, other: str) -> bool:
    """Whether two templates render conversations of each kind to the same texts, and refuse the same ones."""
    talks = [_TALK[:n] for n in range(1, 5)] + [_TALK[1:], _TALK[:1] * 2, [_SYSTEM], [*_TALK, _SYSTEM]]
    talks += [[dict(message, content=text) for message in _TALK] for text in _STRANGE]
    talks += [[_SYSTEM, *talk] for talk in talks] + [[dict(_SYSTEM, content=text), *_TALK] for text in _STRANGE]
    return all(
        _render(tokenizer, one, talk, prompt) == _render(tokenizer, other, talk, prompt)
        for talk in talks
        for prompt in (False, True)
    )


def _marks_answers(tokenizer: Any, template: str) -> bool:
    """Whether the marks begin each answer where a prompt for it ends, and mark nothing else."""
    from transformers.utils.chat_template_utils import render_jinja_template

    (text,), (spans,) = render_jinja_template(
        [_TALK], chat_template=template, return_assistant_tokens_mask=True, **tokenizer.special_tokens_map
    )
    prompts = [_render(tokenizer, template, _TALK[:n], prompt=True) for n in (1, 3)]
    return [text[:start] for start, _ in spans] == prompts
