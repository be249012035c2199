"""Calibration: arrays in, arrays out; nothing here knows of runs and events.

`store` finds the files of constants, `constants` reads and writes them, `geometry` places every
pixel, `correct` turns raw ADU into calibrated ADU, `assemble` makes the image.
"""
