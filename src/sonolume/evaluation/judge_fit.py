"""Training the judge's heads on photos of the train split."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from sonolume.data.shards import SIDE, Photo, read_photos
from sonolume.errors import DataError
from sonolume.evaluation.classification import macro_top_k
from sonolume.evaluation.judge import NET, Features, Head, features
from sonolume.media.picture import Picture
from sonolume.models.teachers import MobileNetV1, load_teacher

SIDES: Final = (SIDE, 64)  # pictures of both sizes are judged, so both are learnt
DECAYS: Final = (1e-3, 1e-2, 1e-1)

SCENES: Final = {
    "beach": {"beach", "sea"},
    "city": {"city", "street"},
    "forest": {"forest"},
    "mountain": {"mountain", "glacier"},
}
ELSEWHERE: Final = "elsewhere"


def scene(photo: Photo) -> str | None:
    """The scene that a photo shows, "elsewhere" for none of them, None where several are named."""
    found = [name for name, tags in SCENES.items() if tags.intersection(photo.tags)]
    if not found and photo.concept == "waves":
        return "beach"
    if not found:
        return None if photo.captions else ELSEWHERE
    return found[0] if len(found) == 1 else None


def at_side(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A photo [H, W, 3] at `side` px."""
    return Picture(pixels).resize(side, side).pixels


def cached_features(
    net: MobileNetV1, photos: Sequence[Photo], side: int, cache: Path | None
) -> Features:
    """Features [N, 1024] of photos at `side` px, kept in `cache/mobilenet_v1_SIDE.npz`.

    Raises DataError when the file there is broken or holds other photos.
    """
    page = None if cache is None else cache / f"mobilenet_v1_{side}.npz"
    if page is not None and page.exists():
        return _read(page, [photo.key for photo in photos])
    rows = features(net, [at_side(photo.pixels, side) for photo in photos])
    if page is not None:
        keys = np.array([photo.key for photo in photos])
        np.savez(page, keys=keys, pooled=rows.astype(np.float16))
    return rows


def fit_judge(teachers: Path, data: Path, cache: Path | None = None) -> dict[str, Head]:
    """Heads learnt from the photos of the split train, at each size that painters paint.

    `teachers` holds the net; `cache` is a folder that keeps the features of photos. Raises
    DataError for data that cannot be learnt from, ModelError without the net.
    """
    net = load_teacher(NET, teachers)
    photos = [p for p in read_photos(data, "train") if p.concept is not None or scene(p)]
    return fit_heads(photos, [cached_features(net, photos, side, cache) for side in SIDES])


def fit_heads(photos: Sequence[Photo], rows: Sequence[Features]) -> dict[str, Head]:
    """Heads for concepts and scenes from photos and their features, one array [N, D] per size."""
    tasks: dict[str, tuple[Callable[[Photo], str | None], bool]] = {
        "concepts": (lambda photo: photo.concept, False),
        "scenes": (scene, True),
    }
    heads = {}
    for kind, (label_of, balanced) in tasks.items():
        labels = [label_of(photo) for photo in photos]
        kept = [i for i, label in enumerate(labels) if label is not None]
        names = [str(labels[i]) for i in kept] * len(rows)
        groups = [photos[i].group for i in kept] * len(rows)
        heads[kind] = fit_head(np.concatenate([r[kept] for r in rows]), names, groups, balanced)
    return heads


def fit_head(
    rows: Features, labels: Sequence[str], groups: Sequence[str], balanced: bool = False
) -> Head:
    """A softmax regression on features [N, D]; its decay suits a quarter of groups held out best.

    `balanced` gives every label the same weight. Raises DataError for fewer than two labels.
    """
    names = tuple(sorted(set(labels)))
    if len(names) < 2:
        raise DataError(f"the judge needs two labels or more to learn; the data has {len(names)}")
    truth = np.array([names.index(label) for label in labels])
    held = held_out(groups)
    figures = [_held_accuracy(rows, truth, held, decay, balanced) for decay in DECAYS]
    weight, bias = _fit(rows, truth, len(names), DECAYS[int(np.argmax(figures))], balanced)
    return Head(names, weight, bias)


def held_out(groups: Sequence[str]) -> NDArray[np.bool_]:
    """A random quarter [N] that splits no group, the same one in every run."""
    names = sorted(set(groups))
    chosen = np.random.default_rng(0).permutation(names)[: len(names) // 4]
    return np.isin(groups, chosen)


def _held_accuracy(
    rows: Features,
    truth: NDArray[np.int64],
    held: NDArray[np.bool_],
    decay: float,
    balanced: bool,
) -> float:
    """Macro top-1 on the held-out rows; 0 when there are none."""
    if not held.any():
        return 0.0
    weight, bias = _fit(rows[~held], truth[~held], int(truth.max()) + 1, decay, balanced)
    return macro_top_k(rows[held] @ weight.T + bias, truth[held])


def _fit(
    rows: Features, truth: NDArray[np.int64], count: int, decay: float, balanced: bool
) -> tuple[Features, Features]:
    """Minimise cross-entropy + decay · ‖W‖² on standardised features, by L-BFGS."""
    mean, spread = rows.mean(0), rows.std(0) + 1e-3
    x = torch.from_numpy((rows - mean) / spread)
    y = torch.from_numpy(truth)
    sizes = np.bincount(truth, minlength=count)
    shares = 1 / np.maximum(sizes, 1) if balanced else np.ones(count)
    importance = torch.from_numpy(shares.astype(np.float32))
    weight = torch.zeros(count, rows.shape[1], requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    search = torch.optim.LBFGS(
        [weight, bias], max_iter=60, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        search.zero_grad()
        loss = F.cross_entropy(x @ weight.T + bias, y, weight=importance)
        loss = loss + decay * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    search.step(closure)  # type: ignore[no-untyped-call]
    scaled = weight.detach().numpy() / spread
    return scaled.astype(np.float32), (bias.detach().numpy() - scaled @ mean).astype(np.float32)


def _read(page: Path, keys: Sequence[str]) -> Features:
    try:
        with np.load(page, allow_pickle=False) as table:
            known = {str(key): row for row, key in enumerate(table["keys"])}
            pooled = table["pooled"].astype(np.float32)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{page}: unreadable features ({error}); remove the file") from error
    missing = [key for key in keys if key not in known]
    if missing:
        raise DataError(f"{page}: no features of {missing[0]} and {len(missing) - 1} more; remove")
    rows: Features = pooled[[known[key] for key in keys]]
    return rows
