"""Static files: what is vendored is what was reviewed, colours can be told apart, and a page stays small."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from modelward.web.assets import FOLDER, Assets, asset
from modelward.web.pages import environment, prose, sentence

ROWS = re.findall(
    r"^\| `([^`]+)` \| ([^ ]+) \| .*? \| `([^`]+)` \| `([0-9a-f]{64})` \|",
    (FOLDER / "vendor/VENDOR.md").read_text(),
    re.MULTILINE,
)
SCRIPT = Path("scripts/vendor")


def test_vendored_files_are_the_ones_that_were_reviewed() -> None:
    assert len(ROWS) == 4
    for package, version, file, digest in ROWS:
        assert hashlib.sha256((FOLDER / "vendor" / file).read_bytes()).hexdigest() == digest
        assert (FOLDER / "vendor" / file).with_name("LICENSE").stat().st_size > 300
        assert re.search(
            rf"^fetch {re.escape(package)} {re.escape(version)} .* {digest}$", SCRIPT.read_text(), re.MULTILINE
        )


def test_nothing_that_we_ship_needs_eval() -> None:
    plotly = (FOLDER / "vendor/plotly-basic/plotly-basic.min.js").read_text()
    assert "new Function" not in plotly
    ours = [file.read_text() for file in FOLDER.glob("*.js")]
    assert not [
        text for text in ours if re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text)
    ]


def test_templates_hold_no_inline_script_or_style() -> None:
    names = environment().list_templates()
    assert len(names) > 12
    for name in names:
        source = environment().loader.get_source(environment(), name)[0]  # type: ignore[union-attr]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*src=)|\|\s*safe|hx-on", source), (
            name
        )


def colours(theme: int) -> dict[str, str]:
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", (FOLDER / "app.css").read_text())
    return {name: (light, dark)[theme] for name, light, dark in pairs}


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_aa(theme) -> None:
    tokens = colours(theme)
    words = ("ink", "muted", "accent", "healthy", "warning", "drifted", "too-few", "silent")
    low = {
        (w, b): round(contrast(tokens[w], tokens[b]), 2)
        for w in words
        for b in ("page", "surface", "raised")
        if contrast(tokens[w], tokens[b]) < 4.5
    }
    assert low == {}
    assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
    lines = [f"series-{n}" for n in range(1, 9)] + ["accent-fill", "strong-cell"]
    assert {name for name in lines if contrast(tokens[name], tokens["surface"]) < 3} == set()


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eye", ["protan", "deutan"])
def test_levels_stay_apart_for_colour_blind_readers(theme, eye) -> None:
    """Distances in CIELAB after the simulation of Viénot, Brettel and Mollon (1999)."""
    tokens = colours(theme)
    cells = [tokens[f"{name}-cell"] for name in ("calm", "stirred", "moderate", "strong")]
    seen = [lab(simulated(cell, eye)) for cell in cells]
    distances = [
        sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) ** 0.5 for n, x in enumerate(seen) for y in seen[:n]
    ]
    assert min(distances) > 12


def simulated(colour: str, eye: str) -> list[float]:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    if eye == "protan":
        return [0.11238 * r + 0.88762 * g, 0.11238 * r + 0.88762 * g, 0.00401 * r - 0.00401 * g + b]
    return [0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    r, g, b = rgb
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_files_are_kept_for_a_year_by_what_is_in_them() -> None:
    app = Starlette()
    app.mount("/static", Assets())
    with TestClient(app) as client:
        known = client.get(asset("app.css"))
        assert known.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert client.get("/static/app.css?v=other").headers["cache-control"] == "no-cache"
        assert client.get("/static/app.css").headers["cache-control"] == "no-cache"
        assert client.get("/static/none.css?v=0").status_code == 404
        assert client.get("/static/../pages.py").status_code == 404


def test_texts_are_compressed_for_whoever_takes_it() -> None:
    app = Starlette()
    app.mount("/static", Assets())
    with TestClient(app) as client:
        small = client.get(asset("vendor/plotly-basic/plotly-basic.min.js"), headers={"accept-encoding": "gzip"})
        assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert small.content == (FOLDER / "vendor/plotly-basic/plotly-basic.min.js").read_bytes()
        assert int(small.headers["content-length"]) < len(small.content) / 2
        assert "immutable" in small.headers["cache-control"]
        again = {"accept-encoding": "gzip", "if-none-match": small.headers["etag"]}
        assert client.get(asset("vendor/plotly-basic/plotly-basic.min.js"), headers=again).status_code == 304
        plain = client.get(asset("app.css"), headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert client.head(asset("app.css"), headers={"accept-encoding": "gzip"}).content == b""


def test_what_every_page_loads_is_small() -> None:
    always = ["app.css", "app.js", "theme.js", "mark.svg", "vendor/htmx/htmx.min.js"]
    assert sum((FOLDER / name).stat().st_size for name in always) < 90_000


def test_prose_sets_names_as_code_and_nothing_else() -> None:
    assert prose("`a<b>` moved & more") == "<code>a&lt;b&gt;</code> moved &amp; more"
    assert sentence("no column is alarmed") == "No column is alarmed."
    assert sentence("a change of unit?") == "A change of unit?"
    assert json.dumps(str(sentence(""))) == '"."'
