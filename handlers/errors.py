"""No, said kindly."""

from handlers.language import ENGLISH, say


class RefusedError(Exception):
    """A sentence that cannot be carried out. The message is one plain sentence: what is wrong, what would be right.

    Args:
        why: shown to the asker in their language; names and amounts are named placeholders.
        fault: name of the input of a form that is at fault, "" if none.
        values: fill the placeholders.
    """

    def __init__(self, why: str, fault: str = "", **values: object) -> None:
        super().__init__(say(ENGLISH, why, **values))
        self.why = why
        self.fault = fault
        self.values = values

    def said(self, language: str) -> str:
        """The sentence in a language."""
        return say(language, self.why, **self.values)
