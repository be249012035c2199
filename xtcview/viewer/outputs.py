"""What comes out of the viewer: pictures, files, code, a page that scrubs by itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.display import Image
    from matplotlib.figure import Figure

    from xtcview.viewer.export import Scene


class Outputs:
    """The verbs of a viewer that make something of what it shows."""

    def _scene(self) -> Scene:
        raise NotImplementedError

    def snapshot(self) -> Image:
        """Return both panes with their caption as a PNG that a notebook displays."""
        from IPython.display import Image

        from xtcview.viewer import export

        return Image(  # type: ignore[no-untyped-call]
            data=export.png(self._scene(), export.SNAPSHOT), format="png"
        )

    def figure(self, panes: str = "both", caption: bool = True) -> Figure:
        """Return panes at full resolution as a matplotlib figure; see `viewer.figure.figure`."""
        from xtcview.viewer import figure

        return figure.figure(self._scene(), panes, caption)

    def save(self, path: str | Path) -> list[Path]:
        """Save what is shown as .png, .npy or .h5 with its provenance; see `viewer.saving.save`."""
        from xtcview.viewer import saving

        return saving.save(self._scene(), path)

    def code(self) -> str:
        """Return Python that shows the same again."""
        from xtcview.viewer import recipe

        return recipe.code(self._scene())

    def export_html(self, path: str | Path, events: int | Iterable[int] = 20) -> Path:
        """Write a page that scrubs through some events in any browser, without a kernel.

        Parameters
        ----------
        path : str or Path
            What is there already is replaced.
        events : int or iterable of int
            How many, from the shown one on; or their numbers.

        Returns
        -------
        Path
            The file, about 0.5 MB an event of a CSPAD; see `viewer.offline`.

        Raises
        ------
        AnalysisError
            No events, or numbers that the run does not have.
        """
        from xtcview.viewer import offline

        return offline.write(self._scene(), path, events)
