"""Branches of guidance beside each other on the processor's cores.

At pocket size one product takes tens of microseconds, and threads inside it cost more than they
give. Whole branches on a thread each need to meet once a step only.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import torch

Made = TypeVar("Made")


def beside(work: Sequence[Callable[[], Made]]) -> list[Made]:
    """Each on a core of its own, with one torch thread; in turn where gradients are wanted.

    The results do not depend on how many cores there are.
    """
    if torch.is_grad_enabled():
        with one_thread():
            return [each() for each in work]
    return list(_pool().map(_without_gradients, work))


@contextmanager
def one_thread(*, when: bool = True) -> Iterator[None]:
    """Inside, a torch operation of this thread uses one thread; or nothing changes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if when else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _without_gradients(work: Callable[[], Made]) -> Made:
    with torch.inference_mode():  # a thread does not inherit the mode of the one that asks
        return work()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        os.cpu_count() or 1, "sonolume", initializer=torch.set_num_threads, initargs=(1,)
    )
