"""Circles in what should be a tree: a manager of one's own manager, a team below itself."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


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


def circles_of_numbers(above: Sequence[int]) -> Iterator[list[int]]:
    """The same of millions who have numbers, each circle from anywhere upwards.

    Args:
        above: which stands directly above each; nought is the top.
    """
    seen = bytearray(len(above))  # 1 on the way, 2 done
    for start, first in enumerate(above):
        if not first or seen[start]:
            continue
        path: list[int] = []
        here = start
        while above[here] and not seen[here]:
            seen[here] = 1
            path.append(here)
            here = above[here]
        if seen[here] == 1:
            yield path[path.index(here) :]
        for each in path:
            seen[each] = 2
