"""Payloads of the demo run's sources, through the tables that read them, and their segments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from xtcview.format.headers import type_word
from xtcview.format.ids import Level
from xtcview.format.src import Src, det_info, make_src
from xtcview.format.writer import container, xtc
from xtcview.types import alias, bld, camera, control, cspad, evr, partition, pds, pulnix
from xtcview.types.record import Record, encode

CSPAD = det_info(32, 0, 10, 0)  # CxiDs1.0:Cspad.0
EVR = det_info(0, 0, 1, 0)  # NoDetector.0:Evr.0
CAMERA = det_info(28, 0, 4, 0)  # CxiDg2.0:Tm6740.0
EBEAM, PHASE_CAVITY, GAS_DETECTOR = (make_src(Level.Reporter << 24, n) for n in range(3))
CONTROL = make_src(Level.Control << 24 | 4711, 0)

MOTOR = "CXI:SC1:MMS:02"  # sample stage, scanned
CAMERA_SHAPE = (480, 640)  # rows, columns
ARRIVAL = (2, 0, 3, 1)  # quads stand in the file in order of arrival
_ALL_SECTIONS = 0xFFFFFFFF
_BEAM, _RATE, NO_XRAYS = 140, 40, 162  # event codes: beam, 120 Hz, beam kicked out


def leaf(kind: type[Record], src: Src, payload: bytes, damage: int = 0) -> bytes:
    """Return a payload with its header; `kind` must be registered for a type id."""
    word = type_word(kind.TypeId, kind.Version)  # type: ignore[attr-defined]
    return xtc(word, src, payload, damage)


def segment(number: int, *leaves: bytes, damage: int = 0) -> bytes:
    """Return the container of one readout process; an address of documentation (RFC 5737)."""
    src = make_src(Level.Segment << 24 | 20000 + number, 0xC0000200 + number)  # 192.0.2.<number>
    return container(src, *leaves, damage=damage)


def names() -> bytes:
    """Return the alias table: cspad, yag, evr0."""
    pairs = ((CSPAD, "cspad"), (CAMERA, "yag"), (EVR, "evr0"))
    rows = [encode(alias.SrcAlias, src=_words(src), aliasName=name) for src, name in pairs]
    table = encode(alias.ConfigV1, numSrcAlias=len(rows), srcAlias=b"".join(rows))
    return leaf(alias.ConfigV1, CONTROL, table)


def members() -> bytes:
    """Return the partition: which sources and beam line data take part."""
    sources = [encode(partition.Source, src=_words(src)) for src in (EVR, CSPAD)]
    bits = sum(1 << src.phy() for src in (EBEAM, PHASE_CAVITY, GAS_DETECTOR))
    payload = encode(
        partition.ConfigV2,
        numWords=1,
        numSources=len(sources),
        bldMask=[bits],
        sources=b"".join(sources),
    )
    return leaf(partition.ConfigV2, CONTROL, payload)


def scan_point(position: float, events: int) -> bytes:
    """Return what the scan set: the motor's position in mm, for a number of events."""
    pv = encode(control.PVControl, name=MOTOR, index=control.PVControl.NoArray, value=position)
    payload = encode(control.ConfigV3, events=events, uses_events=1, npvControls=1, pvControls=pv)
    return leaf(control.ConfigV3, CONTROL, payload)


def evr_config() -> bytes:
    """Return the event receiver's set-up: its event codes, and one pulse for the detectors."""
    described = ((_BEAM, 1, "120Hz beam"), (_RATE, 0, "120Hz"), (NO_XRAYS, 0, "BYKIK"))
    codes = [
        encode(evr.EventCodeV6, code=code, isReadout=readout, reportWidth=1, desc=text)
        for code, readout, text in described
    ]
    pulse = encode(evr.PulseConfigV3, pulseId=0, prescale=1, delay=46000, width=100)
    output = encode(evr.OutputMapV2, conn=1, conn_id=0)
    payload = encode(
        evr.ConfigV7,
        neventcodes=len(codes),
        npulses=1,
        noutputs=1,
        eventcodes=b"".join(codes),
        pulses=pulse,
        output_maps=output,
        seq_config=encode(evr.SequencerConfigV1),
    )
    return leaf(evr.ConfigV7, EVR, payload)


def evr_data(fiducial: int, xrays: bool) -> bytes:
    """Return the event codes of a shot; without X-rays 162 is among them."""
    codes = (_BEAM, _RATE) if xrays else (_BEAM, _RATE, NO_XRAYS)
    seen = [
        encode(evr.FIFOEvent, timestampHigh=fiducial, timestampLow=1000 * i, eventCode=code)
        for i, code in enumerate(codes, 11)
    ]
    payload = encode(evr.DataV4, numFifoEvents=len(seen), fifoEvents=b"".join(seen))
    return leaf(evr.DataV4, EVR, payload)


def cspad_config() -> bytes:
    """Return the set-up of a whole CSPAD, all pixels in high gain."""
    gain = np.full((185, 194), 0xFFFF, "<u2").tobytes()
    quad = encode(
        cspad.ConfigV3QuadReg,
        readClkSet=2,
        readClkHold=1,
        acqDelay=0x118,
        intTime=0x5DC,
        digDelay=0x3C0,
        gm=gain,
    )
    payload = encode(
        cspad.ConfigV5,
        runDelay=0x3EA12,
        eventCode=_RATE,
        inactiveRunMode=1,
        activeRunMode=3,
        payloadSize=36 + 8 * 185 * 388 * 2,
        asicMask=0xF,
        quadMask=0xF,
        roiMasks=_ALL_SECTIONS,
        quads=4 * quad,
    )
    return leaf(cspad.ConfigV5, CSPAD, payload)


def cspad_data(panels: npt.NDArray[np.int16], number: int, fiducial: int, damage: int = 0) -> bytes:
    """Return one CSPAD event.

    Parameters
    ----------
    panels : ndarray of int16
        Shape (32, 185, 388), ADU.
    number : int
        Event number since Configure.
    fiducial : int
        360 Hz pulse id.
    damage : int
        Damage word of the contribution.
    """
    quads = panels.reshape(4, 8, 185, 388)
    elements = [
        encode(
            cspad.ElementV2,
            lane=quad,
            tid=number,
            acq_count=number,
            quad=quad,
            seq_count=number,
            fiducials=fiducial,
            sb_temp=[23000 + 50 * quad + i for i in range(4)],
            data=quads[quad],
            _extra=[0, 0],
        )
        for quad in ARRIVAL
    ]
    return leaf(cspad.DataV2, CSPAD, b"".join(elements), damage)


def beam_line(rng: np.random.Generator, intensity: float, energy: float) -> list[bytes]:
    """Return electron beam, phase cavity and gas detector of a shot.

    Parameters
    ----------
    intensity : float
        Pulse energy relative to the run's mean; 0 without X-rays.
    energy : float
        Photon energy, eV.
    """
    delays = rng.normal((-0.6, 1.2), 0.05)
    charges = rng.normal((180.0, 179.0), 2.0)
    cavity = encode(
        bld.BldDataPhaseCavityV1,
        fitTime1=delays[0], fitTime2=delays[1], charge1=charges[0], charge2=charges[1],
    )  # fmt: skip
    return [
        leaf(bld.BldDataEBeamV7, EBEAM, _electrons(rng, energy, intensity > 0)),
        leaf(bld.BldDataPhaseCavityV1, PHASE_CAVITY, cavity),
        leaf(bld.BldDataFEEGasDetEnergyV1, GAS_DETECTOR, _pulse_energy(rng, intensity)),
    ]


def _electrons(rng: np.random.Generator, energy: float, xrays: bool) -> bytes:
    """Return the electron beam; without X-rays the photon energy is marked as bad."""
    current = rng.normal(3000.0, 100.0)  # A
    # the line's formula for the photon energy, solved for the electron energy in GeV:
    # E = 44.42 (E3 - 1e-3 * 1.6293e-3 I - 0.5e-3 (0.63 E3 + 3e-4 I))^2
    gev = (np.sqrt(energy / 44.42) + current * (1.6293e-6 + 0.15e-6)) / (1 - 0.315e-3)
    bad = bld.BldDataEBeamV7.DamageMask.EbeamPhotonEnergyDamage
    return encode(
        bld.BldDataEBeamV7,
        damageMask=0 if xrays else int(bad),
        ebeamCharge=rng.normal(0.18, 0.002),
        ebeamL3Energy=1000 * gev,
        ebeamLTUPosX=rng.normal(0, 0.02),
        ebeamLTUPosY=rng.normal(0, 0.02),
        ebeamPkCurrBC2=current,
        ebeamPkCurrBC1=rng.normal(220.0, 3.0),
        ebeamDumpCharge=1.1e9 if xrays else 0,
        ebeamPhotonEnergy=energy if xrays else 0,
    )


def _pulse_energy(rng: np.random.Generator, intensity: float) -> bytes:
    """Return the gas detectors: 2 mJ upstream for a mean pulse, 90 % of it downstream."""
    upstream, downstream = 2.0 * intensity, 1.8 * intensity
    tubes = ("f_11_ENRC", "f_12_ENRC", "f_21_ENRC", "f_22_ENRC", "f_63_ENRC", "f_64_ENRC")
    true = np.array([upstream] * 2 + [downstream] * 4)
    read = true * rng.normal(1, 0.01, 6) + rng.normal(0, 0.002, 6)
    return encode(bld.BldDataFEEGasDetEnergyV1, **dict(zip(tubes, read, strict=True)))


def camera_config() -> bytes:
    """Return the set-up of the camera, 10 bits."""
    payload = encode(
        pulnix.TM6740ConfigV2, gain_a=66, gain_b=66, vref_a=256, vref_b=256,
        output_resolution=1, lookuptable_mode=1,
    )  # fmt: skip
    return leaf(pulnix.TM6740ConfigV2, CAMERA, payload)


def camera_frame(rng: np.random.Generator, intensity: float) -> bytes:
    """Return a picture of the beam's spot on a screen, 10 bits; it wanders a little."""
    rows, cols = CAMERA_SHAPE
    y0, x0 = rng.normal((0.45 * rows, 0.55 * cols), 6.0)
    y, x = np.arange(rows)[:, None], np.arange(cols)
    spot = np.exp(-(((x - x0) / 45) ** 2) / 2) * np.exp(-(((y - y0) / 28) ** 2) / 2)
    light = 600 * intensity * spot + rng.normal(32, 3, CAMERA_SHAPE)
    pixels = np.rint(light).clip(0, 1023).astype("<u2")
    payload = encode(
        camera.FrameV1, width=cols, height=rows, depth=10, offset=32, _pixel_data=pixels.tobytes()
    )
    return leaf(camera.FrameV1, CAMERA, payload)


def _words(src: Src) -> bytes:
    return encode(pds.Src, log=src.log(), phy=src.phy())
