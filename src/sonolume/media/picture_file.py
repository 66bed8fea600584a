"""Picture files through Pillow: opening within bounds, and making plain RGB of every mode."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from sonolume.errors import MediaError
from sonolume.media.guard import foreign_errors, require_file, sniff

__all__ = ["MAX_PIXELS", "open_picture", "rgb_pixels"]

# Pillow's own line between a large picture and a decompression bomb.
MAX_PIXELS = 89_478_485
# Left out on purpose: formats that start other programs (EPS) or that nobody paints with.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Open ``path`` and decode its first frame, at most `MAX_PIXELS` pixels.

    Raises:
        MediaError: missing, empty, not a picture, truncated, or too large.
    """
    require_file(path)
    kind = sniff(path)
    with foreign_errors(path, "read"):
        file = path.open("rb")
    with file:
        with foreign_errors(path, f"read as a picture (found: {kind})"), _quiet():
            try:
                image = Image.open(file, formats=FORMATS)
            except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
                raise _too_large(path, "") from error
            except UnidentifiedImageError as error:
                raise _no_picture(path, kind) from error
        with image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(path, f" ({image.width} by {image.height})")
            with foreign_errors(path, "decoded (truncated or damaged)"), _quiet():
                image.load()
            yield image


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of odd metadata, which changes no pixel, and of bombs, which must stop us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _no_picture(path: Path, kind: str) -> MediaError:
    if kind.endswith("picture"):
        return MediaError(f"{path} begins like a {kind} but is damaged; get it again")
    return MediaError(
        f"{path} is not a picture that can be read (found: {kind}); "
        "expected PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF"
    )


def _too_large(path: Path, size: str) -> MediaError:
    return MediaError(
        f"{path} has too many pixels{size}; expected at most {MAX_PIXELS // 1_000_000} million: "
        "make it smaller"
    )


def rgb_pixels(path: Path, image: Image.Image) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] of ``image``, turned upright by EXIF, transparency laid over white.

    16-bit grey keeps its upper 8 bits; CMYK is converted without its colour profile.

    Raises:
        MediaError: a mode that has no agreed range (floating point, 32-bit integers above 65535).
    """
    with foreign_errors(path, "converted to RGB"), _quiet():
        upright = _upright(image)
        if upright.mode == "F" or upright.mode.startswith("I"):
            return _deep_grey(path, upright)
        if upright.has_transparency_data:
            layer = upright.convert("RGBA")
            white = Image.new("RGBA", layer.size, "white")
            upright = Image.alpha_composite(white, layer)
        return np.array(upright.convert("RGB"))


def _upright(image: Image.Image) -> Image.Image:
    # A damaged EXIF block, common in the wild, must not cost the picture.
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001
        return image


def _deep_grey(path: Path, image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 0xFFFF:
        raise MediaError(
            f"{path} holds {'floating-point' if image.mode == 'F' else '32-bit'} pixels, "
            "whose range is not agreed; expected 8 or 16 bits: convert it"
        )
    grey = (values >> 8).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
