"""The sound generator and the vocoder inside the package, and their loading."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.generator import load_generator, load_vocoder
from sonolume.media import Audio
from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig
from sonolume.models.vocoder import Vocoder, VocoderConfig, vocode
from sonolume.signal.mel import RATE, LogMel
from sonolume.signal.windows import normalise_level

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "sounds"
TINY = SoundGeneratorConfig(frames=16, patch=8, width=32, depth=1, heads=2, rank=8, seams=4)


def test_what_was_saved_is_loaded_frozen(tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator, vocoder = SoundGenerator(TINY), Vocoder(VocoderConfig(8, 1, 8))
    for model, name in ((generator, "sound-generator"), (vocoder, "vocoder")):
        weights.save(name, model.state_dict(), {"config": asdict(model.config)}, tmp_path)
    for model, load in ((generator, load_generator), (vocoder, load_vocoder)):
        loaded = load(tmp_path)
        assert loaded.config == model.config
        assert not loaded.training
        assert not any(p.requires_grad for p in loaded.parameters())
        for name, tensor in model.state_dict().items():
            assert torch.equal(loaded.state_dict()[name], tensor.half().float())


@pytest.mark.parametrize("load", [load_generator, load_vocoder])
def test_missing_weights_are_named(load, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights named"):
        load(tmp_path)


@pytest.mark.skipif("vocoder" not in weights.names(), reason="no vocoder in this installation")
def test_the_shipped_vocoder_is_better_than_none() -> None:
    """On sounds that it never heard: log-spectra at a resolution that is not the mel's."""
    vocoder, front = load_vocoder(), LogMel()
    window = torch.hann_window(1024)
    gaps = []
    for path in sorted(EXAMPLES.glob("*.*"))[:4]:
        heard = Audio.read(path).mono().resample(RATE).samples[0, : 2 * RATE]
        sound = torch.from_numpy(normalise_level(heard[: len(heard) // 160 * 160]))[None]
        mel = front(sound)
        true, ours, plain = (
            torch.stft(x, 1024, window=window, return_complex=True).abs().clamp(min=1e-3).log()
            for x in (sound, vocode(mel, vocoder), vocode(mel, None))
        )
        gaps.append([float(F.l1_loss(ours, true)), float(F.l1_loss(plain, true))])
    ours, plain = np.mean(gaps, axis=0)
    assert ours < 0.95 * plain
