"""No, said kindly."""

from typing import Any

from handlers.language import ENGLISH, say


class RefusedError(Exception):
    """A sentence that cannot be carried out. The message is one plain sentence: what is wrong, what would be right.

    Args:
        why: shown to the asker in their language; names and amounts are named placeholders.
        fault: name of the input of a form that is at fault, "" if none.
        offers: sentences that may have been meant; each becomes a button, so none of them changes anything.
        values: fill the placeholders.
    """

    def __init__(self, why: str, fault: str = "", *, offers: tuple[str, ...] = (), **values: Any) -> None:
        super().__init__(say(ENGLISH, why, **values))
        self.why = why
        self.fault = fault
        self.offers = offers
        self.values = values

    def said(self, language: str) -> str:
        """The sentence in a language."""
        return say(language, self.why, **self.values)


class MeantOtherwiseError(RefusedError):
    """Words that may have meant something else.

    Args:
        why: see RefusedError.
        count: how many words at the front of what was left are meant.
        instead: what may stand in their place.
        values: fill the placeholders.
    """

    def __init__(self, why: str, count: int, instead: tuple[str, ...], **values: Any) -> None:
        super().__init__(why, **values)
        self.count = count
        self.instead = instead


class SettingError(ValueError):
    """A setting of app.yaml that cannot be used.

    Args:
        why: what is wrong and what would be right; shown to people in their language.
        values: fill the placeholders.
    """

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(say(ENGLISH, why, **values))
        self.why = why
        self.values = values
