"""What is wrong with a lesson: every breach of the grammar is collected, then all are shown together."""

from dataclasses import dataclass, field

from .lesson import LessonError

# Lessons that were written before the limits of `limit`. Each of them does break one; none may be added.
EXCEPTIONS: tuple[str, ...] = ()


def is_lenient(stem: str) -> bool:
    """Whether a lesson is on the list of exceptions."""
    return stem in EXCEPTIONS


@dataclass
class Breaches:
    """What is wrong with a lesson so far, as (line, message). lenient: limits are not held against it."""

    name: str
    lenient: bool = False
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, got: str, expected: str, todo: str) -> None:
        """One breach, at a line of the source."""
        self.found.append((line, f"{self.name}:{line}: got {got}; expected {expected}. {todo}"))

    def limit(self, line: int, got: str, expected: str, todo: str) -> None:
        """The same, of a limit that lessons on the list of exceptions do not keep yet."""
        if not self.lenient:
            self.add(line, got, expected, todo)

    def raise_any(self) -> None:
        """Raise LessonError with all breaches, if there are any."""
        if self.found:
            messages = [message for _, message in sorted(self.found)]
            raise LessonError("\n".join([f"{self.name} breaks the grammar of a lesson:", *messages]))
