"""The try-it page as a platform."""

from handlers.card import Card
from handlers.place import Place


class Web:
    """Shows cards by doing nothing: the page reads what is to be seen from the outbox itself."""

    name = "web"

    def show(self, place: Place, _card: Card, receipt: str) -> str:
        """See Platform."""
        return receipt or str(place)
