"""The table of rules: it reads, it refuses, and every rule does what it states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolume.correspondence.delta import Delta, delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.edits import edit
from sonolume.correspondence.hard_prior import LIMIT, hard_targets
from sonolume.correspondence.heads import HEADS, STRUCTURE, STYLE, cues_of
from sonolume.correspondence.rules import Rule, read_rules
from sonolume.correspondence.table import correspondence_page, main
from sonolume.errors import DataError
from sonolume.media import Picture
from sonolume.signal.cues import CUES

PAGE = Path(__file__).parents[2] / "docs" / "correspondences.md"
RULES = read_rules()

# For each descriptor a picture of `scenes` and an edit that moves it upwards, and little else.
PROBES = {
    "brightness": ("hills", "brighten"),
    "contrast": ("still", "intensify"),
    "saturation": ("still", "saturate"),
    "warmth": ("still", "warm"),
    "hue": ("still", "rotate_hue"),
    "sharpness": ("hills", "sharpen"),
    "grain": ("beach", "noise"),
    "angularity": ("beach", "jag"),
    "spatial_frequency": ("beach", "hatch"),
    "scale": ("beach", "zoom_in"),
    "openness": ("hills", "clear_sky"),
    "vertical_weight": ("still", "weigh_above"),
    "density": ("beach", "clutter"),
    "vignette": ("still", "vignette"),
}


def pure(name: str, steps: float) -> Delta:
    """A delta in which one descriptor alone moved."""
    zero = dict.fromkeys(DESCRIPTORS, 0.0)
    return Delta(zero, zero, zero | {name: steps}, {}, 0.0, False)


@pytest.fixture(scope="module")
def probed(scenes: dict[str, Picture]) -> dict[str, tuple[Delta, Delta]]:
    """For each descriptor the delta that raises it, and the one that lowers it."""
    found = {}
    for name, (scene, kind) in PROBES.items():
        edited = edit(scenes[scene], kind, 1.0)
        found[name] = delta(scenes[scene], edited), delta(edited, scenes[scene])
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_moves_its_cue_as_it_states_on_edited_pictures(
    rule: Rule, probed: dict[str, tuple[Delta, Delta]]
) -> None:
    stated = 1 if rule.cue_up == rule.visual_up else -1
    for change, way in zip(probed[rule.visual], (1, -1), strict=True):
        assert way * change.steps[rule.visual] > 0.25
        target = hard_targets(change, [rule])[rule.cue]
        assert way * stated * target.value > 0.02
        assert [each.source for each in target.contributions] == [rule.id]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_with_all_rules_a_lone_change_still_moves_the_cue_as_stated(rule: Rule) -> None:
    for steps in (-2.0, 2.0):
        value = hard_targets(pure(rule.visual, steps), RULES)[rule.cue].value
        moved = steps if rule.visual_up else -steps
        assert np.sign(value) == np.sign(moved if rule.cue_up else -moved)


def test_the_mistakes_of_earlier_tables_are_not_repeated(scenes: dict[str, Picture]) -> None:
    """Up is up; sharp is dry; blur, motionless pictures and quiet parts do not fall silent."""
    above = hard_targets(delta(scenes["still"], edit(scenes["still"], "weigh_above", 1.0)), RULES)
    assert above["brightness"].value > 0.1
    sharp = hard_targets(delta(scenes["hills"], edit(scenes["hills"], "sharpen", 1.0)), RULES)
    blurred = hard_targets(delta(scenes["hills"], edit(scenes["hills"], "blur", 0.5)), RULES)
    assert sharp["reverberation"].value < -0.1
    assert blurred["reverberation"].value > 0.1
    assert all(rule.visual in PROBES for rule in RULES)


def test_targets_are_sums_of_weights_saturated() -> None:
    """Closed form: brightness 2.25 steps count 2, times .75; 3 tanh(1.5 / 3)."""
    target = hard_targets(pure("brightness", 2.25), RULES)["brightness"]
    assert target.value == pytest.approx(LIMIT * np.tanh(1.5 / LIMIT))
    (only,) = target.contributions
    assert (only.source, only.cause) == ("brightness-brightness", "brighter")
    assert (only.seen, only.moved) == (2.0, 1.5)


def test_what_is_not_seen_moves_nothing_and_the_largest_change_stays_within_the_limit() -> None:
    for name in DESCRIPTORS:
        small = hard_targets(pure(name, 0.25), RULES)
        assert {target.value for target in small.values()} == {0.0}
        large = hard_targets(pure(name, 1e6), RULES)
        assert set(large) == set(CUES)
        assert max(abs(target.value) for target in large.values()) <= LIMIT


def test_structure_is_kept() -> None:
    assert HEADS == STRUCTURE + STYLE
    assert cues_of("rhythm") == cues_of("harmony") == ()
    assert cues_of("energy") == ("loudness", "dynamics")
    assert sorted(cue for head in HEADS for cue in cues_of(head)) == sorted(CUES)
    assert {rule.cue for rule in RULES} == set(CUES)
    assert {rule.visual for rule in RULES} == set(DESCRIPTORS)


def test_evidence_has_references_and_convention_claims_none() -> None:
    for rule in RULES:
        assert bool(rule.references) == (rule.basis != "convention"), rule.id
        assert rule.note.endswith((".", ")"))


GOOD = """
[[rule]]
id = "a-b"
visual = "brightness"
visual_direction = "up"
cue = "loudness"
cue_direction = "down"
head = "energy"
weight = 1
basis = "mixed"
reference = ["me"]
note = "Mine."
[reference]
me = "Me (2024), A title"
"""


def test_a_table_of_ones_own_is_read(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD, encoding="utf-8")
    (rule,) = read_rules(file)
    assert rule.sign == -1
    assert rule.weight == 1.0
    assert rule.references == ("Me (2024), A title",)
    assert read_rules() is read_rules()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("weight = 1", "weight = 1\ncolour = 2", "rule 1: an unknown field 'colour'"),
        ("weight = 1", "weight = 0", "a weight of 0; expected above 0"),
        ("weight = 1", "weight = nan", "a weight of nan"),
        ("weight = 1", "weight = true", "'weight' is True; expected a float"),
        ("weight = 1\n", "", "the field 'weight' is missing"),
        ('"brightness"', '"pitch"', "'pitch' is no visual; use brightness, contrast"),
        ('"loudness"', '"tempo"', "'tempo' is no cue; use brightness, warmth"),
        ('"energy"', '"rhythm"', "loudness belongs to the head energy, not 'rhythm'"),
        ('direction = "up"', 'direction = "more"', "'more' is no visual_direction; use up, down"),
        ('"mixed"', '"sure"', "'sure' is no basis"),
        ('["me"]', '["you"]', "the reference 'you' is not listed"),
        ('["me"]', "[[]]", "the reference '[]' is not listed"),
        ('"a-b"', '"A b"', "the id 'A b' is not of small letters"),
        ("[reference]", "[sources]", "an unknown table 'sources'"),
        ('me = "Me (2024), A title"', "me = 3", "takes lines of the form"),
        ("[[rule]]", "[rule]", "holds no rules"),
        ("[[rule]]", "[[rule", "is not TOML"),
        (GOOD, "rule = [1]", "rule 1 is not a table"),
        (GOOD, "", "holds no rules"),
        ("[reference]", GOOD.split("[reference]")[0] + "[reference]", "repeats an id or a pair"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_rules(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as a table of rules"):
        read_rules(tmp_path / "none.toml")
    with pytest.raises(DataError, match="cannot be read as a table of rules"):
        read_rules(tmp_path)
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 1_000_001)
    with pytest.raises(DataError, match="larger than 1000000 bytes"):
        read_rules(large)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_tables_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    file = tmp_path_factory.mktemp("rules") / "mutated.toml"
    file.write_bytes(raw)
    refused = ""
    try:
        read_rules(file)
    except DataError as error:
        refused = str(error)
    assert "\n" not in refused


def test_the_page_is_made_of_the_table(tmp_path: Path) -> None:
    page = correspondence_page(RULES)
    assert PAGE.read_text(encoding="utf-8") == page
    written = tmp_path / "page.md"
    assert main([str(written)]) is None
    assert written.read_text(encoding="utf-8") == page
    assert "usage" in str(main([]))
    assert "does not exist" in str(main([str(tmp_path / "none" / "page.md")]))
    assert all(rule.note in page for rule in RULES)
