"""An evaluation as files: `evaluation.json`, `index.html`, and its grids as PNG beside them."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from sonolume.errors import OptionError
from sonolume.evaluation.result import Evaluation
from sonolume.media.atomic import atomic_path

JSON = "evaluation.json"
PAGE = "index.html"

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
td.w { color: #666 }
img { max-width: 100%; height: auto }
pre { background: #f4f4f4; padding: 1rem; overflow: auto }
.columns { columns: 3 14rem }
"""


def write_report(result: Evaluation, folder: Path, *, force: bool = False) -> list[Path]:
    """Write everything into `folder`, which is made if need be; the JSON comes last.

    Raises OptionError when a file is there already (without `force`) or cannot be written.
    """
    check_folder(folder, force=force)
    paths = []
    for name, sheet in result.sheets.items():
        paths.append(folder / _file(name))
        sheet.save(paths[-1], force=force)
    for name, text in ((PAGE, page(result)), (JSON, json.dumps(result.to_json(), indent=2) + "\n")):
        paths.append(folder / name)
        with atomic_path(paths[-1], force=force) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


def check_folder(folder: Path, *, force: bool = False) -> None:
    """Make `folder`, and refuse before the work what would be refused after it.

    Raises OptionError when it cannot be made, or holds an evaluation and `force` is not given.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{folder}: cannot be made ({error.strerror})") from error
    if (folder / JSON).exists() and not force:
        raise OptionError(f"{folder / JSON} exists; --force replaces it")


def page(result: Evaluation) -> str:
    """The HTML page; it needs nothing but the PNG files beside it."""
    return "\n".join(_parts(result)) + "\n"


def _parts(result: Evaluation) -> Iterator[str]:
    title = f"Evaluation of {escape(result.job)}"
    yield f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>'
    yield f"<style>{STYLE}</style>\n<h1>{title}</h1>"
    yield from _figures("Metrics", result.metrics, result.definitions)
    yield from _figures("Controls", result.controls, result.definitions)
    if result.skipped:
        yield "<h2>Left out</h2>\n<ul>"
        yield from (f"<li>{escape(line)}</li>" for line in result.skipped)
        yield "</ul>"
    for name in result.sheets:
        yield f"<h2>{escape(name.capitalize())}</h2>"
        yield f'<img src="{_file(name)}" alt="{escape(name)}" loading="lazy">'
    if result.tables:
        yield '<h2>By concept and state</h2>\n<div class="columns">'
        for name, table in result.tables.items():
            yield from _figures(name, table, {}, level=3)
        yield "</div>"
    settings = json.dumps(result.to_json()["settings"], indent=2, ensure_ascii=False)
    yield f"<h2>Settings</h2>\n<pre>{escape(settings)}</pre>\n</html>"


def _figures(
    title: str, table: Mapping[str, float], words: Mapping[str, str], level: int = 2
) -> Iterator[str]:
    if not table:
        return
    yield f"<h{level}>{escape(title)}</h{level}>\n<table>"
    for name, value in table.items():
        note = f'<td class="w">{escape(words[name])}</td>' if name in words else ""
        yield f'<tr><th>{escape(name)}</th><td class="n">{value:.3f}</td>{note}</tr>'
    yield "</table>"


def _file(name: str) -> str:
    return f"{'-'.join(name.replace(',', '').split())}.png"
