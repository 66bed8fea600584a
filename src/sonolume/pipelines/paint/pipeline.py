"""Paint: sound and words → picture."""

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sonolume.diffusion.flow import times
from sonolume.diffusion.guidance import guide
from sonolume.errors import OptionError
from sonolume.media import Audio, Extent, Picture, blocks
from sonolume.pipelines.paint.conditions import conditions_of, is_beside_words
from sonolume.pipelines.paint.parts import PaintParts
from sonolume.pipelines.paint.record import provenance_of
from sonolume.pipelines.paint.settings import (
    SAMPLERS,
    PaintRequest,
    PaintSettings,
    usual_settings,
)
from sonolume.pipelines.words import clean_words

if TYPE_CHECKING:
    from sonolume.pipelines.guide.parts import GuideEncoder

Sound = str | Path | Audio
StepCallback = Callable[[int, float, Tensor], None]
BLOCK_SECONDS = 60.0  # of a sound held at once


class PaintPipeline:
    """Sound and words → picture, at either size.

    >>> paint = sonolume.load("paint")                            # doctest: +SKIP
    >>> paint("thunder.wav", "a beach", seed=7).save("beach.png")  # doctest: +SKIP
    """

    def __init__(self, parts: PaintParts) -> None:
        self.parts = parts

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "pocket",
        *,
        audio_encoder: str | Path | None = None,
        device: str | None = None,
    ) -> "PaintPipeline":
        """See `sonolume.load`."""
        from sonolume.pipelines.paint.choose import choose_parts

        return cls(choose_parts(model, audio_encoder, device))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write all weights to a new folder, for `from_pretrained`.

        Raises OptionError when the folder exists or cannot be written.
        """
        from sonolume.pipelines.saving import new_folder

        with new_folder(Path(folder)) as place:
            self.parts.save(place)

    def __call__(
        self,
        sounds: Sound | None = None,
        words: str = "",
        *,
        strength: float = 1.0,
        seed: int = 0,
        best_of: int = 1,
        callback_on_step_end: StepCallback | None = None,
        **settings: Any,
    ) -> Picture:
        """Paint one picture.

        `sounds` is a file or Audio, `words` a phrase; one of both may be missing. `settings` are
        those of `PaintSettings`, the painter's usual ones where nothing is given. Above 1,
        `best_of` pictures are painted, with seeds from `seed` on, and the nearest to words and
        sound is kept (`paint.best`). `callback_on_step_end(step, t, clean [1, C, h, w])` sees every
        prediction of a single picture. Silence is named in a warning and leaves the words alone.

        Raises OptionError for values out of range or when there is neither sound nor words, and
        MediaError for unusable sounds.
        """
        chosen = usual_settings(self.parts, settings)
        request = self.request(sounds, words, strength=strength, seed=seed)
        if best_of != 1:
            return self.paint_best(request, sounds, chosen, best_of)
        return self.paint_many([request], chosen, callback_on_step_end=callback_on_step_end)[0]

    def paint_best(
        self,
        request: PaintRequest,
        sound: Sound | None,
        settings: PaintSettings | None,
        count: int,
    ) -> Picture:
        """The best of `count` pictures for a request that was made of a sound: `paint.best`.

        Of one nothing is ranked. Raises OptionError for a count outside 1 to 64.
        """
        if count == 1:
            return self.paint_many([request], settings)[0]
        from sonolume.pipelines.paint.best import BestOf, heard_by

        best = BestOf(self, self._ranker, count)
        told = sound if request.sound is not None else None  # silence says nothing
        return best.paint(request, settings, heard=heard_by(self._ranker, self.parts, told))

    @cached_property
    def _ranker(self) -> "GuideEncoder":
        from sonolume.pipelines.paint.best import ranker_of

        return ranker_of(self.parts)

    def request(
        self, sound: Sound | None, words: str = "", *, strength: float = 1.0, seed: int = 0
    ) -> PaintRequest:
        """Check and embed what one picture is painted from."""
        text = clean_words(words)
        self._warn_of(text)
        notes: dict[str, Any] = {}
        embedding: Tensor | None = None
        if sound is not None:
            notes["sound"] = name = "sound" if isinstance(sound, Audio) else Path(sound).name
            embedding, silent = self.hear(sound)
            if silent:
                warnings.warn(f"{name} is silent: painting from the words alone", stacklevel=3)
                embedding = None
        if not text and embedding is None:
            raise OptionError("nothing to paint from: give a sound that is heard, or words")
        return PaintRequest(text, embedding, strength, seed, notes)

    def hear(self, sound: Sound) -> tuple[Tensor, bool]:
        """The embedding [512] of a file or Audio, and whether it is silent.

        Memory does not grow with the length of a file. Raises MediaError for an unusable sound.
        """
        extent = Extent()
        stream = extent.watch(blocks(sound, self.parts.rate, BLOCK_SECONDS))
        return self.parts.embed_sound(stream), extent.is_silent

    @torch.inference_mode()
    def paint_many(
        self,
        requests: Sequence[PaintRequest],
        settings: PaintSettings | None = None,
        *,
        callback_on_step_end: StepCallback | None = None,
    ) -> list[Picture]:
        """Paint several pictures in one batch; each equals the one painted alone, to rounding."""
        chosen = settings or usual_settings(self.parts)
        pictures: list[Picture | None] = [None] * len(requests)
        ways = [is_beside_words(self.parts, request) for request in requests]
        for beside in (False, True):
            rows = [i for i, way in enumerate(ways) if way == beside]
            if rows:
                batch = [requests[i] for i in rows]
                painted = self._paint(batch, chosen, callback_on_step_end)
                for row, picture in zip(rows, painted, strict=True):
                    pictures[row] = picture
        return [picture for picture in pictures if picture is not None]

    def _paint(
        self,
        batch: list[PaintRequest],
        settings: PaintSettings,
        callback: StepCallback | None,
    ) -> list[Picture]:
        parts = self.parts
        told = conditions_of(parts, batch, settings)
        denoise = guide(
            parts.denoiser,
            told.words,
            told.nothing,
            told.sound,
            text_scale=told.text_scale,
            audio_scale=told.audio_scale,
            apart=parts.small,
        )
        noise = torch.stack([_noise(request.seed, parts.shape) for request in batch])
        sample = SAMPLERS[settings.sampler]
        schedule = times(settings.steps, settings.shift)
        clean = sample(denoise, noise.to(told.words.device), schedule, callback)
        pixels = parts.decode(clean, settings.size).float().cpu().numpy()
        return [
            Picture(
                Picture.from_float(row).pixels, provenance=provenance_of(parts, request, settings)
            )
            for row, request in zip(pixels, batch, strict=True)
        ]

    def _warn_of(self, text: str) -> None:
        if text and not self.parts.knows(text):
            warnings.warn(f"no word of {text[:40]!r} is known: expect little of it", stacklevel=4)
        elif text and not self.parts.fits(text):
            warnings.warn("only the beginning of so many words is read", stacklevel=4)


def _noise(seed: int, shape: tuple[int, int, int]) -> Tensor:
    """Noise drawn on the CPU, so that a seed means the same on every device."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
