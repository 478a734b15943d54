"""All people sources together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from bot.directory.known_people import Memory
from bot.directory.merge import Differences, Merger
from bot.directory.source import Known, Large, Marked, Source, UnusableSourceError
from bot.texts import t
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
    disagreements: Differences = field(default_factory=Differences, init=False)
    """Where the sources contradicted each other when they were read last."""
    left_out: tuple[str, ...] = field(default=(), init=False)
    """What could not be used of them, a sentence each."""

    def mark(self) -> str:
        """See Marked. A source that is asked over a network can't tell, so that all are read anew."""
        said = [repr(self.inline)]
        for name, source in self.sources:
            own = source.mark() if isinstance(source, Marked) else ""
            if not own:
                return ""
            said.append(f"{name}/{own}")
        return sha256("\n".join(said).encode()).hexdigest()

    def __call__(self) -> Directory:
        """All that the sources say.

        Raises:
            UnusableSourceError: a source contradicts itself.
            OutsideError: a source cannot be asked.
        """
        memory = self.recall()
        merger = Merger()
        merger.take(INLINE, self.inline)
        left_out: list[str] = []
        for number, (name, source) in enumerate(self.sources, 1):
            known = Known(merger.so_far(), merger.people, merger.named, merger.aliases, memory.people, memory.linked)
            if isinstance(source, Large):
                many = source.open(known)
                merger.take_many(name, many, is_last=number == len(self.sources))
                left_out += many.said.left_out
                continue
            said = source.read(known)
            merger.take(name, said)
            left_out += said.left_out
        for one in filter(None, map(merger.people.get, sorted(RESERVED))):
            raise UnusableSourceError(
                t("{name} has the id “{word}”, which is the bot's own; give another one", name=one.name, word=one.id)
            )
        merged = merger.merged()
        self.disagreements = merged.disagreements
        self.left_out = (*left_out, *merged.left_out)
        return replace(merged.directory, left_out=self.left_out)
