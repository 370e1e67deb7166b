"""The reliability curve of scores: what they say, and what labels say, as lines of text and as a picture.

The picture is Pillow's, which is not part of the normal installation: a sidecar draws none.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pandaprobe_proxy.cli.output import Failure

if TYPE_CHECKING:
    from pandaprobe_proxy.evaluate.calibration import Bin, Calibration

WIDTH = 30
"""Characters of a bar of 1."""
SIDE, MARGIN, GAP = 240, 44, 16
"""Pixels: of a curve, around it, and between two."""
ACROSS = 3
"""Curves beside each other."""
INK, FAINT, LINE = (30, 30, 30), (200, 200, 200), (30, 100, 200)


def draw(bins: "Sequence[Bin]") -> Iterator[str]:
    """A line for each part: its values, how many sessions, the share of good ones as a bar; `|` is where it should end.

    A curve on the diagonal has each bar end at its `|`.
    """
    yield "score      sessions  said   good"
    for one in bins:
        bar = "█" * round(one.good * WIDTH)
        ideal = round(one.value * WIDTH)
        shown = "".join("|" if at == ideal else letter for at, letter in enumerate(bar.ljust(WIDTH + 1)))
        yield f"{one.low:.1f}–{one.high:.1f}  {one.sessions:>8}  {one.value:.3f}  {one.good:.3f}  {shown}".rstrip()


def to_png(curves: "Mapping[str, Calibration]") -> bytes:
    """The curves beside each other. Ends the command if Pillow is not there."""
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise Failure("a picture needs Pillow; install it beside the sidecar (pip install pillow).") from error
    box = SIDE + MARGIN + GAP
    columns, rows = min(ACROSS, len(curves)), -(-len(curves) // ACROSS)
    image = Image.new("RGB", (columns * box + GAP, rows * (box + GAP) + GAP), "white")
    canvas = ImageDraw.Draw(image)
    for number, (name, curve) in enumerate(curves.items()):
        _draw_curve(canvas, (number % ACROSS * box, number // ACROSS * (box + GAP)), name, curve)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _draw_curve(canvas: Any, corner: tuple[int, int], name: str, curve: "Calibration") -> None:
    left, top = corner[0] + MARGIN, corner[1] + MARGIN

    def place(value: float, good: float) -> tuple[float, float]:
        return left + value * SIDE, top + (1 - good) * SIDE

    canvas.rectangle([place(0, 1), place(1, 0)], outline=FAINT)
    canvas.line([place(0, 0), place(1, 1)], fill=FAINT)
    for mark in (0.0, 0.5, 1.0):
        canvas.text((place(mark, 0)[0] - 8, top + SIDE + 4), f"{mark:g}", fill=INK)
        canvas.text((left - 24, place(0, mark)[1] - 6), f"{mark:g}", fill=INK)
    canvas.text((left, corner[1] + 8), f"{name}: share of good by score", fill=INK)
    canvas.text((left, corner[1] + 24), f"AUC {curve.auc.value:.2f}, {curve.good + curve.bad} labels", fill=INK)
    points = [place(one.value, one.good) for one in curve.bins]
    if len(points) > 1:
        canvas.line(points, fill=LINE, width=2)
    most = max(one.sessions for one in curve.bins)
    for (x, y), one in zip(points, curve.bins, strict=True):
        radius = 2 + 5 * (one.sessions / most) ** 0.5
        canvas.ellipse([x - radius, y - radius, x + radius, y + radius], fill=LINE)
