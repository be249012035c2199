"""Bytes -> headers, containers and index files; knows nothing of runs or detectors."""
