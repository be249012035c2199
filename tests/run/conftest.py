"""Opening the small runs that tests write."""

from __future__ import annotations

import pytest

import xtcview


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens run 3 of the test's own folder; closes it afterwards."""
    found = []

    def open_it(folder=tmp_path, **options):
        text = "".join(f":{key}={value}" for key, value in options.items())
        found.append(xtcview.open(f"exp=e7:run=3:dir={folder}{text}"))
        return found[-1]

    yield open_it
    for run in found:
        run.close()
