"""Circles in what should be a tree: a manager of one's own manager, a team below itself."""

from collections.abc import Callable, Iterable, Mapping


def circles(above: Mapping[str, str]) -> list[list[str]]:
    """Every circle, each once, from its smallest member upwards.

    Args:
        above: who or what stands directly above each; "" or a stranger is the top.
    """
    return circles_through(above, lambda each: above.get(each, ""))


def circles_through(some: Iterable[str], above: Callable[[str], str]) -> list[list[str]]:
    """The same of those circles that can be reached from some.

    Args:
        some: where to begin.
        above: gives who or what stands directly above one; "" is the top.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in some:
        path: dict[str, int] = {}
        here = start
        while here and here not in done and here not in path:
            path[here] = len(path)
            here = above(here)
        if here in path:
            circle = list(path)[path[here] :]
            first = circle.index(min(circle))
            found.append(circle[first:] + circle[:first])
        done.update(path)
    return sorted(found)
