"""What holds for every effect, and for chains of them."""

from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.media.audio import Audio
from sonolume.signal.rack import RACK, Chain, Effect, Step, process, render, render_blocks
from sonolume.signal.rack.effect import Parameter

RATE = 22_050
ON: dict[str, dict[str, float]] = {
    "contrast": {"depth": 1.5},
    "damper": {"depth": 0.8},
    "high-pass": {"cutoff": 300.0},
    "low-pass": {"cutoff": 4000.0},
    "tilt": {"gain": 5.0},
    "shelves": {"low_gain": 4.0, "high_gain": -5.0},
    "equaliser": {"low_gain": 3.0, "mid_gain": -6.0, "high_gain": 4.0},
    "compressor": {"ratio": 4.0, "threshold": -30.0},
    "transients": {"attack": 6.0, "sustain": -3.0},
    "saturation": {"drive": 15.0},
    "crush": {"bits": 9.0, "rate": 7000.0},
    "noise": {"level": -12.0, "spread": 500.0},
    "chorus": {"mix": 0.6},
    "tremolo": {"depth": 0.5, "rate": 30.0},
    "delay": {"mix": 0.4, "time": 0.11},
    "reverb": {"wet": 0.4, "decay": 0.4, "spread": 0.5},
    "width": {"side": 4.0, "spread": 0.3},
    "gain": {"level": -4.0},
}
ALL = Chain.of(ON.items())


def noise(channels: int = 2, frames: int = 6000, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0.02, 0.4, -(-frames // 500)), 500)[:frames]
    return (rng.standard_normal((channels, frames)) * level).astype("f4")


def bypassed(effect: Effect, learning: bool = False) -> Chain:
    told = {p.name: torch.tensor([p.bypass], requires_grad=learning) for p in effect.parameters}
    return Chain((Step(effect, told),))


def at(effect: Effect, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    told = {p.name: p.bypass for p in effect.parameters} | ON[effect.name]
    return {name: torch.tensor([value], dtype=dtype) for name, value in told.items()}


def test_every_effect_is_tried_here() -> None:
    assert list(ON) == list(RACK)


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_bypass_is_the_sound_bit_for_bit(effect: Effect, channels: int) -> None:
    sound = torch.from_numpy(noise(channels))[None]
    assert torch.equal(process(sound, bypassed(effect), RATE), sound)
    assert torch.equal(process(sound, bypassed(effect, learning=True), RATE), sound)
    assert np.array_equal(
        render(Audio(noise(channels), RATE), bypassed(effect)).samples, noise(channels)
    )


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_near_bypass_is_near_the_sound(effect: Effect) -> None:
    for parameter in effect.parameters:
        if not parameter.amount or parameter.unit == "Hz":
            continue  # a filter at the end of its range still has a slope
        share = parameter.to_unit(torch.tensor([parameter.bypass]))
        share = share + torch.where(share > 0.5, -1e-3, 1e-3)
        told = {p.name: torch.tensor([p.bypass]) for p in effect.parameters}
        told[parameter.name] = parameter.from_unit(share)
        sound = torch.from_numpy(noise())[None]
        after = process(sound, Chain((Step(effect, told),)), RATE)
        assert not torch.equal(after, sound)
        assert float((after - sound).std() / sound.std()) < 0.02


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_effects_do_something_and_keep_silence(effect: Effect) -> None:
    chain = Chain.of([(effect.name, ON[effect.name])])
    sound = torch.from_numpy(noise())[None]
    after = process(sound, chain, RATE)
    assert after.shape == sound.shape
    assert float((after - sound).std() / sound.std()) > 0.05
    assert not process(torch.zeros(1, 2, 3000), chain, RATE).any()


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_a_batch_is_its_sounds_one_by_one(effect: Effect) -> None:
    sounds = torch.from_numpy(np.stack([noise(seed=s) for s in range(3)]))
    low, on = ({p.name: p.bypass for p in effect.parameters} | t for t in ({}, ON[effect.name]))
    told = {name: torch.tensor([on[name], low[name], on[name]]) for name in low}
    together = process(sounds, Chain((Step(effect, told),)), RATE)
    for number in range(3):
        alone = {name: value[number : number + 1] for name, value in told.items()}
        one = process(sounds[number : number + 1], Chain((Step(effect, alone),)), RATE)
        assert torch.allclose(together[number], one[0], atol=2e-5)
    assert torch.equal(together[1], sounds[1])


SMOOTH = [name for name in RACK if name != "crush"]


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    effect = RACK[name]
    rng = np.random.default_rng(7)
    sound = torch.from_numpy(rng.standard_normal((1, 2, 60)) * 0.3).requires_grad_()
    told = {k: v.requires_grad_() for k, v in at(effect).items()}
    names = list(told)

    def run(samples: Tensor, *values: Tensor) -> Tensor:
        return effect.apply(samples, dict(zip(names, values, strict=True)), 8000)

    loose = {"eps": 1e-7, "atol": 1e-4, "rtol": 1e-2}
    assert torch.autograd.gradcheck(run, (sound, *told.values()), fast_mode=True, **loose)


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_amounts_can_learn_to_leave_their_bypass(effect: Effect) -> None:
    # At lower rates the corner of a low-pass at bypass is beyond half of them.
    rate = 44_100
    sound = torch.from_numpy(noise(frames=20_000))[None].double()
    target = process(sound, Chain((Step(effect, at(effect)),)), rate)
    told = {
        p.name: torch.tensor([p.bypass], dtype=torch.float64, requires_grad=True)
        for p in effect.parameters
    }
    process(sound, Chain((Step(effect, told),)), rate).sub(target).square().mean().backward()
    for value in told.values():
        assert value.grad is None or torch.isfinite(value.grad).all()
    amounts = [told[p.name].grad for p in effect.parameters if p.amount and p.name != "rate"]
    assert all(g is not None and float(g.abs()) > 0 for g in amounts)


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_controls_go_to_shares_and_back(effect: Effect) -> None:
    shares = torch.rand(4, len(effect.parameters), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(effect.to_unit(effect.from_unit(shares)), shares, atol=1e-5)
    for p in effect.parameters:
        assert p.low <= p.bypass <= p.high
        ends = p.from_unit(torch.tensor([0.0, 1.0]))
        assert ends.tolist() == pytest.approx([p.low, p.high], rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_settings_give_finite_sound(data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from([8000, 11_025, 44_100, 192_000]))
    names = data.draw(st.lists(st.sampled_from(list(RACK)), min_size=1, max_size=4))
    shares = st.floats(0, 1)
    chain = Chain.of(
        (n, {p.name: _drawn(p, data.draw(shares)) for p in RACK[n].parameters}) for n in names
    )
    frames = data.draw(st.integers(1, 3000))
    sound = torch.from_numpy(noise(data.draw(st.integers(1, 3)), frames))[None]
    after = process(sound, chain, rate)
    assert torch.isfinite(after).all()
    assert after.shape[-1] == frames


def _drawn(parameter: Parameter, share: float) -> float:
    value = float(parameter.from_unit(torch.tensor(share, dtype=torch.float64)))
    return min(max(value, parameter.low), parameter.high)


@pytest.mark.parametrize("names", [*permutations(["saturation", "low-pass", "delay"])])
def test_any_order_is_that_order(names: tuple[str, ...]) -> None:
    sound = torch.from_numpy(noise())[None]
    expected = sound
    for name in names:
        expected = process(expected, Chain.of([(name, ON[name])]), RATE)
    found = process(sound, Chain.of([(name, ON[name]) for name in names]), RATE)
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("effect", RACK.values(), ids=lambda e: e.name)
def test_blocks_have_no_seams(effect: Effect) -> None:
    chain = Chain.of([(effect.name, ON[effect.name])])
    sound = Audio(noise(2, 3 * RATE), RATE)
    whole = process(torch.from_numpy(sound.samples)[None], chain, RATE)[0].numpy()
    pieces = render(sound, chain, tails=False, block_seconds=0.1).samples
    assert np.abs(pieces - whole).max() < 1e-4


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_a_long_chain_in_blocks_is_the_whole(rate: int) -> None:
    # Bits round, so that the last bit of what came before may show: all but the crush.
    short = {
        "compressor": {"ratio": 4.0, "threshold": -30.0, "attack": 0.001, "release": 0.02},
        "delay": {"mix": 0.4, "time": 0.02, "feedback": 0.1},
        "reverb": {"wet": 0.4, "decay": 0.1, "spread": 0.5},
    }
    chain = Chain.of((name, told) for name, told in (ON | short).items() if name != "crush")
    sound = noise(2, 2 * chain.memory(rate) + 999)
    blocks = np.array_split(sound, 13, axis=1)
    pieces = np.concatenate(list(render_blocks(blocks, chain, rate, block_seconds=0.3)), axis=1)
    padded = np.pad(sound, ((0, 0), (0, chain.memory(rate))))
    whole = process(torch.from_numpy(padded)[None], chain, rate)[0].numpy()
    assert pieces.shape == whole.shape
    assert np.abs(pieces - whole).max() < 1e-4


def test_tails_are_kept_when_asked() -> None:
    click = np.zeros((1, 4000), "f4")
    click[0, 3500] = 0.9
    chain = Chain.of([("reverb", {"wet": 0.5, "decay": 1.0})])
    kept, cut = (render(Audio(click, RATE), chain, tails=t) for t in (True, False))
    assert cut.samples.shape == (1, 4000)
    assert 0.9 * RATE < kept.samples.shape[1] - 3500 < 1.4 * RATE
    assert np.abs(kept.samples[:, :4000] - cut.samples).max() < 1e-5


def test_a_tail_of_nothing_is_not_kept() -> None:
    quiet = Audio(np.zeros((2, 5000), "f4"), RATE)
    assert render(quiet, ALL).samples.shape == (2, 5000)


def test_chains_are_written_and_read() -> None:
    again = Chain.from_list(ALL.as_list())
    sound = torch.from_numpy(noise())[None]
    assert torch.equal(process(sound, again, RATE), process(sound, ALL, RATE))
    assert again.widens
    assert Chain().memory(RATE) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([("flanger", {})], "no effect is called 'flanger'; expected one of contrast"),
        ([("gain", {"loudness": 3.0})], "gain has no control 'loudness'; expected one of level"),
        ([("gain", {"level": 99.0})], "gain has level = 99.0; expected -24 to 24 dB"),
        ([("gain", {"level": float("nan")})], "gain has level = nan; expected -24 to 24 dB"),
        ([("reverb", {"wet": "much"})], "reverb has wet = 'much'; expected 0 to 1"),
        (
            [("gain", {"level": torch.zeros(2)}), ("tilt", {"gain": torch.zeros(3)})],
            "settings for [2, 3] sounds in one chain; expected one B",
        ),
    ],
)
def test_wrong_settings_are_refused(
    settings: list[tuple[str, dict[str, float]]], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        Chain.of(settings)
    assert message in str(caught.value)


def test_wrong_renders_are_refused() -> None:
    sound = Audio(noise(), RATE)
    with pytest.raises(OptionError, match="settings for several sounds"):
        render(sound, Chain.of([("gain", {"level": torch.ones(2)})]))
    with pytest.raises(OptionError, match="block of 0 s was asked for"):
        render(sound, ALL, block_seconds=0)
    with pytest.raises(OptionError, match="a list of objects that each name an effect"):
        Chain.from_list([{"level": 3}])
