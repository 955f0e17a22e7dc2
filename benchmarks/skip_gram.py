"""Word vectors compared with fastText: words per second in training, and agreement of nearest neighbours.

    python benchmarks/skip_gram.py TEXT --peer-python PEER_ENV/bin/python

TEXT is a plain text with tokens separated by whitespace, or a folder with train, valid and test texts (Penn Treebank). Both train
``--epochs`` on it with fastText's defaults, alternately, ``--rounds`` times; fastText's time includes reading the text, ours
validation. For the 1,000 words that follow the 100 most frequent: the share of their ten nearest neighbours
(cosine) on which both agree, and the same between two runs of fastText, whose threads never write in the same order.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from measurements import OURS, Measurements, add_json, threads
from practicum.modules.weights.word_vectors import read_vec
from torch import Tensor
from torch.nn.functional import normalize

HERE = Path(__file__).resolve().parent
SKIPPED, WORDS, NEAREST = 100, 1000, 10
PEER = """
import fasttext, json, sys, time
text, out, epochs, threads = sys.argv[1:]
started = time.perf_counter()
net = fasttext.train_unsupervised(text, model="skipgram", dim=100, ws=5, neg=5, minn=3, maxn=6, t=1e-4, lr=0.05, minCount=1,
                                  epoch=int(epochs), thread=int(threads), verbose=0)
seconds = time.perf_counter() - started
words, counts = net.get_words(include_freq=True)
with open(out, "w", encoding="utf-8") as file:
    file.write(f"{len(words)} 100\\n")
    file.writelines(f"{word} {' '.join(f'{x:.6g}' for x in net.get_word_vector(word))}\\n" for word in words)
print(json.dumps({"seconds": seconds, "words": int(counts.sum())}))
"""


def ours(text: Path, epochs: int, seed: int, folder: Path) -> tuple[float, float, Path]:
    """Number of words, seconds and file of vectors of one run."""
    run = folder / f"ours{seed}"
    command = [str(HERE.parent / "train.py"), "experiment=word_vectors", "data=language_model", f"data.root={text}"]
    command += ["data.task=skip_gram", "data.level=whitespace", "data.min_count=1", f"epochs={epochs}", f"seed={seed}"]
    command += ["callbacks.progress=null", f"paths.data={folder / 'data'}", f"hydra.run.dir={run}"]
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return record["data/tokens/train"], record["seconds/fit"], run / "vectors.vec"


def fasttext(python: str, text: Path, epochs: int, number: int, folder: Path) -> tuple[float, float, Path]:
    """The same for fastText."""
    out = folder / f"fasttext{number}.vec"
    command = [python, "-c", PEER, str(text), str(out), str(epochs), str(threads())]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    return found["words"], found["seconds"], out


def nearest(path: Path, among: list[str], asked: slice) -> Tensor:
    """Positions in ``among`` of the ten words nearest to each word of the slice ``asked`` ``[words, 10]``."""
    names, vectors = read_vec(path, among)
    place = {name: number for number, name in enumerate(names)}
    vectors = normalize(vectors[[place[word] for word in among]])
    likeness = vectors[asked] @ vectors.T
    likeness[torch.arange(len(likeness)), torch.arange(len(among))[asked]] = -1  # itself
    return likeness.topk(NEAREST).indices


def alike(a: Tensor, b: Tensor) -> float:
    """Share of the ten neighbours that are the same."""
    return float((a[:, :, None] == b[:, None, :]).any(2).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    add_json(parser)
    options = parser.parse_args()
    noted = Measurements()
    noted.setting(
        "fastText", "skipgram, dim 100, ws 5, neg 5, minn 3, maxn 6, t 1e-4, lr .05: its defaults, and minCount 1 for both"
    )
    source = options.text.resolve()
    plain = next(iter(sorted(source.glob("*train*")))) if source.is_dir() else source
    found: dict[str, list[tuple[float, float, Path]]] = {"practicum": [], "fastText": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number in range(1, options.rounds + 1):
            found["practicum"].append(ours(source, options.epochs, number, folder))
            found["fastText"].append(fasttext(options.peer_python, plain, options.epochs, number, folder))
        pace = {}
        for name, runs in found.items():
            rates = [options.epochs * words / seconds for words, seconds, _ in runs]
            pace[name] = statistics.median(rates)
            for rate in rates:
                noted.note("words/s in training", name, rate)
            print(f"{name:10} {pace[name]:9.0f} words/s   {[round(rate) for rate in rates]}", flush=True)
        print(f"ratio      {pace['practicum'] / pace['fastText']:.2f}")
        ordered, _ = read_vec(found["fastText"][0][2])  # by frequency
        known = set(read_vec(found["practicum"][0][2])[0])
        among, asked = [word for word in ordered if word in known], slice(SKIPPED, SKIPPED + WORDS)
        near = {name: [nearest(path, among, asked) for *_, path in runs] for name, runs in found.items()}
        pairs = [alike(a, b) for a in near["practicum"] for b in near["fastText"]]
        print(f"same {NEAREST} nearest neighbours of {len(among[asked])} words: {statistics.mean(pairs):.0%}")
        for pair in pairs:
            noted.note("share of the ten nearest words that agree", f"{OURS} with fastText", pair, "")
        for name, each in near.items():
            if len(each) > 1:
                print(f"{name} with itself: {alike(each[0], each[1]):.0%}")
                noted.note("share of the ten nearest words that agree", f"{name} with itself", alike(each[0], each[1]), "")
    noted.write(options.json)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
