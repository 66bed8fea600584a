"""Palettes: settings that are drawn, and the chains that they become."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonolume.errors import OptionError
from sonolume.pipelines.restyle.chains.palette import PALETTES, palette
from sonolume.signal.rack import process

RATE = 16_000


@pytest.mark.parametrize("name", PALETTES)
@given(seed=st.integers(0, 2**32 - 1))
def test_drawn_settings_are_off_bypass_where_active_and_on_it_elsewhere(
    name: str, seed: int
) -> None:
    found = palette(name)
    order, shares = found.draw(6, np.random.default_rng(seed))
    owned = np.isin(found.owners, order)
    assert 1 <= len(order) <= found.most
    assert len({found.items[i].effect.name for i in order}) == len(order)
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert (np.abs(shares - found.bypass)[:, owned] >= found.least - 1e-6).all()
    assert (shares[:, ~owned] == found.bypass[~owned]).all()


def test_a_two_sided_control_is_drawn_on_both_sides() -> None:
    found = palette("seven")
    tilt = [item.name for item in found.items].index("tilt")
    column = found.owners.index(tilt)
    rng = np.random.default_rng(0)
    drawn = [
        shares[0, column]
        for order, shares in (found.draw(1, rng) for _ in range(300))
        if tilt in order
    ]
    assert found.bypass[column] == 0.5
    assert min(drawn) < 0.15
    assert max(drawn) > 0.85


@pytest.mark.parametrize("name", PALETTES)
def test_at_bypass_every_item_is_left_out_and_samples_come_back_bit_for_bit(name: str) -> None:
    found = palette(name)
    samples = 0.1 * torch.randn(2, 1, RATE, generator=torch.Generator().manual_seed(0))
    shares = torch.from_numpy(found.bypass).repeat(2, 1)
    for item in range(len(found.items)):
        chain = found.chain([item], shares)
        assert not chain.active().steps
        assert torch.equal(process(samples, chain, RATE), samples)


@pytest.mark.parametrize("name", PALETTES)
def test_a_batch_of_settings_is_what_each_setting_alone_does(name: str) -> None:
    found = palette(name)
    rng = np.random.default_rng(1)
    samples = 0.1 * torch.randn(3, 1, RATE, generator=torch.Generator().manual_seed(1))
    order, drawn = found.draw(3, rng)
    shares = torch.from_numpy(drawn)
    together = process(samples, found.chain(order, shares), RATE)
    alone = [
        process(samples[i : i + 1], found.chain(order, shares[i : i + 1]), RATE) for i in range(3)
    ]
    assert torch.allclose(together, torch.cat(alone), atol=2e-4)


def test_names_of_items_are_unlike() -> None:
    for name in PALETTES:
        names = [item.name for item in palette(name).items]
        assert len(set(names)) == len(names)


def test_an_unknown_palette_is_told() -> None:
    with pytest.raises(OptionError, match="expected seven or moves"):
        palette("eight")
