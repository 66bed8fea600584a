"""When foreground, background and ambience of a sound are heard while a picture forms.

Structure forms first, detail last: ambience first, then background, then foreground. With 50
steps counted down, the hard schedule changes at 30 and at 15, that is after 0.4 and 0.7 of the way.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from sonolume.errors import OptionError

Schedule = Literal["smooth", "hard", "all"]
CHANGES = (0.4, 0.7)
SOFTNESS = 0.08


def emphasis(t: Tensor, schedule: Schedule = "smooth") -> Tensor:
    """Weights [B, 3] of (foreground, background, ambience) at times t [B], 0 noise … 1 picture.

    "hard" and "smooth" sum to 1 at every time, "all" gives 1 to every level throughout.
    Raises OptionError for another name.
    """
    if schedule not in get_args(Schedule):
        raise OptionError(f"schedule {schedule!r}: expected one of {', '.join(get_args(Schedule))}")
    if schedule == "all":
        return torch.ones(len(t), 3, device=t.device)
    first, second = CHANGES
    if schedule == "hard":
        rounding = 1e-6  # 20 of 50 steps is 0.39999998 in fp32
        past_first, past_second = (t > first - rounding).float(), (t > second - rounding).float()
    else:
        past_first = torch.sigmoid((t - first) / SOFTNESS)
        past_second = past_first * torch.sigmoid((t - second) / SOFTNESS)
    return torch.stack([past_second, past_first - past_second, 1 - past_first], dim=-1)
