"""Archives: zips of photo challenges and of MovieLens, tars of texts; with entries that lead out, lie or are damaged."""

from __future__ import annotations

import csv
import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile

from hypothesis import strategies as st

from .given import Given
from .mutations import damage, names, rarely
from .photos import photo
from .reading import read

# Names that lead out of the folder, or that no file can have.
_OUT = (
    *("../evil.txt", "../../earlier/metrics.json", "/tmp/practicum-fuzz-evil", "train/../../evil", "..\\evil"),
    *("C:\\evil", "C:evil"),
    *("//x/evil", "train/./a.jpg", "./evil", "train//a.jpg", "", ".", "..", "/", "a/" * 60 + "a", "x" * 300, "NUL\0x"),
    *("train/cat.0.jpg/inner.jpg", "train", "labels.csv/x", "~/evil", "$HOME/evil", "\u202egpj.a", "train/\udce9.jpg"),
)  # fmt: skip


@st.composite
def inputs(draw: st.DrawFn) -> Given:
    """An archive, and the options of the data module that reads it."""
    given = Given(use=read)
    kind = draw(st.sampled_from((_pets, _breeds, _planet, _movielens, _texts)))
    given.module, entries, options = kind(draw)
    given.options = options
    given.said.append(given.module)
    odd = rarely(
        draw,
        [],
        tuple(
            [each] for each in ("out", "link", "twice", "many", "ratio", "size", "inner", "names", "device", "password", "quoted")
        ),
        2,
    )
    given.said += odd
    tar = (".tar", ".tar.gz", ".tgz")
    suffix = draw(st.sampled_from(tar)) if given.module == "TextFolder" else rarely(draw, ".zip", (*tar, ".7z"), 12)
    content = _tar(draw, entries, odd, suffix) if ".t" in suffix else _zip(draw, entries, odd)
    content = damage(draw, content, given.said, "archive", often=4)
    given.root = f"{draw(st.sampled_from(('data', 'my data', 'ü', 'data.v1')))}{suffix}"
    given.files[given.root] = content
    if rarely(draw, False, (True,), 6) and suffix == ".zip":  # a folder of archives, as Kaggle's command line leaves it
        given.files = {f"folder/{given.root}": content, "folder/other.zip": content}
        given.root = "folder"
    if given.module not in ("MovieLens",) and draw(st.integers(0, 2)) == 0:
        given.new = given.root
    given.again = draw(st.sampled_from(("", "", "as it is")))
    return given


def _photos(draw: st.DrawFn, pattern: str, count: int) -> dict[str, bytes]:
    return {pattern.format(number): photo(draw(st.integers(0, 40)), "RGB", "JPEG", (24, 20)) for number in range(count)}


_SMALL = {"size": 8, "batch_size": 2, "num_workers": 0}


def _pets(draw: st.DrawFn) -> tuple[str, dict[str, bytes], dict]:
    top = draw(st.sampled_from(("", "dogs-vs-cats/", "a/b/")))
    count = rarely(draw, 3, (1, 2), 6)
    entries = _photos(draw, f"{top}train/cat.{{}}.jpg", count) | _photos(draw, f"{top}train/dog.{{}}.jpg", count)
    return "DogsVsCats", entries | _photos(draw, f"{top}test/{{}}.jpg", 2), dict(_SMALL)


def _breeds(draw: st.DrawFn) -> tuple[str, dict[str, bytes], dict]:
    entries = _photos(draw, "train/{}.jpg", rarely(draw, 8, (1, 2, 3), 6))
    file = io.StringIO()
    breeds = rarely(draw, ["pug", "boxer"], (draw(st.lists(names("pug"), min_size=1, max_size=3, unique=True)),), 5)
    rows = [[name[6:-4], breeds[number % len(breeds)]] for number, name in enumerate(entries)]
    csv.writer(file).writerows([["id", "breed"], *rows])
    return "DogBreeds", entries | {"labels.csv": file.getvalue().encode("utf-8", "surrogateescape")}, dict(_SMALL)


def _planet(draw: st.DrawFn) -> tuple[str, dict[str, bytes], dict]:
    entries = _photos(draw, "train-jpg/train_{}.jpg", rarely(draw, 8, (1, 2), 6))
    tags = draw(
        st.lists(
            st.sampled_from(("clear", "primary clear", "clear", "primary clear", "haze  road")),
            min_size=len(entries),
            max_size=len(entries),
        )
    )
    rows = [f"train_{number},{tag}" for number, tag in enumerate(tags)]
    return "Planet", entries | {"train_v2.csv": "\n".join(["image_name,tags", *rows]).encode()}, dict(_SMALL)


def _movielens(draw: st.DrawFn) -> tuple[str, dict[str, bytes], dict]:
    chance = random.Random(draw(st.integers(0, 999)))
    rows = [(n % 5 + 1, n // 5 + 1, chance.randint(1, 5), 880_000_000 + n) for n in range(rarely(draw, 40, (1, 2, 5), 6))]
    form = draw(st.sampled_from(("u.data", "ratings.dat", "ratings.csv")))
    separator = {"u.data": "\t", "ratings.dat": "::", "ratings.csv": ","}[form]
    lines = [separator.join(map(str, row)) for row in rows]
    if form == "ratings.csv":
        lines.insert(0, "userId,movieId,rating,timestamp")
    entries = {f"ml/{form}": damage(draw, "\n".join(lines).encode(), [], form, often=6)}
    if draw(st.booleans()):
        entries |= {
            "ml/u.item": b"\n".join(f"{n}|Film {n} (1990)|||x|{'|'.join('0' * 19)}".encode() for n in range(1, 9)),
            "ml/u.user": b"\n".join(f"{n}|{20 + n}|M|writer|1234{n}".encode() for n in range(1, 6)),
            "ml/movies.dat": b"\n".join(f"{n}::Film, the (19{n}0)::Drama|War".encode() for n in range(1, 9)),
            "ml/users.dat": b"\n".join(f"{n}::F::25::3::55117".encode() for n in range(1, 6)),
            "ml/movies.csv": b"movieId,title,genres\n"
            + b"\n".join(f'{n},"Film, {n} (1990)",Drama'.encode() for n in range(1, 9)),
        }
        for name in sorted(entries):
            entries[name] = damage(draw, entries[name], [], name, often=12)
    options = draw(
        st.sampled_from(
            ({}, {}, {"side_features": True}, {"split": "last_out"}, {"fold": 1}, {"duplicates": "mean"}, {"title": "title"})
        )
    )
    return "MovieLens", entries, {"batch_size": 8, **options}


def _texts(draw: st.DrawFn) -> tuple[str, dict[str, bytes], dict]:
    top = draw(st.sampled_from(("", "aclImdb/", "./", "a/b/")))
    entries = {}
    kinds = rarely(draw, 4, (1, 2, 3), 6)
    for number in range(rarely(draw, 16, (1, 2, 5), 6)):
        folder = ("train/pos", "train/neg", "test/pos", "train/unsup")[number % kinds]
        entries[f"{top}{folder}/{number}.txt"] = f"a film of {number} wonders".encode() * 2
    return "TextFolder", entries, {"min_count": 1, "batch_size": 2}


def _zip(draw: st.DrawFn, entries: dict[str, bytes], odd: list[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", draw(st.sampled_from((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)))
    ) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, archive.compression)  # without the time: a seed gives the same bytes
        first = next(iter(entries))
        for kind in odd:
            if kind == "out":
                _entry(archive, draw(st.sampled_from(_OUT)), b"evil")
            elif kind in ("link", "device"):
                mode = stat.S_IFLNK if kind == "link" else draw(st.sampled_from((stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK)))
                target = draw(st.sampled_from((b"/etc/passwd", b"../../earlier", b".")))
                _entry(archive, f"{first.rpartition('/')[0]}/link.jpg", target, mode)
            elif kind == "twice":
                _entry(archive, first, b"another")
            elif kind == "many":
                for number in range(300):
                    _entry(archive, f"many/{number}", b"")
            elif kind == "ratio":
                archive.writestr(zipfile.ZipInfo(f"{first}.big"), bytes(20_000_000), zipfile.ZIP_DEFLATED, 9)
            elif kind == "inner":
                _entry(archive, "train/inner.zip", _inner(draw))
            elif kind == "names":
                _entry(archive, f"{first.rpartition('/')[0]}/{draw(names())}", b"x")
            elif kind == "quoted":
                archive.comment = b"PK\x05\x06" + bytes(30)
    content = bytearray(file.getvalue())
    if "size" in odd:  # the directory says another size than there is
        at = content.rfind(b"PK\x01\x02")
        size = draw(st.sampled_from((0, 1, 2**31, 2**32 - 2)))
        content[at + 24 : at + 28] = struct.pack("<I", size)
    if "password" in odd:
        at = content.rfind(b"PK\x01\x02")
        content[at + 8] |= 1
    return bytes(content)


def _entry(archive: zipfile.ZipFile, name: str, content: bytes, mode: int = stat.S_IFREG) -> None:
    info = zipfile.ZipInfo("x")
    info.filename = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # as it is, unlike ZipInfo(name)
    info.external_attr = (mode | 0o644) << 16
    archive.writestr(info, content)


def _inner(draw: st.DrawFn) -> bytes:
    """A zip inside: one that leads out, holds itself over and over, or is none."""
    kind = draw(st.sampled_from(("out", "deep", "none", "empty")))
    if kind == "none":
        return b"PK\x03\x04 no archive"
    content = b"evil"
    name = "../../../evil.txt" if kind == "out" else "a.txt"
    for _ in range(40 if kind == "deep" else 1):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            if kind != "empty":
                _entry(archive, name, content)
        content, name = file.getvalue(), "inner.zip"
    return content


def _tar(draw: st.DrawFn, entries: dict[str, bytes], odd: list[str], suffix: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        more: list[tuple[str, bytes, bytes, str]] = [(name, content, tarfile.REGTYPE, "") for name, content in entries.items()]
        first = next(iter(entries))
        for kind in odd:
            if kind == "out":
                more.append((draw(st.sampled_from(_OUT)).replace("\0", ""), b"evil", tarfile.REGTYPE, ""))
            elif kind == "link":
                type_ = draw(st.sampled_from((tarfile.SYMTYPE, tarfile.LNKTYPE)))
                more.append(
                    (f"{first}.link.txt", b"", type_, draw(st.sampled_from(("/etc/passwd", first, "../../..", "nowhere"))))
                )
            elif kind == "device":
                more.append((f"{first}.txt", b"", draw(st.sampled_from((tarfile.CHRTYPE, tarfile.FIFOTYPE))), ""))
            elif kind == "twice":
                more.append((first, b"another text", tarfile.REGTYPE, ""))
            elif kind == "ratio":
                more.append((f"{first}.txt", b"a " * 500_000, tarfile.REGTYPE, ""))
            elif kind == "names":
                more.append((f"{first.rpartition('/')[0]}/{draw(names())}.txt", b"a text", tarfile.REGTYPE, ""))
        for name, content, type_, target in more:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = type_, target, len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue() if suffix == ".tar" else gzip.compress(file.getvalue(), 1, mtime=0)
