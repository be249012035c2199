import io

import numpy as np
import pytest
from PIL import Image

from xtcview.viewer.frames import encode
from xtcview.viewer.packing import pack, runs


@pytest.fixture
def codes(reader):
    """An event with a bad region and eight absent segments."""
    shot = reader.shot(10)
    return encode(reader.panels(shot), 2, reader.mask(2), shot.present).codes


def unpacked(packed, shape):
    picture = np.asarray(Image.open(io.BytesIO(packed.buffers[0])))
    return picture.reshape(shape)


def test_png_keeps_every_code_in_two_thirds_of_the_bytes(codes):
    packed = pack(codes, "png")
    assert packed.told == {"enc": "png"}
    assert np.array_equal(unpacked(packed, codes.shape), codes)
    assert len(packed.buffers[0]) < 0.66 * codes.size


@pytest.mark.parametrize(("quality", "share"), [(85, 0.13), (60, 0.06)])
def test_jpeg_is_smaller_by_far_and_near(codes, quality, share):
    packed = pack(codes, "jpeg", quality)
    assert len(packed.buffers[0]) < share * codes.size
    away = np.abs(unpacked(packed, codes.shape).astype(int) - codes)[codes > 0]
    assert np.median(away) <= 12  # of 255 codes: noise is flattened, pictures are not


def test_places_without_a_value_travel_exactly(codes):
    packed = pack(codes, "jpeg", 60)
    gaps = np.frombuffer(packed.buffers[1], "<u4").reshape(-1, 2)
    back = np.zeros(codes.size, bool)
    for first, length in gaps:
        back[first : first + length] = True
    assert np.array_equal(back.reshape(codes.shape), codes == 0)
    assert (codes == 0).any()
    again = pack(codes, "jpeg", 60, packed.told["gaps"])
    assert len(again.buffers) == 1  # the page has them
    other = codes.copy()
    other[3, 4, 5] = 0
    assert len(pack(other, "jpeg", 60, packed.told["gaps"]).buffers) == 2


def test_runs_of_nothing_and_of_everything():
    assert runs(np.ones((1, 2, 3), np.uint8)).shape == (0, 2)
    assert runs(np.zeros((1, 2, 3), np.uint8)).tolist() == [[0, 6]]
    assert pack(np.zeros((1, 8, 8), np.uint8), "jpeg").told["enc"] == "jpeg"


def test_a_picture_too_long_for_jpeg_is_a_png():
    tall = np.ones((400, 200, 2), np.uint8)
    assert pack(tall, "jpeg").told == {"enc": "png"}


@pytest.mark.parametrize(("enc", "quality"), [("webp", 80), ("jpeg", 0), ("jpeg", 96)])
def test_what_there_is_not_is_refused(codes, enc, quality):
    with pytest.raises(ValueError, match="expected one of"):
        pack(codes, enc, quality)
