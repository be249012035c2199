"""The account of events."""

from __future__ import annotations

from xtcview.reduce.report import Report, Skipped

REPORT = Report(
    20,
    10,
    (
        Skipped("failed", "FormatError: byte 7", 9),
        Skipped("missing", "no data", 4),
        Skipped("damaged", "damage word 0x2", 5),
        *(Skipped("missing", "no data", k) for k in (18, 11, 12, 13, 14)),
    ),
)


def test_counts():
    assert (REPORT.missing, REPORT.damaged, REPORT.failed, REPORT.unread) == (6, 1, 1, 2)
    assert REPORT.of_kind("missing") == [4, 11, 12, 13, 14, 18]


def test_reasons_name_the_events():
    assert REPORT.reasons == {
        "missing: no data": [4, 11, 12, 13, 14, 18],
        "damaged: damage word 0x2": [5],
        "failed: FormatError: byte 7": [9],
    }


def test_text():
    assert str(REPORT).splitlines() == [
        "10 of 20 events counted, 6 missing, 1 damaged, 1 failed, 2 unread",
        "  missing: no data (6: event 4, 11, 12, 13, 14, ...)",
        "  damaged: damage word 0x2 (1: event 5)",
        "  failed: FormatError: byte 7 (1: event 9)",
    ]
