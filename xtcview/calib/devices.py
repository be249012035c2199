"""What differs from device to device: group of constants, default geometry, common mode."""

from __future__ import annotations

# Device name in the source -> group. Cameras of all makes share one.
GROUPS = {
    "Cspad": "CsPad::CalibV1",
    "Cspad2x2": "CsPad2x2::CalibV1",
    "pnCCD": "PNCCD::CalibV1",
    "Princeton": "Princeton::CalibV1",
    "Andor": "Andor::CalibV1",
    "DualAndor": "Andor3d::CalibV1",
    "Acqiris": "Acqiris::CalibV1",
    "Imp": "Imp::CalibV1",
    "Evr": "EvrData::CalibV1",
    "Jungfrau": "Jungfrau::CalibV1",
    "Epix100a": "Epix100a::CalibV1",
    "Epix10k": "Epix10ka::CalibV1",
    "Epix10ka": "Epix10ka::CalibV1",
    "Epix10ka2M": "Epix10ka2M::CalibV1",
    "Epix10kaQuad": "Epix10kaQuad::CalibV1",
    "Epix": "Epix::CalibV1",
    "Uxi": "Uxi::CalibV1",
    "Pixis": "Pixis::CalibV1",
    "Pimax": "Pimax::CalibV1",
    "Fli": "Fli::CalibV1",
    "Timepix": "Timepix::CalibV1",
    **dict.fromkeys(
        (
            "Opal1000",
            "Opal2000",
            "Opal4000",
            "Opal8000",
            "Tm6740",
            "OrcaFl40",
            "Fccd",
            "Fccd960",
            "Quartz4A150",
            "Rayonix",
            "Zyla",
            "iStar",
            "Archon",
            "Alvium",
            "StreakC7700",
            "ControlsCamera",
        ),
        "Camera::CalibV1",
    ),
}

# (device, segments) -> built-in geometry table. psana takes the 4M table for every Jungfrau; a
# table of another size cannot place the panels, so the size decides here.
DEFAULT_GEOMETRIES = {
    ("Cspad", 32): "cspad",
    ("Cspad2x2", 2): "cspad2x2",
    ("pnCCD", 4): "pnccd",
    ("Epix100a", 1): "epix100a",
    ("Epix10ka", 1): "epix10ka",
    ("Epix10kaQuad", 4): "epix10kaquad",
    ("Epix10ka2M", 16): "epix10ka2m",
    ("Jungfrau", 1): "jungfrau05m",
    ("Jungfrau", 2): "jungfrau1m",
    ("Jungfrau", 8): "jungfrau4m",
}


# psana's parameters when no common_mode is deployed; every other device has it off. Those of pnCCD,
# Epix100a and the Andors are the ones its C++ applies (pdscalibdata, *BaseV1.h); for the first two
# `det.common_mode` of psana shows others. Its default for the Princeton, a histogram peak of more
# than 100 among the first 128 pixels, corrects no real frame and is left out.
COMMON_MODES: dict[str, tuple[float, ...]] = {
    "Cspad": (1, 25, 25, 100, 1),
    "Cspad2x2": (1, 25, 25, 100, 1),
    "pnCCD": (3, 50, 10, 128),
    "Andor": (2, 10, 10, 0),
    "DualAndor": (2, 10, 10, 0),
    "Epix100a": (4, 6, 30, 10),
    "Jungfrau": (7, 1, 100, 0),
    **dict.fromkeys(("Epix10ka", "Epix10kaQuad", "Epix10ka2M"), (7, 2, 10, 10)),
}
