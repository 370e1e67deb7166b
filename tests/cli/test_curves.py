import io
import sys

import pytest
from pandaprobe_proxy.cli.curves import draw, to_png
from pandaprobe_proxy.cli.output import Failure
from pandaprobe_proxy.evaluate.calibration import Bin, Labelled, calibrate
from PIL import Image


def curve(values=(0.1, 0.9)):
    some = [Labelled(values[good], bool(good), f"{good}-{at}") for good in (0, 1) for at in range(12)]
    return calibrate(some, [0.5])


def test_each_part_is_a_bar_and_a_mark_where_it_should_end():
    lines = list(draw([Bin(0.0, 0.1, 4, 0.05, 0.5), Bin(0.9, 1.0, 2, 1.0, 1.0)]))
    assert lines[1].startswith("0.0–0.1         4  0.050  0.500  ██|█")
    assert lines[1].count("█") == 14 and lines[2].endswith("█|")


def test_curves_are_a_picture_with_some_beside_each_other():
    image = Image.open(io.BytesIO(to_png({name: curve() for name in "abcd"})))
    assert (image.format, image.width > 3 * 240, image.height > 2 * 240) == ("PNG", True, True)
    assert (30, 100, 200) in {color for _, color in image.getcolors(maxcolors=100_000)}
    assert Image.open(io.BytesIO(to_png({"one": curve((0.5, 0.5))}))).width < 320


def test_without_pillow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(Failure, match="needs Pillow"):
        to_png({"a": curve()})
