"""The faults of a run: those met on opening it, and those met later in its events."""

from __future__ import annotations

from .files import Problem

MOST = 10_000  # faults of events that are listed; a ruined run would fill memory


class Problems(list[Problem]):
    """A list of problems in the order in which they were met."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[object] = set()

    def tell(self, problem: Problem, once: bool = False) -> None:
        """Add what an event showed, unless it is there already: events are read many times.

        Parameters
        ----------
        problem : Problem
        once : bool
            The same of another place in the file is no news.
        """
        key = (problem.file, problem.what) if once else problem
        if key in self._told or len(self._told) > MOST:
            return
        self._told.add(key)
        if len(self._told) > MOST:
            lost = "what is met from here on, only its event tells"
            problem = Problem(problem.file, problem.offset, f"more than {MOST:,} faults", lost)
        self.append(problem)
