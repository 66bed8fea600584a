import torch

from sonolume.models.tokenizer import END, PAD, START, WordTokenizer
from sonolume.models.words import WordTower, WordTowerConfig, masked_mean

TEXTS = ["a dog barks", "the sky is grumbling", "rain on the roof", "waves", ""]


def parts() -> tuple[WordTower, WordTokenizer]:
    torch.manual_seed(0)
    tokenizer = WordTokenizer.train(TEXTS, 300)
    return WordTower(WordTowerConfig(len(tokenizer), 32, 2, 2)).eval(), tokenizer


def test_ids_begin_end_and_pad() -> None:
    _, tokenizer = parts()
    ids = tokenizer.encode(["", "waves", "rain " * 500])
    assert ids.shape == (3, 77)
    assert ids[0].tolist() == [START, END] + [PAD] * 75
    assert ids[2, -1] == END
    assert (ids[2] != PAD).all()
    assert not tokenizer.covers("rain " * 500)
    assert tokenizer.covers("rain")


def test_case_and_space_do_not_matter() -> None:
    _, tokenizer = parts()
    ids = tokenizer.encode(["A  Dog\tBARKS ", "a dog barks"])
    assert torch.equal(ids[0], ids[1])


def test_json_round_trip() -> None:
    _, tokenizer = parts()
    again = WordTokenizer.from_json(tokenizer.to_json())
    assert torch.equal(again.encode(TEXTS), tokenizer.encode(TEXTS))


def test_embeddings_have_unit_length_and_ignore_padding() -> None:
    tower, tokenizer = parts()
    ids = tokenizer.encode(TEXTS)
    z = tower(ids)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(5))
    short = tower(ids[:1, : int((ids[0] != PAD).sum())])
    torch.testing.assert_close(z[:1], short, atol=1e-5, rtol=1e-4)


def test_states_beyond_the_end_are_zero() -> None:
    tower, tokenizer = parts()
    ids = tokenizer.encode(TEXTS)
    states = tower.states(ids)
    assert states[ids == PAD].abs().max() == 0
    assert states[ids != PAD].abs().amax(-1).min() > 0
    torch.testing.assert_close(masked_mean(states)[4], states[4, :2].mean(0))


def test_ids_decode_to_the_normalised_text() -> None:
    _, tokenizer = parts()
    texts = ["A  Dog\tBARKS ", "rain, on the ROOF!", "Élan über ﬁords – 雨", "it's 5 o'clock", ""]
    expected = ["a dog barks", "rain, on the roof!", "élan über fiords – 雨", "it's 5 o'clock", ""]
    assert [tokenizer.decode(row.tolist()) for row in tokenizer.encode(texts)] == expected
