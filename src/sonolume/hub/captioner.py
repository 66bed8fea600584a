"""Builds the pocket captioner from its weights."""

from pathlib import Path

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.building import built
from sonolume.hub.config import read_config
from sonolume.models.captioner import CaptionerConfig, PrefixCaptioner
from sonolume.models.tokenizer import WordTokenizer


def load_captioner_parts(
    folder: Path = weights.FOLDER, words: Path | None = None
) -> tuple[PrefixCaptioner, WordTokenizer]:
    """The captioner, frozen, and the tokenizer of the word tower that it was trained on.

    `words` is the folder of the word tower, if it is another one. Raises ModelError when either is
    missing, or the two do not belong together.
    """
    tensors, metadata = weights.load("captioner", folder)
    config = read_config(CaptionerConfig, metadata)
    captioner = built(lambda: PrefixCaptioner(config), tensors)
    spoken = weights.header("joint-words", words or folder).metadata["tokenizer"]
    tokenizer = WordTokenizer.from_json(spoken)
    if len(tokenizer) > config.vocabulary:
        raise ModelError(
            f"{folder}: the captioner writes {config.vocabulary} pieces, the tokenizer "
            f"of joint-words has {len(tokenizer)}; take both from one training"
        )
    return captioner, tokenizer
