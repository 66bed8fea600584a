"""What the first minute costs: `python benchmarks/first_minute.py` prints a Markdown table.

Every figure comes from processes of its own: times are medians over repeats, memory is the largest.
Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOUND = Path(__file__).parents[1] / "examples" / "sounds" / "thunder.flac"
WORDS = "a beach"

# Seconds of each of several pictures in a warm process, one a line.
PICTURES = """
import sys, time
import sonolume
from sonolume.pipelines.paint.settings import usual_settings

sound, words, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
paint = sonolume.load("paint")
for number in range(count + 1):
    begun = time.perf_counter()
    request = paint.request(sound, words, seed=number)
    paint.paint_many([request], usual_settings(paint.parts, {"size": size}))
    if number:
        print(time.perf_counter() - begun)
"""
# Processor seconds of our log-mel and of librosa's over the same noise in turn, a pair a line.
FRONT_ENDS = """
import sys, time
import librosa, numpy, torch
from sonolume.signal import mel

noise = numpy.random.default_rng(0).uniform(-1, 1, 10 * mel.RATE).astype(numpy.float32)
front, waveform = mel.LogMel(), torch.from_numpy(noise)[None]

def peer():
    power = librosa.feature.melspectrogram(
        y=noise, sr=mel.RATE, n_fft=mel.N_FFT, hop_length=mel.HOP, win_length=mel.WIN,
        n_mels=mel.N_MELS, fmin=mel.F_MIN, fmax=mel.F_MAX, pad_mode="constant",
    )
    return numpy.log(numpy.maximum(power, mel.FLOOR))

for number in range(int(sys.argv[1]) + 5):
    times = [time.process_time()]
    for run in (lambda: front(waveform), peer):
        run()
        times.append(time.process_time())
    if number >= 5:
        print(times[1] - times[0], times[2] - times[1])
"""


@dataclass(frozen=True)
class Row:
    """One figure, and what it was wanted to be."""

    what: str
    found: str
    wanted: str = ""


def machine() -> str:
    """The kind of machine, in words."""
    page = Path("/proc/cpuinfo")
    lines = page.read_text("utf-8").splitlines() if page.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    kind = models[0] if models else platform.processor() or platform.machine()
    return (
        f"{kind}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def run(arguments: Sequence[str], threads: int | None = None) -> tuple[str, float, int]:
    """Output, seconds and peak memory in bytes of a Python process."""
    surroundings = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    if threads is not None:
        surroundings["OMP_NUM_THREADS"] = str(threads)
    with tempfile.TemporaryFile("w+") as page:
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=page, env=surroundings)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(arguments[:3])} failed")
        page.seek(0)
        scale = 1 if sys.platform == "darwin" else 1024
        return page.read(), seconds, scale * usage.ru_maxrss


def starts(repeats: int) -> list[Row]:
    """How soon `--help` is there."""
    arguments = ["-m", "sonolume", "--help"]
    seconds = statistics.median(run(arguments)[1] for _ in range(repeats))
    return [Row("`sonolume --help`", f"{seconds:.2f} s", "0.4 s")]


def commands(repeats: int) -> list[Row]:
    """`sonolume paint` from start to file: time and peak memory."""
    rows = []
    for size, wanted in ((128, ("5 s", "1.2 GB")), (512, ("", "1.2 GB"))):
        with tempfile.TemporaryDirectory() as folder:
            target = f"{folder}/picture.png"
            told = ["-m", "sonolume", "paint", str(SOUND), WORDS, "--quiet", "--force"]
            told += ["-o", target, "--size", str(size)]
            runs = [run(told) for _ in range(repeats)]
        seconds = statistics.median(seconds for _, seconds, _ in runs)
        memory = max(memory for _, _, memory in runs) / 1e9
        rows.append(Row(f"the command, start to file, {size} px", f"{seconds:.2f} s", wanted[0]))
        rows.append(Row(f"its peak memory, {size} px", f"{memory:.2f} GB", wanted[1]))
    return rows


def pictures(repeats: int) -> list[Row]:
    """A picture from sound and words in a process that is warm."""
    rows = []
    for size, wanted in ((128, "1 s"), (512, "2.5 s")):
        for threads in (1, 2):
            told = ["-c", PICTURES, str(SOUND), WORDS, str(size), str(repeats)]
            seconds = statistics.median(map(float, run(told, threads)[0].split()))
            name = f"a picture of {size} px, {threads} thread{'s' * (threads > 1)}"
            rows.append(Row(name, f"{seconds:.2f} s", wanted if threads == 2 else ""))
    return rows


def front_ends(repeats: int) -> list[Row]:
    """The mel front end beside librosa's."""
    lines = run(["-c", FRONT_ENDS, str(20 * repeats)], 1)[0].splitlines()
    ours, peer = (statistics.median(column) for column in zip(*map(_floats, lines), strict=True))
    found = f"{1e3 * ours:.2f} ms, librosa {1e3 * peer:.2f} ms: {peer / ours:.1f} times"
    return [Row("log-mel of 10 s, 1 thread", found, "5 times")]


def _floats(line: str) -> list[float]:
    return [float(word) for word in line.split()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Print what the first minute costs.")
    parser.add_argument("--repeats", type=int, default=5, help="of every figure")
    repeats: int = parser.parse_args().repeats
    print(f"{machine()}\n")
    print("| what | found | wanted at most (front end: at least) |\n| --- | --- | --- |")
    for measure in (starts, commands, pictures, front_ends):
        for row in measure(repeats):
            print(f"| {row.what} | {row.found} | {row.wanted} |", flush=True)


if __name__ == "__main__":
    main()
