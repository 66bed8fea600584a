"""A sound drawn again by a generator: into its states, back towards noise, and out in a style."""

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.diffusion.flow import Denoise, sample_euler
from sonolume.diffusion.inversion import invert, partly, renoise
from sonolume.diffusion.windows import over_windows
from sonolume.errors import ModelError
from sonolume.media import Audio
from sonolume.pipelines.restyle.engine.parts import Condition, Generator, Style
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings
from sonolume.signal.band_gains import apply_band_gains
from sonolume.signal.windows import LEVEL, QUIETEST

__all__ = ["Drawer"]

ROUNDS: Final = 2  # of each step of an inversion
DECIBELS: Final = 10 / math.log(10)  # of a difference of log-mels


class Drawer:
    """A sound that can be drawn again in a style at any level of noise.

    Args:
        generator: what draws.
        sound: not silent; of any rate and number of channels.
        style: where it should go.
        settings: but for the noise level.
        seed: of the noise.
    """

    def __init__(
        self,
        generator: Generator,
        sound: Audio,
        style: Style,
        settings: DiffusionSettings,
        seed: int,
    ) -> None:
        self.generator, self.sound, self.settings, self.seed = generator, sound, settings, seed
        mono = sound.mono().resample(generator.rate).samples[0]
        rms = float(np.sqrt(np.square(mono, dtype=np.float64).mean()))
        # One factor for all of it: the course of its loudness is the sound's own.
        self.gain = LEVEL / max(rms, QUIETEST)
        guidance = generator.guidance if settings.guidance is None else settings.guidance
        self.guidance = guidance * generator.share(style)
        heard = torch.from_numpy(self.gain * mono)
        with torch.inference_mode():
            self.state = generator.encode(heard)
            self.source, self.target = generator.conditions(heard, style)

    @torch.inference_mode()
    def __call__(self, level: float) -> NDArray[np.float32]:
        """Samples [C, n] like the sound's at its rate, drawn again from a level of noise, 0 to 1.

        Raises ModelError when the generator gives no numbers.
        """
        if level == 0:
            return self.sound.samples
        schedule = partly(self.settings.steps, level)
        as_it_is = self._denoiser(self.source, self.source, 1.0)
        start = self._start(as_it_is, schedule)
        styled = self._denoiser(self.source, self.target, self.guidance)
        control = sample_euler(as_it_is, start, schedule)
        made = sample_euler(styled, start, schedule)
        if not bool(torch.isfinite(made).all() & torch.isfinite(control).all()):
            raise ModelError("the generator gave no numbers; try a lower noise level or guidance")
        carried = self._carried(made, control)
        return carried if self.settings.detail == "sound" else self._whole(made, carried)

    def _start(self, denoise: Denoise, schedule: Tensor) -> Tensor:
        if self.settings.start == "inversion":
            return invert(denoise, self.state, schedule, rounds=ROUNDS)
        noise = torch.randn(self.state.shape, generator=torch.Generator().manual_seed(self.seed))
        return renoise(self.state, noise.to(self.state), schedule)

    def _denoiser(self, source: Condition, target: Condition, scale: float) -> Denoise:
        """Guidance from what the sound is towards the target: e0 + scale · (e − e0)."""

        def predict(x: Tensor, t: Tensor, some: slice) -> Tensor:
            here = tuple(part[some] for part in source)
            there = tuple(part[some] for part in target)
            if scale == 1 or target is source:
                return self.generator.predict(x, t, there)
            both = tuple(torch.cat(pair) for pair in zip(here, there, strict=True))
            told = self.generator.predict(x.repeat(2, 1, 1), t.repeat(2), both)
            first, second = told.chunk(2)
            guided: Tensor = first + scale * (second - first)
            return guided

        return over_windows(predict, self.state.shape[-1], self.generator.window)

    def _carried(self, made: Tensor, control: Tensor) -> NDArray[np.float32]:
        """The sound, its bands moved as those of what was drawn lie beside the control's."""
        moved = self.generator.bands(made) - self.generator.bands(control)
        gains = (DECIBELS * moved).float().cpu().numpy()
        return apply_band_gains(self.sound.samples, self.sound.rate, gains)

    def _whole(self, made: Tensor, carried: NDArray[np.float32]) -> NDArray[np.float32]:
        """What was drawn in the middle, with sides and heights that it lacks carried over."""
        rate, frames = self.sound.rate, self.sound.samples.shape[1]
        drawn = (self.generator.decode(made).float() / self.gain).cpu().numpy()
        middle = _fitted(Audio(drawn[None], self.generator.rate).resample(rate).samples, frames)
        mean = carried.mean(axis=0, keepdims=True)
        if rate > self.generator.rate:
            low = Audio(mean, rate).resample(self.generator.rate).resample(rate).samples
            middle = middle + mean - _fitted(low, frames)
        whole: NDArray[np.float32] = (middle + carried - mean).astype(np.float32)
        return whole


def _fitted(samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Cut, or filled with silence."""
    cut = samples[:, :frames]
    return np.pad(cut, ((0, 0), (0, frames - cut.shape[1])))
