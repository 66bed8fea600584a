from dataclasses import replace

import pytest
import torch

from sonolume.hub.machine import can_compile
from sonolume.models.denoiser import DenoiserConfig, PocketDenoiser

TINY = DenoiserConfig(side=16, patch=4, width=32, depth=2, heads=2, context=16, patch_rank=16)


def parts() -> tuple[PocketDenoiser, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = PocketDenoiser(TINY).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    words = torch.randn(3, 77, 16)
    words[:, 9:] = 0
    return model, torch.randn(3, 3, 16, 16), torch.rand(3), words, torch.randn(3, 77, 16)


def test_a_fresh_denoiser_answers_grey() -> None:
    model = PocketDenoiser(TINY)
    x, t, words = torch.randn(2, 3, 16, 16), torch.rand(2), torch.randn(2, 5, 16)
    assert torch.equal(model(x, t, words), torch.zeros(2, 3, 16, 16))


def test_patches_and_back_is_the_identity() -> None:
    model, x, *_ = parts()
    patches = model._patches(x)
    assert patches.shape == (3, 16, 48)
    assert torch.equal(model._unpatch(patches, 3, 4), x)


def test_batch_equals_single() -> None:
    model, x, t, words, sound = parts()
    together = model(x, t, words, sound)
    for i in range(3):
        alone = model(x[i : i + 1], t[i : i + 1], words[i : i + 1], sound[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-4)


def test_padding_is_not_read() -> None:
    model, x, t, words, _ = parts()
    torch.testing.assert_close(model(x, t, words), model(x, t, words[:, :9]), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not can_compile(), reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_translation_changes_nothing() -> None:
    model, x, t, words, sound = parts()
    plain = model(x, t, words, sound)
    model.compile(fullgraph=True)
    torch.testing.assert_close(model(x, t, words, sound), plain, atol=1e-4, rtol=1e-4)


def test_closed_gates_are_exactly_the_base() -> None:
    model, x, t, words, sound = parts()
    for part in (model, *model.blocks):
        part.audio.gate.data.zero_()
    assert torch.equal(model(x, t, words, sound), model(x, t, words))


def test_open_gates_hear_and_silence_adds_nothing() -> None:
    model, x, t, words, sound = parts()
    assert not torch.allclose(model(x, t, words, sound), model(x, t, words))
    assert torch.equal(model(x, t, words, torch.zeros_like(sound)), model(x, t, words))


def test_base_and_audio_parameters_are_all_and_apart() -> None:
    model = PocketDenoiser(TINY)
    base, audio = set(model.base_parameters()), set(model.audio_parameters())
    assert base.isdisjoint(audio)
    assert base | audio == {name for name, _ in model.named_parameters()}


def test_labels_say_nothing_at_first_and_are_heard_once_learned() -> None:
    torch.manual_seed(0)
    denoiser = PocketDenoiser(replace(TINY, labels=3)).requires_grad_(False)
    for parameter in denoiser.parameters():
        if parameter.ndim > 1 and not bool(parameter.any()):
            torch.nn.init.normal_(parameter, std=0.1)
    torch.nn.init.zeros_(denoiser.changed.weight)
    given = torch.randn(2, 3, 16, 16), torch.tensor([0.2, 0.7]), torch.randn(2, 5, 16)
    plain = denoiser(*given)
    torch.testing.assert_close(denoiser(*given, labels=torch.randn(2, 3)), plain)
    torch.nn.init.normal_(denoiser.changed.weight)
    torch.testing.assert_close(denoiser(*given, labels=torch.zeros(2, 3)), plain)
    told = denoiser(*given, labels=torch.tensor([[1.0, 0, 0], [0, 0, 0]]))
    torch.testing.assert_close(told[1], plain[1])
    assert float((told[0] - plain[0]).abs().max()) > 1e-3
