"""The training loop: every stage of every model goes through `train`."""

import time
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from torch import Tensor, nn

from sonolume.errors import OptionError
from sonolume.hub.machine import can_compile
from sonolume.training.average import WeightAverage
from sonolume.training.batches import batches
from sonolume.training.checkpoint import load_state, save_state
from sonolume.training.journal import Journal
from sonolume.training.precision import resolve_precision
from sonolume.training.settings import LoopSettings
from sonolume.training.stage import Stage

PLOT_SECONDS = 60  # between two drawings of the curves, but for validations


def train(stage: Stage, settings: LoopSettings, folder: Path, *, quiet: bool = False) -> Path:
    """Train `stage` until its steps or minutes are used up; resume what `folder` already holds.

    Leaves in `folder`: checkpoints, `log.jsonl`, `curves.png`, `validation-STEP/` and `export/`,
    the averaged weights as a package of the hub. Returns the path of `export/`.

    Raises OptionError when `folder` cannot be written or holds a run of another stage, ModelError
    when its checkpoint is of another model.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(
            f"{folder} cannot hold a run ({error.strerror}); choose another"
        ) from error
    run = _Run(stage, settings, folder, quiet)
    run.go()
    export = folder / "export"
    export.mkdir(exist_ok=True)
    with run.average.applied():
        stage.export(export)
    return export


class _Run:
    """The moving parts of one run."""

    def __init__(self, stage: Stage, settings: LoopSettings, folder: Path, quiet: bool) -> None:
        self.stage, self.settings, self.folder = stage, settings, folder
        self.accelerator = Accelerator(cpu=not torch.cuda.is_available())
        self.half = resolve_precision(settings.precision) == "bf16"
        stage.model.to(self.accelerator.device)
        self.parameters: dict[str, nn.Parameter] = {
            k: p for k, p in stage.model.named_parameters() if p.requires_grad
        }
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters, settings),
            lr=settings.rate,
            betas=settings.betas,
            fused=self.accelerator.device.type in ("cuda", "cpu"),
        )
        kept = stage.model.state_dict().keys()
        statistics = {
            k: b for k, b in stage.model.named_buffers() if k in kept and b.is_floating_point()
        }
        # Batch norms count their batches in integers, which have no average.
        self.counters = {
            k: b for k, b in stage.model.named_buffers() if k in kept and b.dtype == torch.int64
        }
        self.tracked: dict[str, Tensor] = {**self.parameters, **statistics}
        self.average = WeightAverage(self.tracked, settings.average)
        if settings.compiled and can_compile():
            stage.model.compile()
        self.step, self.elapsed = 0, 0.0
        self.started = self.plotted = time.monotonic()
        self.resume()
        self.journal = Journal(folder, stage.name, quiet)
        self.journal.rewind(self.step)
        self.batches = batches(stage, settings.seed, self.step, settings.workers)

    def resume(self) -> None:
        facts = load_state(self.folder, self.tracked, self.optimizer, self.average)
        if facts is None:
            return
        if facts["stage"] != self.stage.name:
            raise OptionError(
                f"{self.folder} holds a run of {facts['stage']}; choose another folder"
            )
        self.step, self.elapsed = facts["step"], facts["seconds"]
        for key, count in facts.get("counters", {}).items():
            self.counters[key].fill_(count)

    def go(self) -> None:
        saved = validated = time.monotonic()
        while not self.finished():
            self.one_step()
            now = time.monotonic()
            if now - saved > 60 * self.settings.save_minutes:
                self.save()
                saved = now
            if now - validated > 60 * self.settings.validate_minutes:
                self.validate()
                validated = time.monotonic()
        self.save()
        self.validate()

    def progress(self) -> float:
        """Share of the run that is done, by steps or by the minutes of this call."""
        by_steps = self.step / self.settings.steps if self.settings.steps else 0.0
        minutes = (time.monotonic() - self.started) / 60
        by_minutes = minutes / self.settings.minutes if self.settings.minutes else 0.0
        return max(by_steps, by_minutes)

    def finished(self) -> bool:
        return self.progress() >= 1.0

    def one_step(self) -> None:
        begun = time.monotonic()
        progress = self.progress()
        draw, batch = next(self.batches)
        torch.manual_seed(draw)
        batch = send_to_device(batch, self.accelerator.device, non_blocking=True)
        self.stage.model.train()
        # Not accelerate's own: it keeps one precision for all runs of a process.
        with torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=self.half):
            loss, figures = self.stage.loss(batch, self.step, progress)
        rate = self.settings.rate * rate_factor(self.step, progress, self.settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.settings.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.step += 1
        self.average.update(self.step)
        self.elapsed += time.monotonic() - begun
        if self.step % self.settings.log_every == 0:
            told = {"loss": loss.detach(), "norm": norm, "rate": rate, **figures}
            numbers = {name: float(value) for name, value in told.items()}
            self.journal.add(self.step, self.elapsed, numbers, progress)

    def save(self) -> None:
        counters = {key: int(buffer) for key, buffer in self.counters.items()}
        facts = {"seconds": self.elapsed, "stage": self.stage.name, "counters": counters}
        save_state(self.folder, self.step, facts, self.tracked, self.optimizer, self.average)
        if time.monotonic() - self.plotted > PLOT_SECONDS:
            self.plot()

    def validate(self) -> None:
        pictures = self.folder / f"validation-{self.step:08d}"
        self.stage.model.eval()
        with self.average.applied(), torch.no_grad(), torch.compiler.set_stance("force_eager"):
            figures = self.stage.validate(pictures)
        self.journal.add_validation(self.step, self.elapsed, figures)
        self.plot()

    def plot(self) -> None:
        self.journal.plot()
        self.plotted = time.monotonic()


def rate_factor(step: int, progress: float, settings: LoopSettings) -> float:
    """Share of the learning rate: linear warm-up, flat, linear fall over the last `cooldown`."""
    rise = min(1.0, (step + 1) / max(1, settings.warmup))
    fall = min(1.0, (1.0 - progress) / settings.cooldown) if settings.cooldown else 1.0
    return rise * max(0.0, fall)


def _groups(parameters: dict[str, nn.Parameter], settings: LoopSettings) -> list[dict[str, object]]:
    """Matrices decay; vectors (norms, biases) and scalars (gates) do not, and scalars may hurry."""
    matrices = [p for p in parameters.values() if p.ndim >= 2]
    vectors = [p for p in parameters.values() if p.ndim == 1]
    scalars = [p for p in parameters.values() if p.ndim == 0]
    groups = [
        {"params": matrices, "weight_decay": settings.decay, "factor": 1.0},
        {"params": vectors, "weight_decay": 0.0, "factor": 1.0},
        {"params": scalars, "weight_decay": 0.0, "factor": settings.scalars},
    ]
    return [group for group in groups if group["params"]]
