"""All people sources together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.directory.known_people import Memory
from bot.directory.merge import Merger
from bot.directory.source import Known, Source, UnusableSourceError
from storage.directory import RESERVED, Directory

INLINE = "app.yaml"


@dataclass(slots=True)
class Everybody:
    """Reads all people sources, and merges them.

    Args:
        inline: what app.yaml itself says; it counts most.
        sources: the others with their names, in the order of their weight. Each may know what those before it said.
        recall: what the database remembers.
    """

    inline: Directory
    sources: Sequence[tuple[str, Source]]
    recall: Callable[[], Memory]
    disagreements: tuple[str, ...] = field(default=(), init=False)
    """Where the sources contradicted each other when they were read last, a sentence each."""

    def __call__(self) -> Directory:
        """All that the sources say.

        Raises:
            UnusableSourceError: a source contradicts itself.
            OutsideError: a source cannot be asked.
        """
        memory = self.recall()
        merger = Merger()
        merger.take(INLINE, self.inline)
        for name, source in self.sources:
            so_far = merger.merged()
            known = Known(so_far.directory, so_far.aliases, memory.people, memory.linked)
            merger.take(name, source.read(known))
        merged = merger.merged()
        for one in merged.directory.people:
            if one.id in RESERVED:
                raise UnusableSourceError(
                    f"somebody ({one.name}) has the id “{one.id}”, which is the bot's own; give another one"
                )
        self.disagreements = merged.disagreements
        return merged.directory
