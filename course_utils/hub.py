"""Who is logged in to the hub, so that a lesson pushes only where that can work."""

from __future__ import annotations

import contextlib
import threading


def user(seconds: float = 3.0) -> str | None:
    """The name of whoever is logged in to the hub, or None; never an error, and an answer within ``seconds``.

    None stands for every reason why a push would fail at its first request: no token, a refused one, offline mode, or
    a hub that cannot be reached or does not answer in time.
    """
    from huggingface_hub import HfApi, get_token

    found: list[str] = []

    def ask(token: str) -> None:
        with contextlib.suppress(Exception):
            found.append(HfApi().whoami(token=token)["name"])

    with contextlib.suppress(Exception):
        # The token is looked up here, since Colab's secrets are not for threads. The request goes to a thread because
        # the client sets it no time limit.
        if token := get_token():
            thread = threading.Thread(target=ask, args=(token,), daemon=True)
            thread.start()
            thread.join(seconds)
    return found[0] if found else None
