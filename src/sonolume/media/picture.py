"""Pictures in memory."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, PngImagePlugin

from sonolume.errors import MediaError, OptionError
from sonolume.media import provenance as made
from sonolume.media.atomic import atomic_path
from sonolume.media.guard import foreign_errors
from sonolume.media.picture_file import MAX_PIXELS, open_picture, rgb_pixels

__all__ = ["Picture"]

MAX_PNG_PROVENANCE = 1_000_000
# One JPEG segment counts to 65535 bytes, some of which EXIF takes.
MAX_EXIF_PROVENANCE = 65_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Attributes:
        pixels: uint8 [H, W, 3], sRGB, H and W at least 1.
        provenance: how sonolume made the picture, JSON values only; None for other pictures. A
            picture derived from it by `resize` or `centre_square` has none.

    Raises:
        MediaError: pixels of another shape or type, or none.
    """

    pixels: NDArray[np.uint8]
    provenance: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise MediaError(
                f"a picture has pixels of shape {pixels.shape} and type {pixels.dtype}; "
                "expected uint8 [H, W, 3]"
            )
        if pixels.size == 0:
            raise MediaError("a picture holds no pixels; expected at least one")
        object.__setattr__(self, "pixels", pixels)

    @classmethod
    def read(cls, path: Path | str) -> Picture:
        """Read a PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF file.

        The first frame of an animation, upright by its EXIF orientation, transparency laid over
        white, 16 bits reduced to 8, CMYK converted to RGB.

        Raises:
            MediaError: the file is missing, empty, not a picture, truncated, damaged, above
                89 million pixels, or of floating-point pixels.
        """
        path = Path(path)
        with open_picture(path) as image:
            return cls(rgb_pixels(path, image), made.of_picture(image))

    @classmethod
    def from_float(cls, array: ArrayLike) -> Picture:
        """From floats [3, H, W] in -1..1; values outside are clipped.

        Raises:
            MediaError: another shape, or values that are not finite.
        """
        values = np.asarray(array, dtype=np.float32)
        if values.ndim != 3 or len(values) != 3:
            raise MediaError(f"a picture has values of shape {values.shape}; expected [3, H, W]")
        if not np.isfinite(values).all():
            raise MediaError("a picture holds NaN or infinite values; expected numbers in -1..1")
        levels = np.rint((np.clip(values, -1, 1) + 1) * 127.5).astype(np.uint8)
        return cls(np.ascontiguousarray(levels.transpose(1, 2, 0)))

    def to_float(self) -> NDArray[np.float32]:
        """float32 [3, H, W] in -1..1; `from_float` gives the same pixels back."""
        values = self.pixels.astype(np.float32) / np.float32(127.5) - 1
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write to ``path``: .png (exact), .jpg or .jpeg (quality 95), .webp (quality 95).

        The same picture and provenance give the same bytes; provenance changes no pixel.

        Raises:
            OptionError: unknown suffix, existing file without ``force``, target not writable.
            MediaError: sides or provenance beyond what the format can hold.
        """
        path = Path(path)
        options = self._save_options(path)
        encoded = BytesIO()
        with foreign_errors(path, "written"):
            self._image().save(encoded, **options)
        # Through memory, because Pillow's JPEG writer does not notice a full disk.
        with atomic_path(path, force=force) as temporary:
            temporary.write_bytes(encoded.getbuffer())

    def _save_options(self, path: Path) -> dict[str, Any]:
        suffix = path.suffix.lower()
        if suffix == ".png":
            return {"format": "PNG", "pnginfo": self._png_text(path)}
        if suffix in (".jpg", ".jpeg"):
            return {"format": "JPEG", "quality": 95, "subsampling": 0, "exif": self._exif(path)}
        if suffix == ".webp":
            return {"format": "WEBP", "quality": 95, "exif": self._exif(path)}
        raise OptionError(
            f"{path}: a picture cannot be saved as '{path.suffix}'; use one of .png, .jpg, .webp"
        )

    def _png_text(self, path: Path) -> PngImagePlugin.PngInfo:
        entries = PngImagePlugin.PngInfo()
        if self.provenance is not None:
            text = made.provenance_text(self.provenance, path, max_bytes=MAX_PNG_PROVENANCE)
            entries.add_itxt(made.KEY, text)
        return entries

    def _exif(self, path: Path) -> bytes:
        if self.provenance is None:
            return b""
        text = made.provenance_text(self.provenance, path, max_bytes=MAX_EXIF_PROVENANCE)
        return made.exif_bytes(text)

    def resize(self, width: int, height: int) -> Picture:
        """The picture at ``width`` by ``height`` pixels (Lanczos), proportions not kept.

        Raises:
            OptionError: a side below 1, or more than 89 million pixels.
        """
        if min(width, height) < 1 or width * height > MAX_PIXELS:
            raise OptionError(
                f"a picture of {width} by {height} was asked for; expected sides of at least 1 "
                f"and at most {MAX_PIXELS} pixels"
            )
        if (height, width) == self.pixels.shape[:2]:
            return self
        resized = self._image().resize((width, height), Image.Resampling.LANCZOS)
        return Picture(np.array(resized))

    def centre_square(self, size: int) -> Picture:
        """The largest square around the centre, at ``size`` by ``size`` pixels.

        Raises:
            OptionError: as `resize`.
        """
        height, width = self.pixels.shape[:2]
        side = min(height, width)
        if height == width:
            return self.resize(size, size)
        top, left = (height - side) // 2, (width - side) // 2
        square = Picture(self.pixels[top : top + side, left : left + side])
        return square.resize(size, size)

    def _image(self) -> Image.Image:
        return Image.fromarray(np.ascontiguousarray(self.pixels))
