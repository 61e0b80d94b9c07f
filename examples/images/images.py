"""Photographs as arrays of bytes, height x width x 3: decoded and encoded by Pillow, filtered by
numpy.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def decode(data: memoryview) -> Pixels:
    """Decode a photograph of any format that Pillow knows."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def resize(pixels: Pixels, width: int) -> Pixels:
    """Scale to a width, the height in proportion."""
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def sharpen(pixels: Pixels) -> Pixels:
    """Add what a blur of three by three takes away. The edges stay as they are."""
    values = pixels.astype(np.float32)
    blurred = sum(np.roll(values, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 9
    sharp = values + (values - blurred)
    sharp[0], sharp[-1], sharp[:, 0], sharp[:, -1] = (
        values[0],
        values[-1],
        values[:, 0],
        values[:, -1],
    )
    return np.clip(sharp, 0, 255).astype(np.uint8)


def grey(pixels: Pixels) -> Pixels:
    """Replace colours by their brightness."""
    return np.repeat(
        (pixels @ np.array([0.299, 0.587, 0.114]))[..., None].round().astype(np.uint8), 3, axis=2
    )


def encode(pixels: Pixels, kind: str) -> bytes:
    """The bytes of a PNG or JPEG file."""
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, kind, quality=90)
    return out.getvalue()


def photograph(width: int, height: int) -> bytes:
    """Make a photograph to try with: a sky, a hill, some noise."""
    y, x = np.mgrid[0:height, 0:width] / (height, width)[0]
    noise = np.random.default_rng(1).normal(0, 6, (height, width, 1))
    sky = np.stack([120 - 60 * y, 160 - 40 * y, 230 - 30 * y], axis=2)
    hill = np.stack([60 + 40 * x, 120 - 30 * x, 50 + 0 * x], axis=2)
    pixels = np.where((y > 0.6 + 0.1 * np.sin(5 * x))[..., None], hill, sky) + noise
    return encode(np.clip(pixels, 0, 255).astype(np.uint8), "JPEG")
