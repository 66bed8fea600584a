"""AudioCLIP's checkpoint: what it is, what is refused."""

import pytest
import torch
from tests.tiny_checkpoints import changed

from sonolume.errors import InteropError
from sonolume.hub.interop.audioclip import infer_clip, infer_sound, read_audioclip
from sonolume.models.full.audioclip import AudioClip
from sonolume.models.full.clip_resnet import ClipResNetConfig
from sonolume.models.full.esresnext import EsResNextConfig


def test_the_published_size() -> None:
    with torch.device("meta"):
        network = AudioClip(ClipResNetConfig(), EsResNextConfig())
    state = network.state_dict()
    assert sum(p.numel() for p in network.audio.parameters()) == 32_104_771
    assert sum(p.numel() for p in network.parameters()) == 102_007_137 + 32_104_771 + 2
    size = sum(t.numel() * t.element_size() for t in state.values())
    assert 0 < 537_302_068 - size < 400 * len(state)  # of the published file, which names them too
    assert list(state["audio.fbsp.bias"].shape) == [0]
    assert list(state["audio.att1.conv_depth.weight"].shape) == [64, 1, 3, 1]
    assert list(state["audio.att5.conv_depth.weight"].shape) == [2048, 1, 3, 5]
    assert list(state["visual.layer2.0.downsample.0.weight"].shape) == [512, 256, 1, 1]
    assert list(state["text_projection"].shape) == [512, 1024]
    assert infer_clip("some.pt", state) == ClipResNetConfig()
    assert infer_sound("some.pt", state) == EsResNextConfig()


def test_a_small_one_is_read(tiny_audioclip) -> None:
    found = read_audioclip(tiny_audioclip)
    assert found.side == 64
    assert not found.training
    assert not any(p.requires_grad for p in found.parameters())
    saved = torch.load(tiny_audioclip, weights_only=True)
    assert found.state_dict().keys() == saved.keys()
    assert all(torch.equal(v, saved[k]) for k, v in found.state_dict().items())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio.att3.bn.weight": None}, r"audio\.att3\.bn\.weight is missing \(expected \[128\]"),
        ({"audio.fbsp.m": torch.ones(513)}, r"audio\.fbsp\.m has shape \[513\]; expected \[1025\]"),
        ({"audio.window": torch.ones(1024)}, r"audio\.window has shape \[1024\]; expected \[1654"),
        ({"logit_scale_at": None}, "logit_scale_at is missing"),
        ({"text_projection": None}, "text_projection is missing; is it another model"),
        ({"audio.fc.weight": torch.ones(23, 256)}, r"audio\.fc\.bias has shape|audio\.fc\.weight"),
        ({"visual.proj": torch.ones(2, 2)}, r"visual\.proj is not part of this model"),
        ({"visual.layer4.0.bn3.weight": torch.ones(128).long()}, r"holds torch\.int64"),
        (
            {"visual.attnpool.positional_embedding": torch.ones(6, 128)},
            "no RN50 of CLIP: 6 places of width 128",
        ),
        (
            {"audio.layer1.0.conv2.weight": torch.ones(16, 3, 3, 3)},
            r"audio\.layer1\.0\.conv2\.weight has no groups of 3",
        ),
    ],
)
def test_what_is_wrong_is_named(tiny_audioclip, tmp_path, changes, message) -> None:
    path = changed(tiny_audioclip, tmp_path / "changed.pt", **changes)
    with pytest.raises(InteropError, match=message) as told:
        read_audioclip(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_a_checkpoint_of_clip_alone_is_refused(tiny_audioclip, tmp_path) -> None:
    state = torch.load(tiny_audioclip, weights_only=True)
    torch.save({k: v for k, v in state.items() if "audio" not in k}, tmp_path / "clip.pt")
    with pytest.raises(InteropError, match=r"audio\.layer1\.0\.conv2\.weight is missing"):
        read_audioclip(tmp_path / "clip.pt")
