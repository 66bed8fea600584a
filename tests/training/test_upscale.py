"""Stage `upscale` on a few photos of its own."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonolume.errors import DataError
from sonolume.hub.upscaler import load_upscaler
from sonolume.models.upscaler import UpscalerConfig
from sonolume.training.loop import train
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.upscale import Upscale, UpscaleSettings

SMALL = UpscaleSettings(batch=4, network=UpscalerConfig(width=8, blocks=1))


def write_shard(data: Path, splits: list[str], low_res: bool = False) -> None:
    (data / "pictures").mkdir(parents=True)
    rng = np.random.default_rng(0)
    with tarfile.open(data / "pictures" / "pictures-0000.tar.gz", "w:gz") as archive:
        for index, split in enumerate(splits):
            coarse = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8))
            photo = io.BytesIO()
            coarse.resize((128, 128), Image.Resampling.NEAREST).save(photo, "WEBP", lossless=True)
            facts = {"key": f"p{index}", "concept": None, "split": split, "group": str(index)}
            facts |= {"licence": "own", "low_res": low_res}
            for ending, blob in (("webp", photo.getvalue()), ("json", json.dumps(facts).encode())):
                member = tarfile.TarInfo(f"p{index}.{ending}")
                member.size = len(blob)
                archive.addfile(member, io.BytesIO(blob))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_shard(tmp_path / "data", ["train"] * 6 + ["validation"] * 2)
    return tmp_path / "data"


def test_batch_is_a_function_of_the_generator(data: Path) -> None:
    stage = Upscale(data, SMALL)
    first, again = (stage.batch(np.random.default_rng(3)) for _ in range(2))
    for name in ("targets", "halves", "quarters"):
        torch.testing.assert_close(first[name], again[name])
    assert first["targets"].shape == (4, 3, 64, 64)
    assert first["halves"].shape == (3, 3, 32, 32)
    assert first["quarters"].shape == (1, 3, 16, 16)


def test_targets_stand_beside_their_inputs(data: Path) -> None:
    batch = Upscale(data, SMALL).batch(np.random.default_rng(3))
    halves = torch.nn.functional.avg_pool2d(batch["targets"][:3], 2)
    own = (halves - batch["halves"]).abs().mean()
    other = (halves - batch["halves"].roll(1, 0)).abs().mean()
    assert own < 0.3 * other


def test_training_learns_and_exports(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    stage = Upscale(data, SMALL)
    with torch.no_grad():
        before = stage.validate(tmp_path / "before")
    assert before["l1"] == pytest.approx(before["l1_bicubic"])
    settings = LoopSettings(steps=60, rate=3e-3, warmup=1, average=0.5, precision="fp32")
    export = train(stage, settings, tmp_path / "run", quiet=True)
    picture = torch.rand(1, 3, 8, 8) * 2 - 1
    with torch.no_grad():
        after, expected = stage.validate(tmp_path / "after"), stage.model(picture)
    assert after["l1"] < 0.95 * before["l1"]
    assert (tmp_path / "after" / "samples.png").stat().st_size > 0
    torch.testing.assert_close(load_upscaler(export)(picture), expected, atol=0.02, rtol=0.02)


def test_enlarged_photos_are_no_targets(tmp_path: Path) -> None:
    write_shard(tmp_path, ["train", "validation"], low_res=True)
    with pytest.raises(DataError, match="no photos of full resolution"):
        Upscale(tmp_path, SMALL)
