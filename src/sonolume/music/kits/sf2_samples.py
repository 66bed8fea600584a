"""Samples of an SF2 bank, cut from its pool."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.music.kit import Sample
from sonolume.music.kits.sf2_chunks import Bank, plain
from sonolume.music.kits.sf2_format import LEFT, RIGHT, ROM, G
from sonolume.music.kits.sf2_tree import Zone

__all__ = ["Samples", "couples"]

MIN_RATE, MAX_RATE = 400, 400_000
UNIT = 32_768
# Copies for stereo, in frames of two channels; mono samples are views of the pool.
MAX_STEREO = 2**26


@dataclass
class Samples:
    """The samples of a bank; each is made once, mono ones without a copy."""

    bank: Bank
    made: dict[tuple[int, int, int], Sample] = field(default_factory=dict)
    stereo_frames: int = 0

    @property
    def headers(self) -> NDArray[np.void]:
        """Rows of HEADER without the terminal one."""
        return self.bank.lists[b"shdr"][:-1]

    def of(self, zone: Zone, partner: Zone | None) -> Sample | None:
        """The sample of a zone, or of a linked pair; None where its place cannot be.

        Raises:
            DataError: stereo samples of more than 2^26 frames together.
        """
        if zone.leaf >= len(self.headers):
            return None
        right = partner.leaf if partner else -1
        cut = min(0, zone.values.get(G.END, 0) + UNIT * zone.values.get(G.END_COARSE, 0))
        key = (zone.leaf, right, cut)
        if key not in self.made:
            sample = self._cut(zone.leaf, right, cut)
            if sample is None:
                return None
            self.made[key] = sample
        return self.made[key]

    def _cut(self, left: int, right: int, cut: int) -> Sample | None:
        header = self.headers[left]
        start, end, rate = int(header["start"]), int(header["end"]) + cut, int(header["rate"])
        usable = start < end <= len(self.bank.sound) and MIN_RATE <= rate <= MAX_RATE
        if not usable or int(header["kind"]) & ROM:
            return None
        channels, name = self.bank.sound[None, start:end], header_name(header)
        if right >= 0:
            self.stereo_frames += end - start
            if self.stereo_frames > MAX_STEREO:
                raise DataError("a bank whose stereo samples overlap beyond 512 MiB is refused")
            other = int(self.headers[right]["start"])
            channels = np.stack((channels[0], self.bank.sound[other : other + end - start]))
        return Sample(channels, rate, name.removesuffix("_L") if right >= 0 else name)


def header_name(header: Any) -> str:
    """The name in any record, up to its first zero."""
    return plain(bytes(header["name"])) or "unnamed"


def couples(zones: list[Zone], samples: Samples) -> list[tuple[Zone, Zone | None]]:
    """Zones of one instrument, those of linked left and right samples together (section 7.10).

    They are together when all they say is alike but the pan, and their samples are equally long.
    Of zones that say the same, the first left one goes with the first right one, and so on.
    """
    waiting: dict[tuple[object, ...], deque[Zone]] = defaultdict(deque)
    for zone in zones:
        waiting[_signature(zone)].append(zone)
    result: list[tuple[Zone, Zone | None]] = []
    taken: set[int] = set()
    for zone in zones:
        link = _right_of(zone.leaf, samples)
        partners = waiting.get(_signature(zone, link)) if link is not None else None
        partner = partners.popleft() if partners else None
        if partner is not None:
            taken.add(id(partner))
        result.append((zone, partner))
    return [pair for pair in result if id(pair[0]) not in taken]


def _signature(zone: Zone, leaf: int | None = None) -> tuple[object, ...]:
    said = tuple(sorted((g, v) for g, v in zone.values.items() if g != G.PAN))
    own = zone.leaf if leaf is None else leaf
    return own, zone.keys, zone.velocities, said, zone.velocity


def _right_of(leaf: int, samples: Samples) -> int | None:
    headers = samples.headers
    if leaf >= len(headers) or int(headers[leaf]["kind"]) != LEFT:
        return None
    link = int(headers[leaf]["link"])
    if link >= len(headers) or int(headers[link]["kind"]) != RIGHT:
        return None
    left, right = headers[leaf], headers[link]
    alike = all(left[name] == right[name] for name in ("rate", "root", "correction"))
    return (
        link
        if alike and _shape(left) == _shape(right) and right["end"] <= len(samples.bank.sound)
        else None
    )


def _shape(header: Any) -> tuple[int, ...]:
    start = int(header["start"])
    return tuple(int(header[name]) - start for name in ("end", "loop_start", "loop_end"))
