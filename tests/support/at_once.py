"""Many threads that begin at the same moment."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from handlers.errors import RefusedError


def at_once(*work: Callable[[], object]) -> list[str]:
    """Run all at the same moment, and return what each said."""
    barrier, said = threading.Barrier(len(work)), SimpleQueue[str]()

    def run(each: Callable[[], object]) -> None:
        barrier.wait()
        try:
            said.put(str(each()))
        except RefusedError as no:
            said.put(f"no: {no}")

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [said.get() for _ in work]
