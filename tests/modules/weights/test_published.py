"""fastai's published language models, from a server on this machine that has small ones of the same form."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import LanguageModel, TextClassifier
from practicum.modules.layers import AWDLSTM
from practicum.modules.weights import published
from practicum.modules.weights.fastai_format import to_fastai
from practicum.modules.weights.published import PUBLISHED, fetch_published
from practicum.modules.weights.state_dict import hash_of_file

VOCAB = ["xxunk", "xxpad", "xxbos", "xxmaj", "xxup", "xxrep", "the", "film", "was", "good"]
OURS = ["xxunk", "xxpad", "xxbos", "xxmaj", "good", "unheard", "film"]
NET = AWDLSTM(len(VOCAB), 8, 12, 3)
BIAS = torch.arange(float(len(VOCAB)))
Publish = Callable[..., None]


def weights(half: bool = False) -> bytes:
    """A ``.pth`` as fastai wrote it in 2019: beside each raw matrix what dropout left of it, in torch's format of then."""
    state = to_fastai(NET.state_dict(), BIAS)
    state |= {f"0.rnns.{layer}.module.weight_hh_l0": torch.full((1,), torch.nan) for layer in range(3)}
    file = io.BytesIO()
    torch.save({key: value.half() if half else value for key, value in state.items()}, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def packed(*entries: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """A ``.tgz``."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            tar.addfile(info, io.BytesIO(entry[1]))
    return file.getvalue()


def entry(name: str, **facts: Any) -> tarfile.TarInfo:
    """An entry without content."""
    info = tarfile.TarInfo(name)
    for key, value in facts.items():
        setattr(info, key, value)
    return info


PTH, PKL = ("wt103-fwd/lstm_fwd.pth", weights()), ("wt103-fwd/itos_wt103.pkl", pickle.dumps(VOCAB))
WHOLE = packed(entry("wt103-fwd", type=tarfile.DIRTYPE), PTH, ("wt103-fwd/._itos_wt103.pkl", b"of a Mac"), PKL)


@pytest.fixture
def publish(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Puts an archive on the server, as the published one: ``publish(content, name)``."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(published, "BASE_URL", server.url)
    monkeypatch.setattr(published, "download", partial(published.download, pause=0))

    def put(content: bytes, name: str = "wt103-fwd") -> None:
        server.files[f"/{name}.tgz"] = content
        md5 = hashlib.md5(content[: 1 << 20]).hexdigest()
        monkeypatch.setitem(PUBLISHED, name, replace(PUBLISHED[name], size=len(content), md5=md5))

    return put


def cache(tmp_path: Path, name: str = "wt103-fwd") -> Path:
    return tmp_path / "torch" / "hub" / "checkpoints" / name


def test_a_language_model_continues_from_it_and_needs_no_server_again(server: Any, publish: Publish, tmp_path: Path) -> None:
    publish(WHOLE)
    server.faults = [len(WHOLE) // 2, "503"]
    model = LanguageModel(OURS, weights="wt103-fwd")
    assert server.asked == [None, *[f"bytes={len(WHOLE) // 2}-"] * 2]
    assert dict(model.hparams)["weights"] == "random"  # a checkpoint contains them
    assert (model.encoder.embedding.weight.shape[1], model.encoder.rnns[0].hidden_size, len(model.encoder.rnns)) == (8, 12, 3)
    theirs = NET.embedding.weight
    for row, token in enumerate(OURS):
        known = token in VOCAB
        torch.testing.assert_close(model.encoder.embedding.weight[row], theirs[VOCAB.index(token)] if known else theirs.mean(0))
        torch.testing.assert_close(model.bias[row], BIAS[VOCAB.index(token)] if known else BIAS.mean())
    for key, value in NET.state_dict().items():
        assert key == "embedding.weight" or torch.equal(model.encoder.state_dict()[key], value), key
    file = cache(tmp_path) / "lstm_fwd.pth"
    assert model.provenance == {"source": str(file), "sha256": hash_of_file(file), "tokens": "6 of 7 known"}
    assert sorted(path.name for path in cache(tmp_path).iterdir()) == ["itos_wt103.pkl", "lstm_fwd.pth"]
    assert sorted(path.name for path in cache(tmp_path).parent.iterdir()) == [".wt103-fwd.lock", "wt103-fwd"]

    server.files.clear()
    classifier = TextClassifier(["neg", "pos"], OURS, encoder="wt103-fwd")
    assert len(server.asked) == 3
    assert classifier.provenance["pretrained"]
    assert torch.equal(classifier.encoder.embedding.weight, model.encoder.embedding.weight)


def test_the_backward_one_is_for_data_in_reverse(publish: Publish) -> None:
    publish(packed(("wt103-bwd/lstm_bwd.pth", weights(half=True)), PKL), "wt103-bwd")
    model = TextClassifier(["neg", "pos"], OURS, encoder="wt103-bwd", reverse=True)
    assert model.encoder.embedding.weight.dtype == torch.float32
    torch.testing.assert_close(model.encoder.rnns[2].weight_ih_l0, NET.rnns[2].weight_ih_l0, atol=1e-3, rtol=0)
    torch.testing.assert_close(model.encoder.embedding.weight[5], NET.embedding.weight.mean(0), atol=1e-3, rtol=0)
    with pytest.raises(MisconfigurationException, match=r"encoder=wt103-bwd: reads backwards, .* set the data's reverse=True"):
        TextClassifier(["neg", "pos"], OURS, encoder="wt103-bwd")
    publish(WHOLE)
    with pytest.raises(MisconfigurationException, match=r"weights=wt103-fwd: reads forwards, .* set the data's reverse=False"):
        LanguageModel(OURS, weights="wt103-fwd", reverse=True)


def test_processes_that_start_together_fetch_it_once(server: Any, publish: Publish) -> None:
    publish(WHOLE)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch_published("wt103-fwd", "Net: weights"), range(4)))
    assert len(set(paths)) == len(server.asked) == 1


def test_a_cache_of_which_a_part_was_removed_is_fetched_again(server: Any, publish: Publish) -> None:
    publish(WHOLE)
    fetch_published("wt103-fwd", "Net: weights").unlink()
    assert fetch_published("wt103-fwd", "Net: weights").read_bytes() == PTH[1]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WHOLE[:-4], "is damaged"),
        (WHOLE[: len(WHOLE) // 2], "is damaged"),
        (WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:], "is damaged .*CRC"),
        (WHOLE[:2000] + b"damage" + WHOLE[2006:], "is damaged"),
        (b"<html>Please log in</html>", "is damaged"),
        (packed(PTH), "has no .pkl"),
        (packed(), "has no .pth and no .pkl"),
        (packed(PTH, PKL, ("other.pth", b"")), "has two .pth files"),
        (packed(PTH, PKL, ("../lstm_fwd.pth", b"")), r"no plain file in it, '../lstm_fwd.pth'"),
        (packed(PTH, PKL, ("/tmp/lstm_fwd.pth", b"")), "no plain file in it, '/tmp/lstm_fwd.pth'"),
        (packed(PTH, entry("a.pkl", type=tarfile.SYMTYPE, linkname="/etc/passwd")), "no plain file in it, 'a.pkl'"),
        (packed(PTH, entry("a.pkl", type=tarfile.LNKTYPE, linkname="x")), "no plain file in it, 'a.pkl'"),
        (packed(PTH, entry("a.pkl", type=tarfile.FIFOTYPE)), "no plain file in it, 'a.pkl'"),
        (gzip.compress(entry("a.pth", size=1 << 40).tobuf(tarfile.GNU_FORMAT)), "states 1099.5 GB for 'a.pth'"),
        (gzip.compress(entry("a.pth", size=1 << 20).tobuf()), "is damaged"),
        (packed(*[(f"{number}.txt", b"") for number in range(101)]), "has more than 100 entries"),
    ],
    ids=range(16),
)
def test_other_archives_are_refused_and_nothing_is_kept(content: bytes, message: str, publish: Publish, tmp_path: Path) -> None:
    publish(content)
    with pytest.raises(MisconfigurationException, match=rf"^Net: weights=wt103-fwd: the archive from http.*{message}"):
        fetch_published("wt103-fwd", "Net: weights")
    assert [path.name for path in cache(tmp_path).parent.iterdir()] == [".wt103-fwd.lock"]


def test_a_small_archive_that_unpacks_to_gigabytes_is_refused(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_LONGEST", {".pth": 1 << 20, ".pkl": 1 << 20})
    header = entry("long", type=tarfile.XHDTYPE, size=1 << 30).tobuf(tarfile.USTAR_FORMAT)  # tarfile reads these into memory
    publish(gzip.compress(header) + gzip.compress(bytes(1 << 25), 1))
    with pytest.raises(MisconfigurationException, match="is far larger than the published one when unpacked"):
        fetch_published("wt103-fwd", "Net: weights")
    publish(WHOLE + gzip.compress(bytes(1 << 25), 1))
    with pytest.raises(MisconfigurationException, match="is far larger than the published one when unpacked"):
        fetch_published("wt103-fwd", "Net: weights")


def test_what_is_not_the_published_archive_is_refused_before_it_is_opened(server: Any, publish: Publish, tmp_path: Path) -> None:
    publish(WHOLE)
    server.files["/wt103-fwd.tgz"] = bytes([WHOLE[0], WHOLE[1] ^ 1]) + WHOLE[2:]
    with pytest.raises(MisconfigurationException, match=r"is not the archive that fastai published, and was removed"):
        fetch_published("wt103-fwd", "Net: weights")
    server.files["/wt103-fwd.tgz"] = WHOLE + b"more"
    with pytest.raises(MisconfigurationException, match=r"can't be downloaded \(the server's file has"):
        fetch_published("wt103-fwd", "Net: weights")
    assert [path.name for path in cache(tmp_path).parent.iterdir()] == [".wt103-fwd.lock"]


def test_what_is_in_it_is_read_as_tensors_and_strings(publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (Path("run-by-a-pickle"),))

    monkeypatch.chdir(tmp_path)
    file = io.BytesIO()
    torch.save({"0.encoder.weight": Evil()}, file)
    for name, content in (
        ("wt103-fwd", (("a.pth", file.getvalue()), PKL)),
        ("wt103-bwd", (PTH, ("a.pkl", pickle.dumps(Evil())))),
    ):
        publish(packed(*content), name)
        with pytest.raises(MisconfigurationException, match="nothing in it was run"):
            LanguageModel(OURS, weights=name, reverse=name == "wt103-bwd")
    assert not Path("run-by-a-pickle").exists()


def test_without_a_server_it_says_what_to_do(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "BASE_URL", "http://127.0.0.1:9")
    message = (
        r"^TextClassifier: encoder=wt103-fwd: http://127.0.0.1:9/wt103-fwd.tgz can't be downloaded \(.*refused\); without "
        r"internet access, download and unpack it elsewhere, and set encoder=FOLDER/lstm_fwd.pth, its .pkl beside it\.$"
    )
    with pytest.raises(MisconfigurationException, match=message):
        TextClassifier(["neg", "pos"], OURS, encoder="wt103-fwd")


def test_a_cache_that_can_not_be_written_is_one_sentence(publish: Publish, tmp_path: Path) -> None:
    publish(WHOLE)
    (tmp_path / "torch").touch()  # where its folder should be
    with pytest.raises(MisconfigurationException, match=r"can't be stored in .*wt103-fwd \(.*\); .* set TORCH_HOME"):
        fetch_published("wt103-fwd", "Net: weights")


def test_the_published_ones_are_fastais() -> None:
    assert published.BASE_URL == "https://s3.amazonaws.com/fast-ai-modelzoo"
    assert {name: (each.file, each.size, each.reverse) for name, each in PUBLISHED.items()} == {
        "wt103-fwd": ("lstm_fwd.pth", 105067061, False),
        "wt103-bwd": ("lstm_bwd.pth", 105205312, True),
    }
