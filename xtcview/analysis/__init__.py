"""Numbers from pictures: profiles, cakes, regions, histograms, photons and peaks.

Pure functions on arrays; nothing here knows of runs and events. `scattering` turns positions into
angles and q, `radial` and `cake` average over them (both made of `edges` and `binning`), `roi` and
`histogram` count what is there, `photons` turns ADU into photons, `peaks` finds Bragg spots.

Panels are arrays (segments, rows, columns) from `Detector.calib`; a camera's image is one segment.
`bad` is True where a pixel must not count, `present` is False for segments that the event lacks.
"""
