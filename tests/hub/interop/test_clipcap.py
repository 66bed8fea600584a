"""ClipCap's checkpoints: what they are, what they compute, what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.tiny_checkpoints import changed, random_state
from torch import Tensor

from sonolume.errors import InteropError
from sonolume.hub.interop.clipcap import infer_gpt, infer_mapper, read_clipcap
from sonolume.models.decoding import BeamSettings, beam_search
from sonolume.models.full.clipcap import ClipCap, ClipCapSteps, MapperConfig

Array = NDArray[np.float64]
MLP = MapperConfig(embedding=24, width=128, prefix=3)
TRANSFORMER = MapperConfig(embedding=24, width=128, prefix=4, depth=2, tokens=5)
PIECES, PLACES = 30, 20


def network(config: MapperConfig, depth: int = 2) -> ClipCap:
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"vocab_size": PIECES, "n_positions": PLACES, "n_embd": 128, "n_head": 2}
    with torch.device("meta"):
        return ClipCap(config, GPT2LMHeadModel(GPT2Config(**sizes, n_layer=depth)))


@pytest.fixture(scope="module", params=[MLP, TRANSFORMER], ids=["mlp", "transformer"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as its authors wrote it: tied tables, and the masks of that time's GPT-2."""
    state = random_state(network(request.param))
    state["gpt.lm_head.weight"] = state["gpt.transformer.wte.weight"]
    for block in range(2):
        mask = torch.ones(PLACES, PLACES, dtype=torch.uint8).tril()[None, None].contiguous()
        state[f"gpt.transformer.h.{block}.attn.bias"] = mask
        state[f"gpt.transformer.h.{block}.attn.masked_bias"] = torch.tensor(-1e4)
    path = tmp_path_factory.mktemp("clipcap") / "coco_weights.pt"
    torch.save(state, path)
    return path


def saved(path: Path) -> dict[str, Array]:
    return {k: v.double().numpy() for k, v in torch.load(path, weights_only=True).items()}


def layer_norm(x: Array, w: dict[str, Array], name: str) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return centred / spread * w[f"{name}.weight"] + w[f"{name}.bias"]


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attended(q: Array, k: Array, v: Array, heads: int, mask: Array | None = None) -> Array:
    """One row: q [N, C], k and v [M, C], each head a slice of C / heads columns."""
    size = q.shape[1] // heads
    parts = []
    for head in range(heads):
        cut = slice(head * size, (head + 1) * size)
        scores = q[:, cut] @ k[:, cut].T / math.sqrt(size)
        parts.append(softmax(scores if mask is None else scores + mask) @ v[:, cut])
    return np.concatenate(parts, axis=1)


def mapped(w: dict[str, Array], embedding: Array) -> Array:
    """The prefix [P, C] of one embedding, as the paper has it."""
    root = "clip_project"
    if f"{root}.prefix_const" not in w:
        hidden = np.tanh(w[f"{root}.model.0.weight"] @ embedding + w[f"{root}.model.0.bias"])
        out = w[f"{root}.model.2.weight"] @ hidden + w[f"{root}.model.2.bias"]
        return out.reshape(-1, 128)
    told = (w[f"{root}.linear.weight"] @ embedding + w[f"{root}.linear.bias"]).reshape(-1, 128)
    x = np.concatenate([told, w[f"{root}.prefix_const"]])
    for block in range(2):
        name = f"{root}.transformer.layers.{block}"
        y = layer_norm(x, w, f"{name}.norm1")
        both = (y @ w[f"{name}.attn.to_keys_values.weight"].T).reshape(-1, 2, 8, 16)
        keys, values = both[:, 0].reshape(-1, 128), both[:, 1].reshape(-1, 128)
        read = attended(y @ w[f"{name}.attn.to_queries.weight"].T, keys, values, 8)
        x = x + read @ w[f"{name}.attn.project.weight"].T + w[f"{name}.attn.project.bias"]
        y = layer_norm(x, w, f"{name}.norm2")
        y = np.maximum(y @ w[f"{name}.mlp.fc1.weight"].T + w[f"{name}.mlp.fc1.bias"], 0)
        x = x + y @ w[f"{name}.mlp.fc2.weight"].T + w[f"{name}.mlp.fc2.bias"]
    return x[len(told) :]


def next_logs(w: dict[str, Array], prefix: Array, said: list[int]) -> Array:
    """Log-probabilities of the piece after `said` (Radford et al. 2019)."""
    root = "gpt.transformer"
    x = np.concatenate([prefix, w[f"{root}.wte.weight"][said]])
    x = x + w[f"{root}.wpe.weight"][: len(x)]
    mask = np.triu(np.full((len(x), len(x)), -np.inf), 1)
    for block in range(2):
        name = f"{root}.h.{block}"
        y = layer_norm(x, w, f"{name}.ln_1")
        both = y @ w[f"{name}.attn.c_attn.weight"] + w[f"{name}.attn.c_attn.bias"]
        read = attended(*np.split(both, 3, axis=1), 2, mask)
        x = x + read @ w[f"{name}.attn.c_proj.weight"] + w[f"{name}.attn.c_proj.bias"]
        y = layer_norm(x, w, f"{name}.ln_2")
        y = y @ w[f"{name}.mlp.c_fc.weight"] + w[f"{name}.mlp.c_fc.bias"]
        y = 0.5 * y * (1 + np.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))
        x = x + y @ w[f"{name}.mlp.c_proj.weight"] + w[f"{name}.mlp.c_proj.bias"]
    logits = layer_norm(x, w, f"{root}.ln_f")[-1] @ w[f"{root}.wte.weight"].T
    return np.log(softmax(logits))


def test_the_published_sizes() -> None:
    """MLP 512 → 3840 → 7680 of ten tokens; transformer 40 + 40 tokens, eight layers."""
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.device("meta"):
        gpt = GPT2LMHeadModel(GPT2Config())
        mlp = ClipCap(MapperConfig(), gpt).state_dict()
        big = ClipCap(MapperConfig(640, prefix=40, depth=8, tokens=40), gpt).state_dict()
    assert list(mlp["clip_project.model.0.weight"].shape) == [3840, 512]
    assert list(mlp["clip_project.model.2.weight"].shape) == [7680, 3840]
    assert list(big["clip_project.linear.weight"].shape) == [40 * 768, 640]
    layer = "clip_project.transformer.layers.7"
    assert list(big[f"{layer}.attn.to_keys_values.weight"].shape) == [1536, 768]
    assert f"{layer}.attn.to_keys_values.bias" not in big
    assert list(big[f"{layer}.mlp.fc1.weight"].shape) == [1536, 768]
    path = Path("some.pt")
    assert infer_mapper(path, mlp) == MapperConfig()
    assert infer_mapper(path, big) == MapperConfig(640, prefix=40, depth=8, tokens=40)
    assert infer_gpt(path, mlp) == {
        "vocab_size": 50257, "n_positions": 1024, "n_embd": 768, "n_layer": 12, "n_head": 12,
    }  # fmt: skip


def test_it_computes_what_the_papers_say(published: Path) -> None:
    model, w = read_clipcap(published), saved(published)
    assert not any(p.requires_grad for p in model.parameters())
    embeddings = 3 * torch.randn(2, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        prefix = model.prefix(embeddings)
    expected = np.stack([mapped(w, row) for row in embeddings.double().numpy()])
    np.testing.assert_allclose(prefix.numpy(), expected, atol=1e-4, rtol=1e-4)
    steps = ClipCapSteps(model, embeddings)
    texts, order = torch.zeros(2, 0, dtype=torch.long), torch.arange(2)
    rows = [0, 1]
    for _ in range(4):
        with torch.no_grad():
            heard = steps(texts, order)
        for row, text, logs in zip(rows, texts.tolist(), heard, strict=True):
            told = next_logs(w, expected[row], text)
            np.testing.assert_allclose(logs.numpy(), told, atol=1e-4, rtol=1e-4)
        order = torch.tensor([1, 0, 1])  # as a beam crosses and doubles its rows
        rows = [rows[i] for i in order]
        texts = torch.cat([texts[order], heard.argmax(1)[order, None]], dim=1)


def test_beam_search_finds_the_best_mean(published: Path) -> None:
    """All texts of up to two pieces, and their end, by the independent statement."""
    model, w = read_clipcap(published), saved(published)
    embedding = torch.randn(1, 24, generator=torch.Generator().manual_seed(2))
    settings = BeamSettings(PIECES**2, shortest=0, longest=2, length_power=1.0, ngram=0)
    found = beam_search(ClipCapSteps(model, embedding), torch.zeros(1, 0).long(), 13, settings)[0]
    prefix = mapped(w, embedding[0].double().numpy())
    firsts = next_logs(w, prefix, [])
    scores = {(): firsts[13]}
    for a in set(range(PIECES)) - {13}:
        seconds = next_logs(w, prefix, [a])
        scores[(a,)] = (firsts[a] + seconds[13]) / 2
        b = int(np.argmax(np.delete(seconds, 13)))
        b += b >= 13
        best = (firsts[a] + seconds[b] + next_logs(w, prefix, [a, b])[13]) / 3
        scores[a, b] = max(best, scores.get((a, b), -np.inf))
    assert found.score >= max(scores.values()) - 1e-4


@pytest.mark.parametrize("left", ["gpt.lm_head.weight", "gpt.transformer.wte.weight"])
def test_a_tied_table_may_stand_there_once(published: Path, tmp_path: Path, left: str) -> None:
    changes: dict[str, Tensor | None] = {left: None}
    model = read_clipcap(changed(published, tmp_path / "once.pt", **changes))
    gpt = model.gpt
    assert gpt.lm_head.weight is gpt.transformer.wte.weight


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"gpt.transformer.h.1.ln_1.bias": None},
            r"h\.1\.ln_1\.bias is missing \(expected \[128\]",
        ),
        ({"gpt.transformer.wpe.weight": torch.ones(20)}, r"wpe\.weight has shape \[20\]"),
        ({"extra": torch.ones(3)}, "extra is not part of this model"),
        (
            {"gpt.transformer.wte.weight": torch.ones(30, 96), "gpt.lm_head.weight": None},
            r"no GPT-2: 2 blocks of width 96|no tokens of width 96",
        ),
        (
            {"gpt.transformer.wte.weight": None, "gpt.lm_head.weight": None},
            r"wte\.weight is missing; is it another model",
        ),
    ],
)
def test_what_is_refused(
    published: Path, tmp_path: Path, changes: dict[str, Tensor | None], message: str
) -> None:
    with pytest.raises(InteropError, match=message):
        read_clipcap(changed(published, tmp_path / "odd.pt", **changes))


def test_a_mapper_that_gives_no_whole_tokens(published: Path, tmp_path: Path) -> None:
    if "clip_project.linear.weight" in saved(published):
        key, width = "clip_project.linear.weight", 24
    else:
        key, width = "clip_project.model.2.weight", 192
    path = changed(published, tmp_path / "odd.pt", **{key: torch.ones(130, width)})
    with pytest.raises(InteropError, match="gives 130 numbers, no tokens of width 128"):
        read_clipcap(path)


def test_a_pickle_with_more_than_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"gpt.transformer.wte.weight": Path("/")}, path)
    with pytest.raises(InteropError, match="holds more than tensors"):
        read_clipcap(path)
