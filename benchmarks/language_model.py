"""Cost of language models: tokenization, training, and memory by the length of windows and of texts.

    python benchmarks/language_model.py speed --peer-python PEER_ENV/bin/python
    python benchmarks/language_model.py tokens --texts TEXTS --peer-python PEER_ENV/bin/python    # a folder or archive of texts
    python benchmarks/language_model.py precision --text FILE                                     # bfloat16 and 32 bit
    python benchmarks/language_model.py memory

- speed: tokens per second in training (batch 64, window 72, 10,000 words), at both sizes: a plain ``nn.LSTM`` model in a bare
  loop in 32 bit, the same under autocast, ours as train.py trains it, fastai's. Alternately, ``--rounds`` times; medians, and
  ratios to the plain model.
- tokens: tokens per second of tokenization, and of fastai's tokenizer on the same texts (spaCy, as many processes as
  ``OMP_NUM_THREADS``, else two).
- precision: validation perplexity after one epoch of a text, three seeds each.
- memory: peak memory of a training by length of the window and of the text; writes ``docs/bptt_memory.png``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_parts.flops import TRAINING, language_model_flops
from measurements import OURS, Measurements, add_json
from practicum.callbacks import OneCycle, TruncatedBPTT
from practicum.cli.malloc import keep_freed_memory
from practicum.datamodules import BPTTWindows, TextFolder
from practicum.lightning_shim import Callback, Trainer, resolve_precision
from practicum.modules import LanguageModel
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

HERE = Path(__file__).resolve().parent
WORDS, BATCH, WINDOW, WARM, STEPS = 10_000, 64, 72, 3, 15
SIZES = {
    "small": {"embedding_dim": 200, "hidden_size": 400, "num_layers": 2},
    "paper": {"embedding_dim": 400, "hidden_size": 1152, "num_layers": 3},
}


class Plain(nn.Module):
    """The same sizes without any dropout: an embedding, ``nn.LSTM`` layers, an output layer with tied weights."""

    def __init__(self, embedding_dim: int, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        sizes = [embedding_dim, *[hidden_size] * (num_layers - 1), embedding_dim]
        self.embedding = nn.Embedding(WORDS, embedding_dim)
        self.rnns = nn.ModuleList(nn.LSTM(a, b, batch_first=True) for a, b in pairwise(sizes))
        self.out = nn.Linear(embedding_dim, WORDS)
        self.out.weight = self.embedding.weight

    def forward(self, x: Tensor, states: list[Any]) -> tuple[Tensor, list[Any]]:
        x, ended = self.embedding(x), []
        for rnn, state in zip(self.rnns, states, strict=True):
            x, after = rnn(x, state)
            ended.append(tuple(each.detach() for each in after))
        return self.out(x), ended


def windows(steps: int, window: int = WINDOW, batch: int = BATCH) -> BPTTWindows:
    tokens = np.random.default_rng(1).integers(4, WORDS, steps * window * batch + 1).astype(np.uint16)
    return BPTTWindows(tokens, batch_size=batch, bptt=window)


def plain(size: str, autocast: bool) -> float:
    """Tokens per second of a bare loop."""
    torch.manual_seed(1)
    net, data = Plain(**SIZES[size]), windows(WARM + STEPS)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    states: list[Any] = [None] * len(net.rnns)
    started = 0.0
    for step in range(WARM + STEPS):
        if step == WARM:
            started = time.perf_counter()
        x, y = data[step]
        with torch.autocast("cpu", enabled=autocast, dtype=torch.bfloat16):
            logits, states = net(x, states)
            loss = cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        optimizer.step()
    return STEPS * BATCH * WINDOW / (time.perf_counter() - started)


class Clock(Callback):
    """Seconds from the ``WARM``-th step to the last."""

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if trainer.global_step == WARM:
            self.started = time.perf_counter()
        self.seconds = time.perf_counter() - getattr(self, "started", time.perf_counter())


def ours(size: str) -> float:
    """Tokens per second of a training as train.py builds it: all dropouts, AR and TAR, carried states, a schedule."""
    torch.manual_seed(1)
    data = windows(WARM + STEPS)
    model = LanguageModel(
        [str(n) for n in range(WORDS)], optimizer=lambda groups: torch.optim.AdamW(groups, lr=1e-3), **SIZES[size]
    )
    clock = Clock()
    trainer(max_epochs=1, callbacks=[clock, TruncatedBPTT(), OneCycle()]).fit(model, DataLoader(data, batch_size=None))
    return STEPS * BATCH * WINDOW / clock.seconds


def trainer(**options: Any) -> Trainer:
    return Trainer(
        accelerator="cpu",
        precision=resolve_precision("auto"),
        gradient_clip_val=0.25,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        **options,
    )


def peer(python: str, *arguments: str) -> dict[str, float]:
    script = HERE / "peers" / "fastai_language_model.py"
    answer = subprocess.run([python, script, *arguments], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def speed(options: argparse.Namespace) -> None:
    noted, auto = Measurements(), resolve_precision("auto")
    noted.setting("fastai", "AWD_LSTM of the same sizes, Adam, GradientClip, rnn_cbs: as language_model_learner trains; 32 bit")
    noted.setting("plain, 32 bit", "nn.LSTM layers without any dropout in a bare loop")
    for size in options.sizes:
        found: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            found.setdefault("plain, 32 bit", []).append(plain(size, False))
            found.setdefault("plain, autocast", []).append(plain(size, True))
            found.setdefault(OURS, []).append(ours(size))
            if options.peer_python:
                found.setdefault("fastai", []).append(peer(options.peer_python, "speed", size)["tokens/s"])
        base = statistics.median(found["plain, 32 bit"])
        for name, rates in found.items():
            middle = statistics.median(rates)
            print(
                f"{size:6} {name:16} {middle:9.0f} tokens/s  {middle / base:.2f}   {[round(rate) for rate in rates]}", flush=True
            )
            for rate in rates:
                noted.note(f"{size}: tokens/s in training", name, rate)
        each = TRAINING * language_model_flops(WORDS, **SIZES[size])
        low = {OURS: auto, "plain, autocast": "bf16-mixed"}
        noted.operations(f"{size}: tokens/s in training", each, {name: low.get(name, "32-true") for name in found})
    noted.write(options.json)


def tokens(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = TextFolder(options.texts, task="language_model", cache=Path(folder) / "cache")
        started = time.perf_counter()
        data.prepare_data()
        seconds = time.perf_counter() - started
        data.setup("fit")
        count = sum(value for key, value in data.provenance.items() if key.startswith("tokens/"))
        noted = Measurements()
        noted.note("tokens/s of tokenization", OURS, count / seconds)
        noted.setting(OURS, "with reading, building the vocabulary, writing")
        print(
            f"practicum {count} tokens, {seconds:.1f} s with reading, building the vocabulary, writing: {count / seconds:.0f}/s"
        )
        if options.peer_python:
            texts = Path(folder) / "texts.json"
            documents = [each.text for each in data.documents() if each.text]
            some = documents[:: max(1, len(documents) // 4000)]  # spaCy would take too long for all
            texts.write_text(json.dumps(some), encoding="utf-8")
            answer = peer(options.peer_python, "tokens", str(texts))
            print(f"fastai    {answer['tokens']:.0f} tokens of {len(some)} texts: {answer['tokens/s']:.0f}/s")
            noted.note("tokens/s of tokenization", "fastai", answer["tokens/s"])
            noted.setting("fastai", f"WordTokenizer (spaCy) with its default rules, tokenization alone, of {len(some)} texts")
        noted.write(options.json)


def memory_of(window: int, length: int) -> float:
    """Peak megabytes of a training of a few steps, beyond what the libraries take, in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import language_model; language_model.measure({window}, {length})"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def measure(window: int, length: int) -> None:
    vocab = [str(n) for n in range(1000)]
    model = LanguageModel(vocab, optimizer=lambda groups: torch.optim.SGD(groups, lr=0.1), **SIZES["small"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.bin"
        with open(path, "wb") as file:
            rng = np.random.default_rng(1)
            for _ in range(0, length, 1 << 20):
                file.write(rng.integers(4, 1000, min(length, 1 << 20)).astype(np.uint16).tobytes())
        text = np.memmap(path, np.uint16, "r")
        data = BPTTWindows(text, batch_size=16, bptt=window)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        fit = trainer(max_steps=4, callbacks=[TruncatedBPTT()])
        fit.fit(model, DataLoader(data, batch_size=None))
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def memory(options: argparse.Namespace) -> None:
    from practicum.callbacks.figures.canvas import BLUE, GRID, new_figure, save_figure

    by_window = {window: memory_of(window, 2_000_000) for window in (35, 70, 140, 280, 560, 1120)}
    by_length = {length: memory_of(70, length) for length in (1_000_000, 4_000_000, 16_000_000, 64_000_000)}
    print("by window", by_window, "\nby length", by_length)
    figure = new_figure(10, 3.4)
    for number, (points, what) in enumerate(((by_window, "window, tokens"), (by_length, "text, tokens")), 1):
        axes = figure.add_subplot(1, 2, number)
        axes.plot(list(points), list(points.values()), "o-", color=BLUE)
        axes.set_xlabel(what)
        axes.set_ylabel("MB beyond the libraries'")
        axes.set_ylim(bottom=0, top=1.15 * max(by_window.values()))
        axes.set_xscale("log" if number == 2 else "linear")
        axes.set_title("grows with the window" if number == 1 else "not with the text (window 70)")
        axes.grid(color=GRID)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, HERE.parent / "docs" / "bptt_memory.png")


def precision(options: argparse.Namespace) -> None:
    train = [
        str(HERE.parent / "train.py"),
        "experiment=lm",
        "data=language_model",
        f"data.root={options.text}",
        "data.level=whitespace",
    ]
    noted = Measurements()
    for kind in ("32-true", "bf16-mixed"):
        found = []
        for seed in (1, 2, 3):
            with tempfile.TemporaryDirectory() as folder:
                more = [
                    f"seed={seed}",
                    f"trainer.precision={kind}",
                    f"hydra.run.dir={folder}/run",
                    "epochs=1",
                    "callbacks.progress=null",
                ]
                subprocess.run([sys.executable, *train, *more], check=True, capture_output=True)
                found.append(json.loads((Path(folder) / "run" / "metrics.json").read_text(encoding="utf-8"))["val/perplexity"])
        print(f"{kind:11} {[round(each, 2) for each in found]} mean {statistics.mean(found):.2f}", flush=True)
        for value in found:
            noted.note("perplexity after an epoch", f"{OURS}, {kind}", value, "less")
    noted.write(options.json)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "tokens", "memory", "precision"))
    parser.add_argument("--peer-python")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--texts", help="a folder or archive of texts")
    parser.add_argument("--text", help="a plain text, or a folder with train, valid and test")
    add_json(parser)
    options = parser.parse_args()
    keep_freed_memory()
    {"speed": speed, "tokens": tokens, "memory": memory, "precision": precision}[options.what](options)


if __name__ == "__main__":
    main()
