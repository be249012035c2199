"""The geometry in the words of other programs.

`crystfel` writes the .geom files of CrystFEL, `nexus` the NeXus files and .poni files of pyFAI.
"""
