"""Chat templates: how a conversation becomes one text, and which of it the assistant wrote."""

from __future__ import annotations

import re
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

# Conversations on which a template with marks has to write what it wrote without them.
BATTERY = (
    [{"role": "user", "content": "Hi"}],
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " Two lines,\n\nand spaces around. "},
        {"role": "assistant", "content": "'Quoted', <b>marked</b> and {{ braced }}."},
        {"role": "user", "content": "More?"},
        {"role": "assistant", "content": "No. "},
    ],
)


def has_marks(template: str | None) -> bool:
    """Whether a chat template marks what the assistant writes, as ``assistant_only_loss`` needs it."""
    return bool(template and re.search(r"\{%-?\s*generation\s*-?%\}", template))


def with_marks(template: str, **special_tokens: str) -> str | None:
    """A chat template with ``{% generation %}`` marks around the assistant's words and the end of its turn.

    The template's expressions are looked through for one that writes a turn's content, such as
    ``{{ '<|assistant|>\\n' + message['content'] + eos_token }}``; from the content to the end of the turn it is marked,
    white space behind the end is not. A result counts only if it writes every conversation of ``BATTERY`` just as the
    template did and marks each answer together with its end.

    Args:
        template: a chat template, marked or not.
        special_tokens: what its variables stand for, such as ``eos_token="</s>"``.

    Returns:
        The template, or None where its structure is not understood.
    """
    if has_marks(template):
        return template
    for expression in re.finditer(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", template, re.DOTALL):
        marked = _marked(template, expression)
        if marked is not None and _proved(template, marked, special_tokens):
            return marked
    return None


def _marked(template: str, expression: re.Match) -> str | None:
    """The template with one expression taken apart; None if that writes no content."""
    left, inner, right = expression.groups()
    terms = _terms(inner)
    at = next((i for i, term in enumerate(terms) if re.search(r"\bcontent\b", term)), None)
    if at is None:
        return None
    before, own, after = terms[:at], terms[at:], []
    # What stands behind the end of the turn, as a rule a line end, is not the assistant's to write.
    literal = re.fullmatch(r"(['\"])(.*?)((?:\\n|\s)*)\1", own[-1], re.DOTALL)
    if len(own) > 1 and literal and literal[3]:
        quote, words, space, *_ = literal.groups()
        own[-1:] = [quote + words + quote] if words else []
        after = [quote + space + quote]
    # An empty expression keeps Jinja from taking the line end behind a block for the block's own.
    pieces = [f"{{{{ {' + '.join(before)} }}}}"] if before else []
    pieces += ["{% generation %}{{ " + " + ".join(own) + " }}{% endgeneration %}"]
    pieces += ["{{ " + (" + ".join(after) or "''") + " }}"]
    text = "".join(pieces)
    branch = re.findall(r"\{%-?\s*(?:el)?if\s+(.*?)-?%\}|\{%-?\s*(else|endif)\b", template[: expression.start()])
    if not (branch and "assistant" in branch[-1][0]):  # written alike for all roles
        text = "{% if message['role'] == 'assistant' %}" + text + "{% else %}{{ " + inner + " }}{% endif %}{{ '' }}"
    if left:
        text = "{{- '' }}" + text
    if right:
        text += "{{ '' -}}"
    return template[: expression.start()] + text + template[expression.end() :]


def _terms(expression: str) -> list[str]:
    """The terms of a sum or a concatenation, as text: ``a + f(b + c) + '+'`` has three."""
    terms, depth, quote, start = [], 0, "", 0
    for i, character in enumerate(expression):
        if quote:
            quote = "" if character == quote and expression[i - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character in "+~" and depth == 0:
            terms.append(expression[start:i].strip())
            start = i + 1
    return [*terms, expression[start:].strip()]


def _proved(template: str, marked: str, special_tokens: dict[str, str]) -> bool:
    """Whether the two write the same, and the second marks each answer and something behind it that ends it."""
    from jinja2.exceptions import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    seen = 0
    for messages in BATTERY:
        for prompt in (False, True):
            options = special_tokens | {"conversations": [messages], "add_generation_prompt": prompt}
            try:
                (wanted,), _ = render_jinja_template(chat_template=template, **options)
            except TemplateError:
                continue  # a template may refuse a system turn: then it has nothing to equal
            try:
                (text,), (spans,) = render_jinja_template(
                    chat_template=marked, return_assistant_tokens_mask=True, **options
                )
            except TemplateError:
                return False
            answers = [message["content"].strip() for message in messages if message["role"] == "assistant"]
            if text != wanted or len(spans) != len(answers):
                return False
            for (first, end), answer in zip(spans, answers, strict=True):
                ending = text[first:end].lstrip().removeprefix(answer)
                if not text[first:end].lstrip().startswith(answer) or not ending.strip():
                    return False
                seen += 1
    return seen > 0


def require_marks(tokenizer: Any) -> None:
    """Raises ``CourseError`` if a trainer cannot tell from the tokenizer's chat template what the assistant writes."""
    if not has_marks(tokenizer.chat_template):
        raise CourseError(
            "the chat template of this model does not mark what the assistant writes, and its structure is not one "
            "that the course can add marks to: put {% generation %} and {% endgeneration %} around the assistant's "
            "content and the end of its turn, in chat_template.jinja or tokenizer_config.json"
        )
