"""What can go wrong outside, as two kinds that say what may be done about it.

    OutsideError
    ├── UnreachableError    down, slow or busy: the same thing may work later; the outbox keeps it and tries again
    │   ├── NotYetError     something of our own must come first
    │   └── RefusesUsError  it takes nothing from us, whatever it is, until somebody acts: a token was revoked
    └── UndeliverableError  said no for good (no such channel, key revoked): trying again is useless until somebody
                            acts
        ├── KeyRefusedError the key is not accepted, or not for this
        ├── InvalidError    it does not know such a question
        ├── NotFoundError   it has nothing of that name
        └── GoneError       whoever it is about is not there any more: nothing is to be done

Each message is one plain sentence for an operator: what was tried, what came back, what to do. No secrets, no texts
of messages. What varies stands in named placeholders, so that it can be said in the reader's language, also once it is
stored (`handlers.language.stored`); `str` says it in English.
"""

from typing import Any

from handlers.language import ENGLISH, say


class OutsideError(Exception):
    """Something outside did not do what it should.

    Args:
        why: the sentence for the operator.
        values: fill its placeholders.
    """

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(say(ENGLISH, why, **values))
        self.why = why
        self.values = values

    def said(self, language: str) -> str:
        """The sentence in a language."""
        return say(language, self.why, **self.values)


class UnreachableError(OutsideError):
    """Down, slow or busy.

    Args:
        why: the sentence for the operator.
        retry_after_s: seconds the other side asked us to wait, or None if it did not say.
        values: fill its placeholders.
    """

    def __init__(self, why: str, retry_after_s: float | None = None, **values: Any) -> None:
        super().__init__(why, **values)
        self.retry_after_s = retry_after_s


class NotYetError(UnreachableError):
    """What must be there before is not there yet."""


class RefusesUsError(UnreachableError):
    """Nothing of ours is taken there, so it is no trouble of one message: all wait until somebody acts."""


class UndeliverableError(OutsideError):
    """Refused for good."""


class KeyRefusedError(UndeliverableError):
    """The key is not accepted, or not for this.

    Args:
        why: the sentence for the operator.
        kind: the provider's word for it, "" if it had none.
        values: fill its placeholders.
    """

    def __init__(self, why: str, kind: str, **values: Any) -> None:
        super().__init__(why, **values)
        self.kind = kind


class InvalidError(UndeliverableError):
    """The service does not know such a question (400)."""


class NotFoundError(UndeliverableError):
    """There is nothing of that name (404)."""


class GoneError(UndeliverableError):
    """Whoever it is about is not there any more."""
