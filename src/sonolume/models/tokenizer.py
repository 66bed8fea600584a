"""Words to numbers: a byte-level BPE vocabulary trained on captions, glosses and phrases."""

from collections.abc import Iterable, Sequence

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

LENGTH = 77
PAD, START, END = 0, 1, 2
SPECIAL = ["<pad>", "<start>", "<end>", "<mask>"]


class WordTokenizer:
    """Turns phrases into ids [B, 77]: start, pieces, end, padding. Longer phrases are cut."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def from_json(cls, text: str) -> "WordTokenizer":
        """Read what `to_json` wrote."""
        return cls(Tokenizer.from_str(text))

    def to_json(self) -> str:
        """The vocabulary and merges as JSON text."""
        return str(self._tokenizer.to_str())

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary: int) -> "WordTokenizer":
        """Learn a vocabulary of that many pieces (Sennrich et al. 2016, over bytes)."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.Sequence(
            [
                normalizers.NFKC(),
                normalizers.Lowercase(),
                normalizers.Replace(Regex(r"\s+"), " "),
                normalizers.Strip(),
            ]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def pieces(self, text: str) -> list[str]:
        """The pieces of one phrase, without start and end."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def encode(self, texts: Sequence[str], length: int = LENGTH) -> Tensor:
        """Ids [B, length] (int64) of the phrases."""
        ids = torch.full((len(texts), length), PAD, dtype=torch.long)
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        for row, encoding in zip(ids, encodings, strict=True):
            pieces = [START, *encoding.ids[: length - 2], END]
            row[: len(pieces)] = torch.tensor(pieces)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, special ones left out: as `encode` normalised it, in lower case."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def covers(self, text: str) -> bool:
        """Whether the whole phrase fits into the 77 positions."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids) <= LENGTH - 2
