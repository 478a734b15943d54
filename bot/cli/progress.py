"""How far long work has come, on a terminal; where nobody watches, nothing is said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress(what: str, steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error.

    Args:
        what: is done, such as "Copying".
        steps: how many there are.

    Yields:
        To be called with the name of each step as it begins.
    """
    console = Console(stderr=True)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with shown:
        task = shown.add_task(what, total=steps)
        begun = 0

        def begin(name: str) -> None:
            nonlocal begun
            shown.update(task, description=f"{what}: {name}", completed=begun)
            begun += 1

        yield begin
