"""No, said kindly."""


class RefusedError(Exception):
    """A sentence that cannot be carried out. The message is one plain sentence: what is wrong, what would be right.

    Args:
        why: shown to the asker as it stands.
        fault: name of the input of a form that is at fault, "" if none.
    """

    def __init__(self, why: str, fault: str = "") -> None:
        super().__init__(why)
        self.fault = fault
