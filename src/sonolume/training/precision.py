"""Which number format computes fastest here."""

from sonolume.hub.machine import has_fast_bf16


def resolve_precision(wish: str) -> str:
    """Of "auto", "fp32" or "bf16" the format to compute in: "bf16", or "no" for fp32."""
    return "bf16" if wish == "bf16" or (wish == "auto" and has_fast_bf16()) else "no"
