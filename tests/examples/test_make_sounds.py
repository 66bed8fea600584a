"""The synthesised examples: same bytes every time, sound levels, and the physics they claim."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from scipy.signal import find_peaks

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = ("thunder", "rain", "waves", "birds", "fire", "wind", "bell")
RATE = 32_000


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sounds", FOLDER / "make_sounds.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_sounds = _load()


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return {name: make_sounds.synthesise(name) / 32_768 for name in NAMES}


def share(wave: np.ndarray, low: float, high: float) -> float:
    """Part of the energy between two frequencies in Hz."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE)
    return float(power[(frequencies >= low) & (frequencies < high)].sum() / power.sum())


def envelope(wave: np.ndarray, seconds: float) -> np.ndarray:
    frame = round(seconds * RATE)
    frames = wave[: len(wave) // frame * frame].reshape(-1, frame)
    return np.sqrt((frames**2).mean(axis=1))


def test_another_process_writes_the_same_bytes(
    sounds: dict[str, np.ndarray], tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    script = [sys.executable, str(FOLDER / "make_sounds.py"), str(there)]
    subprocess.run(script, check=True)
    here.mkdir()
    assert sorted(path.stem for path in there.iterdir()) == sorted(NAMES)
    for name in NAMES:
        samples = (sounds[name] * 32_768).astype(np.int16)
        soundfile.write(here / f"{name}.flac", samples, RATE, subtype="PCM_16")
        assert (here / f"{name}.flac").read_bytes() == (there / f"{name}.flac").read_bytes()


def test_another_seed_makes_another_rain(sounds: dict[str, np.ndarray]) -> None:
    other = make_sounds.synthesise("rain", seed=1) / 32_768
    assert abs(np.corrcoef(other, sounds["rain"])[0, 1]) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_level_length_and_edges(name: str, sounds: dict[str, np.ndarray]) -> None:
    wave = sounds[name]
    assert 5 <= len(wave) / RATE <= 8
    assert np.abs(wave).max() == pytest.approx(0.8, abs=0.002)
    assert 0.01 < np.sqrt((wave**2).mean()) < 0.3
    assert abs(wave.mean()) < 1e-3
    assert wave[0] == wave[-1] == 0


@pytest.mark.parametrize("name", NAMES)
def test_kept_file_is_what_the_script_makes(name: str, sounds: dict[str, np.ndarray]) -> None:
    path = FOLDER / "sounds" / f"{name}.flac"
    about = soundfile.info(path)
    assert (about.samplerate, about.channels, about.subtype) == (RATE, 1, "PCM_16")
    assert path.stat().st_size <= 200_000
    kept, _ = soundfile.read(path)
    # Another machine's FFT may round a sample to the next step.
    assert np.abs(kept - sounds[name]).max() <= make_sounds.STEP / 32_768


def test_thunder_is_low_and_dies_away(sounds: dict[str, np.ndarray]) -> None:
    thunder = sounds["thunder"]
    assert share(thunder, 20, 400) > 0.75
    near, far = thunder[RATE // 2 : 2 * RATE], thunder[4 * RATE : 5 * RATE]
    # The far rolls have lost more of their upper part on the way.
    upper = [share(part, 150, 300) / share(part, 20, 150) for part in (near, far)]
    assert upper[0] > 1.5 * upper[1]
    level = envelope(thunder, 0.5)
    assert level[:4].max() > 4 * level[-3:].max()


def test_rain_is_broad_and_steady(sounds: dict[str, np.ndarray]) -> None:
    rain = sounds["rain"]
    octaves = [share(rain, low, 2 * low) for low in (500, 1000, 2000, 4000)]
    assert min(octaves) > 0.05
    level = envelope(rain, 0.25)[1:-1]
    assert level.std() < 0.25 * level.mean()


def test_waves_swell_three_times_and_brighten_as_they_break(
    sounds: dict[str, np.ndarray],
) -> None:
    waves = sounds["waves"]
    level = envelope(waves, 0.1)
    smooth = np.convolve(level, np.ones(7) / 7, "same")
    peaks, _ = find_peaks(smooth, prominence=0.2 * smooth.max())
    assert len(peaks) == 3
    assert all(1.5 < gap * 0.1 < 3 for gap in np.diff(peaks))
    crest, before = int(peaks[1] * 0.1 * RATE), int((peaks[1] * 0.1 - 1.1) * RATE)
    half = RATE // 4
    assert share(waves[crest : crest + 2 * half], 1000, 8000) > share(
        waves[before : before + 2 * half], 1000, 8000
    )


def test_birds_whistle_with_pauses(sounds: dict[str, np.ndarray]) -> None:
    birds = sounds["birds"]
    assert share(birds, 2000, 8000) > 0.9
    level = envelope(birds, 0.02)
    assert (level < 0.1 * level.max()).mean() > 0.3
    # A whistle is one line: its strongest tenth of a second lies in a narrow band.
    loudest = int(level.argmax() * 0.02 * RATE)
    power = np.abs(np.fft.rfft(birds[loudest : loudest + RATE // 40] * np.hanning(RATE // 40))) ** 2
    assert np.sort(power)[-12:].sum() > 0.9 * power.sum()


def test_fire_crackles(sounds: dict[str, np.ndarray]) -> None:
    fire = sounds["fire"]
    assert share(fire, 20, 200) > 0.3
    spectrum = np.fft.rfft(fire)
    spectrum[np.fft.rfftfreq(len(fire), 1 / RATE) < 600] = 0
    crackle = np.fft.irfft(spectrum, len(fire))
    # Far more peaked than Gaussian noise, whose kurtosis is 3.
    assert np.mean(crackle**4) / np.mean(crackle**2) ** 2 > 20


def test_wind_is_even_below_one_kilohertz_and_falls_off_above(
    sounds: dict[str, np.ndarray],
) -> None:
    wind = sounds["wind"]
    low = [share(wind, edge, 2 * edge) for edge in (62.5, 125, 250, 500)]
    assert max(low) < 2.5 * min(low)
    high = [share(wind, edge, 2 * edge) for edge in (500, 1000, 2000)]
    assert high[0] > 4 * high[1] > 16 * high[2]


def test_wind_gusts_slowly_and_flutters(sounds: dict[str, np.ndarray]) -> None:
    level = envelope(sounds["wind"], 0.02)[5:-5]
    slow = np.convolve(level, np.ones(50) / 50, "valid")
    assert slow.max() > 1.4 * slow.min()
    spectrum = np.abs(np.fft.rfft(level / level.mean() - 1)) ** 2
    rate = np.fft.rfftfreq(len(level), 0.02)
    # Noise itself would put as much between 15 and 20 Hz as between 3 and 8.
    assert spectrum[(rate > 3) & (rate < 8)].mean() > 2 * spectrum[rate > 15].mean()


def test_bell_has_the_partials_of_a_minor_third_bell(sounds: dict[str, np.ndarray]) -> None:
    stroke = sounds["bell"][round(0.2 * RATE) : round(2.2 * RATE)]
    power = np.abs(np.fft.rfft(stroke * np.hanning(len(stroke)), 4 * len(stroke))) ** 2
    frequencies = np.fft.rfftfreq(4 * len(stroke), 1 / RATE)
    prime = make_sounds.PRIME
    for ratio in (0.5, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0):
        near = np.abs(frequencies / (prime * ratio) - 1) < 0.03
        found = frequencies[near][power[near].argmax()]
        assert found / prime == pytest.approx(ratio, rel=0.008)
        assert power[near].max() > 100 * np.median(power[near])


def test_bell_strikes_thrice_and_low_partials_outlive_high_ones(
    sounds: dict[str, np.ndarray],
) -> None:
    bell = sounds["bell"]
    level = envelope(bell, 0.02)
    onsets, _ = find_peaks(np.diff(level), height=0.25 * np.diff(level).max(), distance=20)
    assert len(onsets) == 3
    early, late = bell[round(0.2 * RATE) :][: RATE // 2], bell[round(1.7 * RATE) :][: RATE // 2]
    assert share(early, 1300, 8000) > 2 * share(late, 1300, 8000)
