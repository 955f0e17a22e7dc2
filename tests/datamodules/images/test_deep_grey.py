"""Deep grey photos: one range for a data set, found in it, said once, and used for new photos too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.deep_grey import GreyRange, Levels, eight_bits, levels_of, parse_ranges, ranges_of, usual_range
from practicum.datamodules.images.new_photos import NewPhotos
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def write_set(root: Path, values: np.ndarray[Any, Any], ending: str) -> Path:
    """Two classes of four photos that hold the values, the first class those of the lower half only."""
    rng = np.random.default_rng(0)
    for name, members in (("low", values[: len(values) // 2]), ("high", values)):
        for i in range(4):
            pixels = rng.choice(members, (40, 40))
            pixels.flat[0] = members[-1]
            (root / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / name / f"{i}.{ending}")
    return root


KINDS: dict[str, tuple[np.ndarray[Any, Any], str, str]] = {
    "12-bit png": (np.arange(4096, dtype=np.uint16), "png", "0 to 4095 (integer)"),
    "10-bit tiff": (np.arange(1000, dtype=np.uint16), "tif", "0 to 1023 (integer)"),
    "14-bit png": (np.arange(16000, dtype=np.uint16), "png", "0 to 16383 (integer)"),
    "16-bit png": (np.arange(0, 65536, 16, dtype=np.uint16), "png", "0 to 65535 (integer)"),
    "8 bits in 32": (np.arange(256, dtype=np.int32), "tif", "0 to 255 (integer)"),
    "a mask in 16": (np.arange(14, dtype=np.uint16), "png", "0 to 13 (integer)"),
    "hounsfield": (np.arange(-1000, 3000, dtype=np.int32), "tif", "-1000 to 4095 (integer)"),
    "thermal": (np.arange(29000, 31000, dtype=np.uint16), "png", "29000 to 30999 (integer)"),
    "share": (np.linspace(0, 1, 500, dtype=np.float32), "tif", "0 to 1 (floating)"),
    "small floats": (np.linspace(0, 0.01, 500, dtype=np.float32), "tif", "0 to 0.01 (floating)"),
    "8 bits as floats": (np.linspace(0, 255, 500, dtype=np.float32), "tif", "0 to 255 (floating)"),
    "reflectance": (np.linspace(-2, 3000, 500, dtype=np.float32), "tif", "-2 to 4095 (floating)"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_set_is_shown_in_the_range_it_holds(
    ready: Ready, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    values, ending, said = KINDS[kind]
    root = write_set(tmp_path / "set", values, ending)
    data = ready(root, valid_fraction=0.25, artifacts_dir=tmp_path / "run")
    assert caplog.text.count("8 photos are grey with more than 8 bits") == 1
    assert said in caplog.text
    pixels = np.concatenate([data.datasets["train"].photo(i).ravel() for i in range(len(data.datasets["train"]))])
    assert int(pixels.max()) - int(pixels.min()) > 120
    high = data.datasets["train"].photo(0)
    low = data.datasets["train"].photo(5)
    assert high.mean() > 1.3 * low.mean()  # photos stay comparable: none is stretched by itself

    trained = ImageFolder(root, size=32, cache=tmp_path / "other", artifacts_dir=tmp_path / "run")
    new = trained.for_prediction(root / "low" / f"0.{ending}")
    split = next(split for split in ("train", "valid") if any(name.endswith(f"low/0.{ending}") for name in data.row_names(split)))
    row = next(i for i, name in enumerate(data.row_names(split)) if name.endswith(f"low/0.{ending}"))
    assert np.array_equal(new.datasets["predict"].photo(0), data.datasets[split].photo(row))
    assert "training saw none" not in caplog.text


def test_photos_decoded_as_needed_are_those_of_the_cache(ready: Ready, tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", np.arange(4096, dtype=np.uint16), "png")
    cached, fresh = ready(root, valid_fraction=0.25), ready(root, valid_fraction=0.25, cache_gb=0.0)
    for i in range(6):
        assert np.array_equal(cached.datasets["train"].photo(i), fresh.datasets["train"].photo(i))


def test_the_range_can_be_given_and_is_recorded(ready: Ready, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write_set(tmp_path / "set", np.arange(4096, dtype=np.uint16), "png")
    data = ready(root, valid_fraction=0.25, grey_range=[0, 8191], artifacts_dir=tmp_path / "run")
    assert 120 <= max(data.datasets["train"].photo(i).max() for i in range(6)) <= 128
    assert "grey with" not in caplog.text
    assert data.provenance["grey_range"]["integer"] == [0, 8191]
    assert json.loads((tmp_path / "run" / "input.json").read_text(encoding="utf-8")) == {"grey_range": {"integer": [0.0, 8191.0]}}
    with pytest.raises(MisconfigurationException, match="ImageFolder: grey_range=.5. must be two numbers"):
        ImageFolder(root, grey_range=[5])


def test_new_deep_photos_of_a_run_that_saw_none_are_said(
    ready: Ready, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = write_set(tmp_path / "set", np.arange(4096, dtype=np.uint16), "png")
    new = ready(photos).for_prediction(root)
    assert new.datasets["predict"].photo(0).max() > 200
    assert "8 new photos are grey with more than 8 bits, and training saw none such: 0 to 4095" in caplog.text


def test_new_photos_beyond_the_range_of_training_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, most in (("within", 1000), ("beyond", 4000)):
        Image.fromarray(np.linspace(0, most, 48 * 48).reshape(48, 48).astype(np.uint16)).save(tmp_path / f"{name}.png")
    ranges = {"integer": [0.0, 1023.0]}
    NewPhotos([tmp_path / "within.png"], size=32, cache=tmp_path / "a", grey_range=ranges)
    assert "outside" not in caplog.text
    NewPhotos([tmp_path / "within.png", tmp_path / "beyond.png"], size=32, cache=tmp_path / "b", grey_range=ranges)
    assert "1 grey photos hold values outside" in caplog.text


def test_new_photos_of_fewer_bits_than_training_are_said_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A camera of 12 bits after one of 16: nearly black."""
    for name, most in (("a", 4000), ("b", 3000), ("bright", 30_000)):
        Image.fromarray(np.linspace(0, most, 48 * 48).reshape(48, 48).astype(np.uint16)).save(tmp_path / f"{name}.png")
    Image.new("L", (48, 48), 90).save(tmp_path / "eight.png")
    options = {"size": 32, "cache": tmp_path / "cache", "grey_range": {"integer": [0.0, 65535.0]}}
    NewPhotos([tmp_path / "a.png", tmp_path / "bright.png"], **options)
    assert "dark throughout" not in caplog.text
    for _ in range(2):  # the second time from the cache
        caplog.clear()
        NewPhotos([tmp_path / "a.png", tmp_path / "b.png"], **options)
        assert "2 grey photos hold no value above 4000, of 0 to 65535 (integer)" in caplog.text
    caplog.clear()
    NewPhotos([tmp_path / "eight.png"], **options)
    assert "The 1 new photos are grey, too, but of 8 bits" in caplog.text
    caplog.clear()
    Image.new("RGB", (48, 48), (90, 80, 70)).save(tmp_path / "colour.png")
    NewPhotos([tmp_path / "colour.png"], **options)  # a run may have had both
    assert not caplog.text
    NewPhotos([tmp_path / "a.png", tmp_path / "eight.png"], **{**options, "grey_range": [0.0, 4095.0]})
    assert not caplog.text
    NewPhotos([tmp_path / "a.png", tmp_path / "bright.png"], **{**options, "grey_range": [0.0, 20_000.0]})
    assert "1 grey photos hold values outside" in caplog.text
    assert "1 grey photos hold no value above 4000" in caplog.text


def test_ranges_are_of_all_photos_but_damaged_ones() -> None:
    members = [Levels(0, 0.5 + i / 100, True) for i in range(5)]
    assert ranges_of([*members, Levels(-1e30, 1e38, True)], {}) == {"floating": GreyRange(0.0, 1.0)}
    assert ranges_of([Levels(0, 10, False), Levels(0, 4000, False)], {}) == {"integer": GreyRange(0.0, 4095.0)}
    assert ranges_of([Levels(0, 10, False)], {"integer": GreyRange(0, 99)}) == {"integer": GreyRange(0, 99)}
    for levels in (
        Levels(0, 0, False),
        Levels(5, 5, True),
        Levels(-3, -3, False),
        Levels(0, 1e-44, True),
        Levels(-1e38, 1e38, True),
    ):
        black, white = usual_range(levels)
        assert black < white
        assert eight_bits(np.array([levels.low, levels.high], np.float32), GreyRange(black, white)).dtype == np.uint8


def test_values_that_are_no_numbers_are_black_and_infinite_ones_clipped() -> None:
    values = np.array([np.nan, -np.inf, np.inf, 0.5], np.float32)
    assert eight_bits(values, GreyRange(0, 1)).tolist() == [0, 0, 255, 127]
    assert levels_of(values) == Levels(0.5, 0.5, True)
    with pytest.raises(ValueError, match="no finite value"):
        levels_of(values[:3])


@pytest.mark.parametrize("option", [3, "ab", [1, 1], [2, 1], {"x": [0, 1]}, [0, float("inf")], [0, 1, 2], {"integer": 1}])
def test_other_ranges_are_refused(option: Any) -> None:
    with pytest.raises(MisconfigurationException, match="must be two numbers"):
        parse_ranges(option, "ImageFolder")
