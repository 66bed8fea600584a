"""Frozen teachers: structure with random weights; answers where the weights are at hand."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from sonolume.errors import ModelError, OptionError
from sonolume.models.teachers import (
    TEACHERS,
    AudioSetMn04,
    MobileNetV1,
    MobileNetV2,
    SqueezeNet,
    enlarge,
    feature_distance,
    load_teacher,
)
from sonolume.models.teachers.same_padding import SameConv2d

FOLDER = os.environ.get("SONOLUME_TEACHERS")
needs_weights = pytest.mark.skipif(
    not FOLDER, reason="SONOLUME_TEACHERS does not name the folder of teacher weights"
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("imagenet_mobilenet_v1", 4_221_032),
        ("imagenet_mobilenet_v2", 3_487_816),
        ("imagenet_squeezenet11", 1_235_496),
        ("audioset_mn04", 978_679),
    ],
)
def test_parameter_count(name: str, count: int) -> None:
    assert sum(p.numel() for p in TEACHERS[name]().parameters()) == count


def test_squeezenet_tap_shapes() -> None:
    taps = SqueezeNet().taps(torch.rand(2, 3, 128, 128))
    assert [tuple(tap.shape[1:]) for tap in taps] == [
        (64, 63, 63),
        (128, 31, 31),
        (256, 15, 15),
        (384, 7, 7),
        (512, 7, 7),
    ]


def test_squeezenet_logits_shape() -> None:
    assert SqueezeNet().logits(torch.rand(2, 3, 227, 227)).shape == (2, 1000)


def test_squeezenet_subtracts_the_mean_colour_in_rgb_order() -> None:
    net = SqueezeNet()
    nn.init.zeros_(net.conv1.bias)
    mean_colour = torch.tensor([123.0, 117.0, 104.0]).view(1, 3, 1, 1) / 255
    flat = mean_colour.expand(1, 3, 64, 64)
    assert net.taps(flat)[0].abs().max() < 1e-4
    assert net.taps(flat.flip(1))[0].abs().max() > 1


def test_mobilenet_v1_shapes() -> None:
    net, pixels = MobileNetV1(), torch.rand(2, 3, 128, 96)
    assert [tuple(m.shape) for m in net.grid(pixels)] == [(2, 512, 8, 6), (2, 1024, 4, 3)]
    assert net.features(pixels).shape == (2, 1024)
    assert net.logits(pixels).shape == (2, 1000)


def test_mobilenet_v2_shapes() -> None:
    net, pixels = MobileNetV2(), torch.rand(2, 3, 128, 96)
    assert [tuple(m.shape) for m in net.grid(pixels)] == [(2, 96, 8, 6), (2, 320, 4, 3)]
    assert [tuple(m.shape) for m in net.taps(pixels)] == [
        (2, 32, 16, 12),
        (2, 64, 8, 6),
        (2, 160, 4, 3),
    ]
    assert net.features(pixels).shape == (2, 1280)
    assert net.logits(pixels).shape == (2, 1000)


def test_mobilenet_v2_pools_its_own_grid() -> None:
    net, pixels = MobileNetV2(), torch.rand(1, 3, 64, 64)
    assert torch.equal(net.pool(net.grid(pixels)[1]), net.features(pixels))


@pytest.mark.parametrize("side", [31, 32, 33])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_padding_puts_the_smaller_half_first(side: int, stride: int) -> None:
    conv = SameConv2d(1, 1, 3, stride)
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)
    counts = conv(torch.ones(1, 1, side, side))[0, 0]
    assert counts.shape == (-(-side // stride),) * 2
    padded_first = stride == 1 or side % 2 == 1
    assert counts[0, 0] == (4 if padded_first else 9)
    assert counts[-1, -1] == 4


PICTURE_ANSWERS: dict[str, Callable[[Tensor], Tensor]] = {
    "v1 features": lambda x: MobileNetV1().features(x),
    "v2 features": lambda x: MobileNetV2().features(x),
    "v2 distance": lambda x: MobileNetV2().perceptual_distance(x, torch.rand_like(x)),
    "squeezenet distance": lambda x: SqueezeNet().perceptual_distance(x, torch.rand_like(x)),
    "squeezenet logits": lambda x: SqueezeNet().logits(x),
}


@pytest.mark.parametrize("answer", PICTURE_ANSWERS.values(), ids=PICTURE_ANSWERS.keys())
def test_gradient_reaches_every_picture(answer: Callable[[Tensor], Tensor]) -> None:
    pixels = torch.rand(2, 3, 128, 128, requires_grad=True)
    answer(pixels).sum().backward()
    assert pixels.grad is not None
    assert pixels.grad.isfinite().all()
    assert (pixels.grad.abs().amax((1, 2, 3)) > 0).all()


def test_gradient_reaches_the_waveform() -> None:
    waveform = (0.1 * torch.randn(2, 16_000)).requires_grad_()
    AudioSetMn04().logits(waveform).sum().backward()
    assert waveform.grad is not None
    assert waveform.grad.isfinite().all()
    assert (waveform.grad.abs().amax(1) > 0).all()


def test_distance_of_a_picture_to_itself_is_zero_and_it_is_symmetric() -> None:
    net = SqueezeNet()
    a, b = torch.rand(2, 2, 3, 64, 64)
    assert torch.equal(net.perceptual_distance(a, a), torch.zeros(2))
    assert torch.allclose(net.perceptual_distance(a, b), net.perceptual_distance(b, a))
    assert (net.perceptual_distance(a, b) > 0).all()


def test_distance_compares_directions_of_channels() -> None:
    a = torch.rand(2, 8, 5, 5) + 1
    assert feature_distance([a], [3 * a]).abs().max() < 1e-6
    x, y = torch.zeros(2, 1, 2, 4, 4)
    x[:, 0], y[:, 1] = 1, 5
    assert feature_distance([x], [y]).item() == pytest.approx(2, abs=1e-4)
    assert feature_distance([x], [-x]).item() == pytest.approx(4, abs=1e-4)


def test_distance_weights_choose_the_taps() -> None:
    maps_a, maps_b = list(torch.rand(3, 1, 4, 6, 6)), list(torch.rand(3, 1, 4, 6, 6))
    second = feature_distance(maps_a[1:2], maps_b[1:2])
    assert torch.allclose(feature_distance(maps_a, maps_b, (0, 2, 0)), 2 * second)


def test_distance_refuses_the_wrong_number_of_weights() -> None:
    pixels = torch.rand(1, 3, 64, 64)
    with pytest.raises(OptionError, match="5 and 5 maps with 2 weights; give one weight a tap"):
        SqueezeNet().perceptual_distance(pixels, pixels, (1, 1))


@pytest.mark.parametrize("samples", [1_024, 16_000, 32_001, 100_000])
def test_log_mel_has_a_hundred_frames_a_second(samples: int) -> None:
    mel = AudioSetMn04().log_mel(torch.zeros(1, samples))
    # Pre-emphasis shortens the sound by one sample.
    assert mel.shape == (1, 1, 128, 1 + (samples - 1) // 320)


def test_log_mel_follows_its_definition() -> None:
    sound = 0.3 * np.random.default_rng(0).standard_normal(6_400)
    emphasised = np.pad(sound[1:] - 0.97 * sound[:-1], 512, mode="reflect")
    window = np.pad(np.hanning(800), 112)
    starts = range(0, len(emphasised) - 1023, 320)
    frames = np.stack([emphasised[start : start + 1024] for start in starts]) * window
    power = np.abs(np.fft.rfft(frames)) ** 2
    mel_points = np.linspace(0, 1127 * np.log(1 + 15_000 / 700), 130)
    bin_mels = 1127 * np.log(1 + np.arange(513) * 31.25 / 700)
    filters = np.stack(
        [np.interp(bin_mels, mel_points[k : k + 3], (0, 1, 0), 0, 0) for k in range(128)]
    )
    expected = (np.log(power @ filters.T + 1e-5) + 4.5) / 5
    measured = AudioSetMn04().log_mel(torch.from_numpy(sound).float()[None])[0, 0].T.numpy()
    assert measured.shape == expected.shape
    assert np.abs(measured - expected).max() < 1e-3


def test_audioset_shapes() -> None:
    net, sounds = AudioSetMn04(), 0.1 * torch.randn(2, 20_000)
    features = net.features(sounds)
    assert features.shape == (2, 384)
    assert net.logits(sounds).shape == (2, 527)
    assert torch.allclose(net.classify(features), net.logits(sounds))


@pytest.mark.parametrize("shape", [(1, 1_023), (2, 1, 32_000)])
def test_log_mel_refuses_short_and_misshapen_sounds(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="at least 1024 samples at 32 kHz, got"):
        AudioSetMn04().log_mel(torch.zeros(shape))


def test_enlarge_agrees_with_pillow() -> None:
    # Pillow clips between its two passes, so the values leave room for overshoot.
    small = np.random.default_rng(0).integers(90, 166, (128, 128, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(small).resize((224, 224), Image.Resampling.BICUBIC))
    pixels = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
    measured = enlarge(pixels)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(measured - expected).max() < 1.5


def test_enlarge_leaves_full_size_alone() -> None:
    pixels = torch.rand(1, 3, 224, 224)
    assert torch.equal(enlarge(pixels), pixels)


@pytest.mark.parametrize("name", list(TEACHERS))
def test_load_teacher_returns_a_frozen_net_in_full_precision(name: str, tmp_path: Path) -> None:
    written = TEACHERS[name]()
    halves = {key: tensor.half() for key, tensor in written.state_dict().items()}
    save_file(halves, tmp_path / f"{name}.safetensors")
    net = load_teacher(name, tmp_path)
    assert not net.training
    for key, tensor in net.state_dict(keep_vars=True).items():
        assert tensor.dtype == torch.float32
        assert not tensor.requires_grad
        assert torch.equal(tensor, halves[key].float())


def test_load_teacher_refuses_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"vgg: unknown teacher; choose one of audioset_mn04,"):
        load_teacher("vgg", tmp_path)


def test_load_teacher_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no teacher weights there") as caught:
        load_teacher("audioset_mn04", tmp_path)
    assert str(tmp_path / "audioset_mn04.safetensors") in str(caught.value)


def test_load_teacher_refuses_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "audioset_mn04.safetensors").write_bytes(b"not a header" * 9)
    with pytest.raises(ModelError, match="not readable as safetensors"):
        load_teacher("audioset_mn04", tmp_path)


def test_load_teacher_refuses_the_tensors_of_another_net(tmp_path: Path) -> None:
    save_file(MobileNetV1().state_dict(), tmp_path / "imagenet_mobilenet_v2.safetensors")
    with pytest.raises(ModelError, match="tensors do not fit imagenet_mobilenet_v2"):
        load_teacher("imagenet_mobilenet_v2", tmp_path)


WINDOW_SCREEN, ORANGE, SINE, SILENCE, WHITE_NOISE = 904, 950, 501, 500, 520
PICTURE_NETS = [name for name in TEACHERS if name.startswith("imagenet")]


def _window_screen(side: int = 224) -> Tensor:
    lines = torch.arange(side) % 8 < 1
    wires = lines[None, :] | lines[:, None]
    return (1 - 0.8 * wires.float()).expand(1, 3, side, side)


def _orange() -> Tensor:
    steps = torch.arange(224.0) - 112
    disc = steps[None, :].square() + steps[:, None].square() < 80**2
    colour = torch.tensor([1.0, 0.55, 0.0]).view(3, 1, 1)
    return torch.where(disc, colour, torch.ones(3, 1, 1))[None]


@needs_weights
@pytest.mark.parametrize("name", PICTURE_NETS)
def test_picture_nets_name_a_drawn_window_screen_and_orange(name: str) -> None:
    assert FOLDER
    net = load_teacher(name, Path(FOLDER))
    with torch.no_grad():
        assert net(_window_screen()).argmax() == WINDOW_SCREEN
        assert ORANGE in net(_orange()).topk(5).indices


@needs_weights
def test_sound_net_names_a_sine_noise_and_silence() -> None:
    assert FOLDER
    net = load_teacher("audioset_mn04", Path(FOLDER))
    seconds = torch.arange(5 * 32_000) / 32_000
    sine, noise = 0.3 * torch.sin(2 * torch.pi * 440 * seconds), 0.1 * torch.randn(5 * 32_000)
    with torch.no_grad():
        logits = net.logits(torch.stack([sine, noise, torch.zeros_like(sine)]))
    assert logits[0].argmax() == SINE
    assert WHITE_NOISE in logits[1].topk(3).indices
    assert logits[2].argmax() == SILENCE


@needs_weights
def test_perceptual_distance_grows_with_damage() -> None:
    assert FOLDER
    net = load_teacher("imagenet_squeezenet11", Path(FOLDER))
    picture = torch.nn.functional.interpolate(_orange(), (128, 128), mode="area")
    noisy = [(picture + scale * torch.randn_like(picture)).clamp(0, 1) for scale in (0.03, 0.1)]
    others = torch.cat([picture.roll(1, 3), *noisy, _window_screen(128)])
    with torch.no_grad():
        shift, faint, strong, other = net.perceptual_distance(picture.expand_as(others), others)
    assert shift < other
    assert faint < strong < other
