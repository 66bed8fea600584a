"""``sonolume models``."""

from __future__ import annotations

import json

from sonolume.hub.registry import registry


def test_json_holds_the_registry(run) -> None:
    code, out, err = run("models", "--json")
    assert (code, err) == (0, "")
    models = json.loads(out)["models"]
    assert [model["name"] for model in models] == [model.name for model in registry()]
    assert all(model["licence"] and model["where"] for model in models)


def test_table_has_a_row_per_model_and_straight_columns(run) -> None:
    code, out, _ = run("models")
    head, *rows = out.splitlines()
    assert code == 0
    assert len(rows) == len(registry())
    column = head.index("LICENCE")
    assert {row[column - 1] for row in rows} == {" "}
    (clap,) = (row for row in rows if row.startswith("laion/clap-htsat-unfused"))
    assert clap.endswith("https://huggingface.co/laion/clap-htsat-unfused")
    assert "153.5 M" in clap


def test_quiet_prints_nothing(run) -> None:
    assert run("models", "--quiet") == (0, "", "")
