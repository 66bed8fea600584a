"""Models by name; nothing here touches a network."""

import os
import subprocess
import sys

import pytest

from sonolume.errors import ModelError
from sonolume.hub.download import folder_of, is_remote, known
from sonolume.hub.layout import CLAP, STABLE_DIFFUSION, wanted


@pytest.mark.parametrize(
    "name", ["sd15", "runwayml/stable-diffusion-v1-5", "laion/clap-htsat-unfused"]
)
def test_names_of_the_hub(name) -> None:
    assert is_remote(name)


@pytest.mark.parametrize("name", ["pocket", "", "a/b/c", "../model", "/model", "a b/c", "-x/y"])
def test_what_is_no_name_of_the_hub(name) -> None:
    assert not is_remote(name)


def test_a_folder_comes_before_a_name(tmp_path, monkeypatch) -> None:
    (tmp_path / "laion" / "clap").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert not is_remote("laion/clap")
    assert folder_of("laion/clap", CLAP).is_dir()


def test_known_models_by_both_names() -> None:
    model = known("sd15")
    assert model is not None
    assert known(model.where.removeprefix("https://huggingface.co/")) is model
    assert known("somebody/else") is None


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="^nowhere: no such model folder$"):
        folder_of("nowhere", CLAP)


def test_only_safetensors_and_small_files_are_wanted() -> None:
    suffixes = {path.suffix for layout in (CLAP, STABLE_DIFFUSION) for path in wanted(layout)}
    assert suffixes == {".json", ".txt", ".safetensors"}


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("sd15", "(4.3 GB, licence CreativeML OpenRAIL-M), then give FOLDER"),
        ("somebody/else", "(its page states its licence), then give FOLDER"),
    ],
)
def test_without_a_network_one_line_says_what_to_fetch(tmp_path, name, terms) -> None:
    code = (
        "from sonolume.errors import ModelError\n"
        "from sonolume.hub.download import folder_of\n"
        "from sonolume.hub.layout import STABLE_DIFFUSION\n"
        f"try: folder_of({name!r}, STABLE_DIFFUSION)\n"
        "except ModelError as error: print(error)"
    )
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=offline
    )
    assert run.stdout.count("\n") == 1
    assert "is neither a folder here nor could it be downloaded" in run.stdout
    assert "hf download" in run.stdout
    assert terms in run.stdout
