"""Guide: weighted words, sounds and pictures → picture, by steering a diffusion prior."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonolume.diffusion.ancestral import sample_ancestral
from sonolume.diffusion.cutouts import Cutouts
from sonolume.diffusion.energies import (
    Energy,
    Target,
    distance_to,
    out_of_range,
    prompts_energy,
    total_variation,
    weigh,
)
from sonolume.diffusion.flow import Callback, Denoise, mix, sample_euler, sample_heun, times
from sonolume.diffusion.steering import steer
from sonolume.diffusion.workers import one_thread
from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.guide import record
from sonolume.pipelines.guide.enrich import enrich as enriched_by
from sonolume.pipelines.guide.parts import GuideEncoder, GuidePrior
from sonolume.pipelines.guide.prompts import Given, Prompt, gather
from sonolume.pipelines.guide.request import GuideRequest, embed_prompts, pixels_of
from sonolume.pipelines.guide.settings import GuideSettings, make_settings

KEPT_OF_INITIAL = 0.4  # share of the steps that an initial picture spares, unless told otherwise


@dataclass(frozen=True)
class Preview:
    """The estimate of the finished picture after `step` of all steps, and its caption, or ""."""

    step: int
    picture: Picture
    caption: str


class GuidePipeline:
    """Weighted words, sounds and pictures → picture.

    >>> guide = sonolume.load("guide")                                     # doctest: +SKIP
    >>> guide([("a lighthouse", 1.0)], [("waves.wav", 0.6)], seed=7)       # doctest: +SKIP

    `describer` writes the captions of what is made, and hears what `enrich` adds.
    """

    def __init__(
        self, prior: GuidePrior, encoder: GuideEncoder, describer: DescribePipeline | None = None
    ) -> None:
        self.prior, self.encoder, self.describer = prior, encoder, describer

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "pocket",
        *,
        encoder: str | Path | None = None,
        device: str | None = None,
    ) -> "GuidePipeline":
        """See `sonolume.load`."""
        from sonolume.pipelines.guide.choose import choose_guide_parts

        return cls(*choose_guide_parts(model, encoder, device))

    def __call__(
        self,
        text: Given | Iterable[Given] | None = None,
        sounds: Given | Iterable[Given] | None = None,
        pictures: Given | Iterable[Given] | None = None,
        *,
        enrich: Iterable[str] = (),
        initial: str | Path | Picture | None = None,
        seed: int = 0,
        previews: int = 0,
        on_preview: Callable[[Preview], None] | None = None,
        callback_on_step_end: Callback | None = None,
        **settings: Any,
    ) -> Picture:
        """Make one picture.

        `text`, `sounds` and `pictures` are prompts or lists of them: "a beach", "a beach:0.5" or
        ("a beach", 0.5); sounds and pictures are files or objects. `enrich` adds what is heard in
        the sounds, as "keywords", a "caption" or both. `initial` is the picture to start from.
        `settings` are those of `GuideSettings`, but that `size` is by default the prior's usual
        one. `on_preview` sees the estimate after every `previews` steps,
        `callback_on_step_end(step, t, clean [1, C, h, w])` every estimate as it comes.

        Raises OptionError for values out of range or when there is nothing to go to, and MediaError
        for unusable files.
        """
        chosen = make_settings({"size": self.prior.side, **settings})
        request = self.request(text, sounds, pictures, enrich=enrich, initial=initial, seed=seed)
        return self.guide(
            request,
            chosen,
            previews=previews,
            on_preview=on_preview,
            callback_on_step_end=callback_on_step_end,
        )

    def request(
        self,
        text: Given | Iterable[Given] | None = None,
        sounds: Given | Iterable[Given] | None = None,
        pictures: Given | Iterable[Given] | None = None,
        *,
        enrich: Iterable[str] = (),
        initial: str | Path | Picture | None = None,
        seed: int = 0,
    ) -> GuideRequest:
        """Check and embed what one picture is made from. `dataclasses.replace` gives it a seed."""
        given = [*gather("words", text), *gather("sound", sounds), *gather("picture", pictures)]
        return self.request_for(self.enrich(given, enrich), initial=initial, seed=seed)

    def enrich(self, prompts: Sequence[Prompt], kinds: Iterable[str]) -> list[Prompt]:
        """Prompts with the words that their sounds bring; see `guide_enrich.enrich`.

        Raises OptionError for unknown kinds, and where nobody describes sounds.
        """
        wanted = tuple(kinds) if not isinstance(kinds, str) else (kinds,)
        if not wanted:
            return list(prompts)
        if self.describer is None:
            raise OptionError("enrich: this guide has no describer; give one to GuidePipeline")
        return enriched_by(prompts, self.describer, wanted)

    def request_for(
        self,
        prompts: Sequence[Prompt],
        *,
        initial: str | Path | Picture | None = None,
        seed: int = 0,
    ) -> GuideRequest:
        """`request` of prompts that are checked already."""
        if initial is not None:
            whole = initial if isinstance(initial, Picture) else Picture.read(initial)
            initial = whole.centre_square(self.prior.native)
        return GuideRequest(*embed_prompts(self.encoder, prompts), seed, initial)

    def guide_many(
        self, requests: Sequence[GuideRequest], settings: GuideSettings | None = None
    ) -> list[Picture]:
        """Make several pictures, one after the other: each is bit for bit the one made alone."""
        return [self.guide(request, settings) for request in requests]

    @torch.no_grad()
    def guide(
        self,
        request: GuideRequest,
        settings: GuideSettings | None = None,
        *,
        previews: int = 0,
        on_preview: Callable[[Preview], None] | None = None,
        callback_on_step_end: Callback | None = None,
        caption: str | None = None,
    ) -> Picture:
        """Make one picture of a request; see `__call__`. A `caption` spares writing one."""
        chosen = settings or make_settings({"size": self.prior.side})
        skip = steps_skipped(request, chosen)
        watch = self._watch(chosen, skip, previews, on_preview, callback_on_step_end)
        draw = torch.Generator().manual_seed(request.seed)
        noise = torch.randn((1, *self.prior.shape), generator=draw).to(self.prior.device)
        schedule = times(chosen.steps)[skip:]
        x = noise
        if request.initial is not None and skip:
            x = mix(self._state(request.initial), noise, schedule[:1].to(noise))
        denoise = steer(self.prior.denoise, self._energy(request, chosen, draw), chosen.steering)
        with one_thread(when=self.prior.small and self.encoder.small):
            clean = _sample(chosen, self.prior, denoise, x, schedule, draw, watch)
        picture = self._finish(clean, chosen.size)
        if caption is None:
            caption = self._caption(picture)
        provenance = record.write(self.prior, self.encoder, request, chosen, caption)
        return Picture(picture.pixels, provenance=provenance)

    def _energy(
        self, request: GuideRequest, settings: GuideSettings, draw: torch.Generator
    ) -> Energy | None:
        """What guidance lowers, of clean states."""
        spreads = self.encoder.spreads
        targets = [
            Target(place, prompt.weight, spreads.get(prompt.kind, 1.0))
            for prompt, place in zip(request.prompts, request.places, strict=True)
            if prompt.weight
        ]
        parts: list[tuple[float, Energy]] = [
            (settings.tv_scale, total_variation),
            (settings.range_scale, out_of_range),
        ]
        if targets:
            cutouts = Cutouts(self.encoder.side, settings.cut, [draw])
            parts.insert(0, (1.0, prompts_energy(self.encoder.embed_pictures, cutouts, targets)))
        if request.initial is not None:
            parts.append((settings.init_scale, distance_to(pixels_of(request.initial))))
        energy = weigh(parts)
        look = self.prior.look
        return None if energy is None else lambda clean: energy(look(clean))

    def _watch(
        self,
        settings: GuideSettings,
        skip: int,
        every: int,
        on_preview: Callable[[Preview], None] | None,
        callback: Callback | None,
    ) -> Callback:
        if every < 0 or not isinstance(every, int):
            raise OptionError(f"previews {every!r}: expected a whole number of steps")

        def watch(step: int, t: float, clean: Tensor) -> None:
            if callback is not None:
                callback(step, t, clean)
            done = step + 1 + skip
            if on_preview is not None and every and (done % every == 0 or done == settings.steps):
                picture = self._finish(clean, settings.size)
                on_preview(Preview(done, picture, self._caption(picture)))

        return watch

    def _state(self, initial: Picture) -> Tensor:
        return self.prior.state(pixels_of(initial)[None].to(self.prior.device))

    def _caption(self, picture: Picture) -> str:
        """The caption of a picture; "" where nobody writes captions."""
        return self.describer(picture).caption or "" if self.describer else ""

    def _finish(self, clean: Tensor, size: int) -> Picture:
        pixels = self.prior.decode(clean, size)[0].float().cpu().numpy()
        return Picture.from_float(pixels)


def _sample(
    settings: GuideSettings,
    prior: GuidePrior,
    denoise: Denoise,
    x: Tensor,
    schedule: Tensor,
    draw: torch.Generator,
    watch: Callback,
) -> Tensor:
    if settings.sampler == "ancestral":
        return sample_ancestral(lambda x, t: (denoise(x, t), prior.place), x, schedule, draw, watch)
    sample = sample_euler if settings.sampler == "euler" else sample_heun
    return sample(denoise, x, schedule, watch)


def steps_skipped(request: GuideRequest, settings: GuideSettings) -> int:
    """How many steps an initial picture spares.

    Raises OptionError for settings that make sense with an initial picture alone.
    """
    if request.initial is None:
        if settings.skip or settings.init_scale:
            raise OptionError("skip and init scale need an initial picture: give one with init")
        return 0
    if settings.skip is None:
        return 0 if settings.init_scale else int(KEPT_OF_INITIAL * settings.steps)
    return settings.skip
