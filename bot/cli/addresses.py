"""Where a provider's key is sent to: what is odd about the addresses in app.yaml."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from bot.checks import CheckLine
from bot.config import ProviderSettings
from bot.hosts import Address, is_of_machine, plain, resolved
from bot.texts import t


def addresses(
    providers: Sequence[ProviderSettings], only: str = "", resolve: Callable[[str], list[Address]] = resolved
) -> Iterator[CheckLine]:
    """What is odd about the addresses in app.yaml.

    Args:
        providers: of app.yaml.
        only: the name of the one provider to be looked at, "" for all.
        resolve: gives the addresses of a host.
    """
    for each in providers:
        if each.url and only in ("", each.name):
            yield from _of(each.name, each.url, resolve)


def _of(name: str, url: str, resolve: Callable[[str], list[Address]]) -> Iterator[CheckLine]:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    found = [plain(each) for each in resolve(host)]
    what = t("{name}: {url}", name=name, url=f"{parts.scheme}://{host}")
    if is_of_machine(host, found):
        advice = t("This is the address of a machine's own metadata, not of a provider. Correct url in app.yaml.")
        yield CheckLine(what, ok=False, advice=advice)
    elif parts.scheme == "http" and not (found and all(each.is_loopback for each in found)):
        advice = t(
            "The key is sent unencrypted, so anybody on the way can read it. Use https, or a proxy on this host."
        )
        yield CheckLine(what, ok=True, advice=advice)
