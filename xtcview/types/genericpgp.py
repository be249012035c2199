"""psana.GenericPgp: detectors on PGP links that are set up register by register.

Layouts from psddldata/data/genericpgp.ddl; sizes and offsets were checked against its C++
structures.
"""

from __future__ import annotations

from enum import IntEnum

from xtcview.format.ids import TypeId

from .record import Record
from .registry import xtc_type

PACKAGE = "GenericPgp"


class CDimension(Record):
    """Size of an area."""

    LISTED = False
    FIELDS = (
        ("rows", "<u4"),     # 0
        ("columns", "<u4"),  # 4
    )  # 8


class CRegister(Record):
    """One step of a sequence that sets the detector up."""

    Action = IntEnum(
        "Action",
        {
            "RegisterRead": 0,
            "RegisterWrite": 1,
            "RegisterWriteA": 2,
            "RegisterVerify": 3,
            "Spin": 4,
            "Usleep": 5,
            "Flush": 6,
        },
    )
    FIELDS = (
        ("_Action", "<u4"),  #  0
        ("address", "<u4"),  #  4
        ("offset", "<u4"),   #  8  into payload
        ("mask", "<u4"),     # 12
    )  # 16
    BITS = {
        "action": ("_Action", 0, 8, Action),
        "datasize": ("_Action", 8, 24),
    }


class CStream(Record):
    """One kind of data that the detector sends."""

    FIELDS = (
        ("pgp_channel", "<u4"),    #  0
        ("data_type", "<u4"),      #  4
        ("config_type", "<u4"),    #  8
        ("config_offset", "<u4"),  # 12  into payload
    )  # 16


@xtc_type(TypeId.GenericPgpConfig, 1, store="config")
class ConfigV1(Record):
    """Sizes of the frame, and all registers."""

    FIELDS = (
        ("id", "<u4"),                                                                         #  0
        ("frame_dim", CDimension),                                                             #  4
        ("aux_dim", CDimension),                                                               # 12
        ("env_dim", CDimension),                                                               # 20
        ("number_of_registers", "<u4"),                                                        # 28
        ("number_of_sequences", "<u4"),                                                        # 32
        ("number_of_streams", "<u4"),                                                          # 36
        ("payload_size", "<u4"),                                                               # 40  words of payload
        ("pixel_settings", "<u4", lambda s: s.numberOfRows(), lambda s: s.numberOfColumns()),  # 44
        ("sequence_length", "<u4", lambda s: s.number_of_sequences()),                         #  +
        ("sequence", CRegister, lambda s: s.number_of_registers()),                            #  +
        ("stream", CStream, lambda s: s.number_of_streams()),                                  #  +
        ("payload", "<u4", lambda s: s.payload_size()),                                        #  +  what registers and streams point into
    )  # varies

    def numberOfRows(self) -> int:
        """Return the rows of a frame."""
        return self.frame_dim().rows()

    def numberOfColumns(self) -> int:
        """Return the columns of a frame."""
        return self.frame_dim().columns()

    def lastRowExclusions(self) -> int:
        """Return the rows that are not in the frame."""
        return self.aux_dim().rows()

    def numberOfAsics(self) -> int:
        """Return the ASICs of the detector."""
        return self.env_dim().columns()


Config = [ConfigV1]
