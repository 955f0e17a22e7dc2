"""The peers' environment is there whole or not at all, and made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.peers_environment import PeersFailed, make_peers, not_importable, python_of, site_of, versions


def test_it_is_made_once_for_a_list(tmp_path: Path) -> None:
    listed, folder = tmp_path / "peers.txt", tmp_path / "peers"
    listed.write_text("# nothing to install\n", encoding="utf-8")
    python = make_peers(folder, listed)
    site = site_of(python)
    (site / "only_here.py").write_text("", encoding="utf-8")
    (site / "broken.py").write_text("import nowhere_at_all\n", encoding="utf-8")
    assert make_peers(folder, listed) == python
    assert (site / "only_here.py").is_file()  # as it was
    # What this environment has lies behind its own.
    found = not_importable(python, ["only_here", "pytest", "broken"])
    assert found == {"broken": "ModuleNotFoundError: No module named 'nowhere_at_all'"}
    assert versions(python, ["pytest", "only_here"]) == {"pytest": pytest.__version__}

    listed.write_text(f"{tmp_path}/nothing-1.0-py3-none-any.whl\n", encoding="utf-8")
    with pytest.raises(PeersFailed, match=r"nothing-1\.0"):
        make_peers(folder, listed)
    assert not folder.exists()
    assert not python_of(folder).exists()


def test_a_folder_of_that_name_that_is_no_environment_stays(tmp_path: Path) -> None:
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "mine.py").touch()
    with pytest.raises(PeersFailed, match="which is no environment; give another --output"):
        make_peers(tmp_path / "peers")
    assert (tmp_path / "peers" / "mine.py").is_file()
