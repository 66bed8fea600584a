"""How each mood sounds: tempo, mode, chords, instruments and rhythms, as `recipe` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sonolume.music.scene import Mood
from sonolume.music.scores.recipe import Part, Recipe

__all__ = ["RECIPES"]

KICK, SIDE, SNARE, CLAP, CLOSED, OPEN, RIDE = 36, 37, 38, 39, 42, 46, 51
LOW_TOM, MID_TOM, HIGH_TOM, TAMBOURINE, SHAKER = 41, 45, 48, 54, 70
HIGH_BLOCK, LOW_BLOCK, TRIANGLE = 76, 77, 81

CALM = Recipe(
    tempo=(60, 72),
    beats=4,
    modes=("ionian",),
    phrases=(
        ("Iadd9", "vi7", "IVmaj7", "V"),
        ("Imaj7", "iii7", "IVmaj7", "Vsus4"),
        ("IVmaj7", "Iadd9", "ii7", "V"),
    ),
    cadence=("IVmaj7", "V"),
    tonic="Iadd9",
    velocity=54,
    cells=("x-------x---x---", "x-----x-x-------", "x---x---x-------", "x-------x-------"),
    endings=("x-----------....", "x---x-------...."),
    register=(67, 81),
    leaps=0.1,
    lead=Part(73, (), 0.98, 6, 0.1),
    parts={
        "bass": Part(32, ("R---------------", "R-------5-------"), 0.98),
        "keys": Part(4, ("1---2---3---2---", "1---3---2---4---"), 1.0, -4, -0.2),
        "guitar": Part(24, ("........1---3---", "..........2-4---"), 1.0, -8, 0.3),
        "pad": Part(89, ("x---------------",), 0.99, -10),
    },
    ritard=0.85,
)

CHEERFUL = Recipe(
    tempo=(112, 128),
    beats=4,
    modes=("ionian",),
    phrases=(("I", "V", "vi", "IV"), ("I", "IV", "I", "V"), ("vi", "IV", "I", "V")),
    cadence=("IV", "V7"),
    tonic="I",
    velocity=92,
    cells=("x-x-x---x-x-x---", "x---x-x-x---x---", "x-x-x-x-x---x---", "x--x--x-x-x-x---"),
    endings=("x-x-x-x-x-------", "x---x---x-----.."),
    register=(67, 84),
    leaps=0.2,
    lead=Part(80, (), 0.85, 8, 0.05),
    parts={
        "bass": Part(33, ("R--.R.R-5--.R.R-", "R-..R-..5-..8-R-"), 0.9, 4),
        "guitar": Part(25, ("x-..x-xx..xxx-x-", "x---x-x-..x-x-x-"), 0.85, -10, 0.35),
        "keys": Part(0, ("..x-..x-..x-..x-", "x-..x-..x-..x-x-"), 0.7, -8, -0.3),
        "pad": Part(48, ("x---------------",), 0.98, -30),
    },
    grooves=(
        {KICK: "X.......X.o.....", SNARE: "....X.......X...", CLOSED: "x.o.x.o.x.o.x.o."},
        {
            KICK: "X.....o.X.o.....", SNARE: "....X.......X..o", CLOSED: "x.x.x.x.x.x.x...",
            OPEN: "..............x.", TAMBOURINE: "..o...o...o...o.",
        },
    ),
)  # fmt: skip

MELANCHOLIC = Recipe(
    tempo=(72, 86),
    beats=3,
    modes=("aeolian",),
    phrases=(("i", "VI", "III", "VII"), ("i", "iv", "VI", "V"), ("VI", "VII", "iv", "V")),
    cadence=("iv", "V7"),
    tonic="i",
    velocity=66,
    cells=("x-------x---", "x---x---x---", "x-----x-x---", "x---x-x-x---"),
    endings=("x-----------", "x---x-------"),
    register=(60, 76),
    leaps=0.12,
    lead=Part(42, (), 0.98, 8, -0.1),
    parts={
        "bass": Part(32, ("R-----------", "R-------5---"), 0.97),
        "keys": Part(0, ("1-2-3-4-3-2-", "1-3-2-3-4-3-"), 1.0, -8, 0.2),
        "pad": Part(48, ("x-----------",), 0.99, -14),
    },
    ritard=0.8,
)

TENSE = Recipe(
    tempo=(136, 156),
    beats=4,
    modes=("harmonic minor", "phrygian"),
    phrases=(
        ("imaj7", "imaj7", "bIImaj7", "V7b9"),
        ("i", "iio", "bIImaj7", "viio7"),
        ("imaj7", "#ivo7", "viio7", "V7b9"),
    ),
    cadence=("iio", "V7b9"),
    tonic="i",
    velocity=104,
    cells=("x-----..x-----..", "..x---..x---....", "x-------x-x-....", "x---....x---x-x-"),
    endings=("x---------......", "x---x-..x-......"),
    register=(60, 75),
    leaps=0.3,
    lead=Part(44, (), 0.9, 4, -0.15),
    parts={
        "bass": Part(38, ("R.R.R.R.R.R.R.R.", "R.R.R.8.R.R.5.R."), 0.9, 2),
        "keys": Part(0, ("x..x..x.....x...", "x.....x..x......"), 0.8, -6, 0.25),
        "guitar": Part(28, ("x.xx..x.x.xx..x.", "x.x.x.x.x.x.x.x."), 0.7, -16, -0.35),
        "pad": Part(44, ("x-------x-------", "x---------------"), 0.98, -16),
    },
    grooves=(
        {
            KICK: "X.....x.X.....x.", LOW_TOM: "X..x..x.X..x..x.",
            MID_TOM: "..............xx", CLOSED: "x.o.x.o.x.o.x.o.",
        },
        {
            KICK: "X.x...x.X.x...x.", SNARE: "....X.......X.oo",
            LOW_TOM: "X..x..x.X..x....", CLOSED: "x.o.x.o.x.o.x.o.",
        },
    ),
)  # fmt: skip

PLAYFUL = Recipe(
    tempo=(144, 164),
    beats=4,
    modes=("ionian", "mixolydian"),
    phrases=(("I", "VI7", "II7", "V7"), ("I", "I7", "IV", "iv"), ("iii", "VI7", "ii", "V7")),
    cadence=("II7", "V7"),
    tonic="I",
    velocity=78,
    cells=("x.x.x-..x.x.x-..", "x...x.x.x.x.x...", "x.x.x.x.x-..x...", "..x.x.x.x...x.x."),
    endings=("x.x.x...x.......", "x...x...x-......"),
    register=(69, 84),
    leaps=0.45,
    lead=Part(71, (), 0.55, 8, 0.15),
    parts={
        "bass": Part(58, ("R-......5-......", "R-......5-..R-.."), 0.7),
        "keys": Part(12, ("....x.......x...", "....x.......x.x."), 0.6, -4, -0.25),
        "guitar": Part(105, ("....x.x.....x.x.", "..1.2.3.4.3.2.1."), 0.6, -14, 0.35),
    },
    grooves=(
        {HIGH_BLOCK: "..x...x...x...xx", LOW_BLOCK: "x.......x.......", SIDE: "....o.......o..."},
        {
            KICK: "x.......x.......", SIDE: "....x.......x...", SHAKER: "o.o.o.o.o.o.o.o.",
            TRIANGLE: "x...............",
        },
    ),
    swing=0.64,
)  # fmt: skip

MAJESTIC = Recipe(
    tempo=(84, 98),
    beats=4,
    modes=("ionian",),
    phrases=(("I", "V", "vi", "IV"), ("I", "bVII", "IV", "V"), ("bVI", "bVII", "I", "V")),
    cadence=("bVI", "bVII"),
    tonic="I",
    velocity=108,
    cells=("x-----x-x-------", "x---x--xx---x---", "x-------x-----x-", "x---x---x-----x-"),
    endings=("x---------------", "x-----x-x-------"),
    register=(62, 79),
    leaps=0.3,
    lead=Part(56, (), 0.95, 6, 0.0),
    parts={
        "bass": Part(43, ("R-------8---5---", "R---R---8---5---"), 0.95, 2),
        "keys": Part(61, ("x-----x-x-------", "x---------------"), 0.95, -12, 0.2),
        "pad": Part(48, ("x---------------", "x-------x-------"), 0.98, -10, -0.15),
    },
    grooves=(
        {KICK: "X.......x.......", LOW_TOM: "X.......x.....xx", SNARE: "........X.......",},
        {KICK: "X.......X.......", SNARE: "..xxX...x.xxX...", LOW_TOM: "X.......X......."},
    ),
    ritard=0.8,
)  # fmt: skip

MYSTERIOUS = Recipe(
    tempo=(84, 98),
    beats=4,
    modes=("aeolian", "harmonic minor"),
    phrases=(
        ("imaj7", "bVImaj7", "imaj7", "bII"),
        ("iadd9", "iv7", "#ivo7", "bIImaj7"),
        ("bVImaj7", "imaj7", "viio7", "imaj7"),
    ),
    cadence=("iv7", "bII"),
    tonic="iadd9",
    velocity=46,
    cells=("....x-------....", "x-----..........", "........x---x---", "x---....x-------"),
    endings=("x-------........", "....x-----------"),
    register=(66, 82),
    leaps=0.35,
    lead=Part(79, (), 0.97, 8, 0.2),
    parts={
        "bass": Part(39, ("R---------------", "R-----------...."), 0.98),
        "keys": Part(8, ("......1---2-..4-", "....3-..1-....2-"), 1.0, -2, -0.35),
        "pad": Part(95, ("x---------------",), 0.99, -2),
    },
    grooves=(
        {RIDE: "o.........o....."},
        {TRIANGLE: "o...............", LOW_TOM: "..............o."},
    ),
    ritard=0.85,
)

RECIPES: Final[Mapping[Mood, Recipe]] = {
    "calm": CALM,
    "cheerful": CHEERFUL,
    "melancholic": MELANCHOLIC,
    "tense": TENSE,
    "playful": PLAYFUL,
    "majestic": MAJESTIC,
    "mysterious": MYSTERIOUS,
}
