"""A tiny fastai AWD-LSTM with its logits, for our tests; fastai's logits for a file of ours, and its speed.

    PEER benchmarks/peers/fastai_language_model.py write tests/modules/fastai_lm
    PEER benchmarks/peers/fastai_language_model.py read FOLDER      # lm.pth, lm_vocab.pkl and logits.json, written by ours
    PEER benchmarks/peers/fastai_language_model.py speed small      # tokens per second in training; or paper
    PEER benchmarks/peers/fastai_language_model.py tokens FILE      # tokens per second of its tokenizer on a JSON list of texts

PEER is a Python with fastai 2.8.12.
"""

import json
import os
import pickle
import sys
import time
from pathlib import Path

import torch
from fastai.text.all import (
    AWD_LSTM,
    Adam,
    Callback,
    CrossEntropyLossFlat,
    DataLoader,
    DataLoaders,
    GradientClip,
    Learner,
    WordTokenizer,
    awd_lstm_lm_config,
    defaults,
    get_language_model,
    parallel_tokenize,
    rnn_cbs,
)

SIZES = {"emb_sz": 8, "n_hid": 12, "n_layers": 2}
SPECIALS = ["xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxrep", "xxwrep", "xxup", "xxmaj"]


TRAINED = {"small": {"emb_sz": 200, "n_hid": 400, "n_layers": 2}, "paper": {"emb_sz": 400, "n_hid": 1152, "n_layers": 3}}


def speed(size: str, steps: int = 15, warm: int = 3) -> None:
    """Batch 64, window 72, 10,000 words; AdamW, clipping, AR and TAR, as language_model_learner trains."""
    torch.manual_seed(1)
    text = torch.randint(4, 10_000, ((steps + warm) * 64 * 72 + 64,))
    rows = text[: len(text) // 64 * 64].view(64, -1)
    batches = [(rows[:, i : i + 72], rows[:, i + 1 : i + 73]) for i in range(0, rows.shape[1] - 72, 72)]
    net = get_language_model(AWD_LSTM, 10_000, config=awd_lstm_lm_config.copy() | TRAINED[size])
    learner = Learner(
        DataLoaders(DataLoader(batches, bs=None), DataLoader(batches[:1], bs=None)),
        net,
        loss_func=CrossEntropyLossFlat(),
        opt_func=Adam,
        cbs=[*rnn_cbs(2.0, 1.0), GradientClip(0.25)],
    )
    marks = []

    class Clock(Callback):
        def after_batch(self) -> None:
            if self.training:
                marks.append(time.perf_counter())

    with learner.no_bar(), learner.no_logging():
        learner.fit(1, 1e-3, cbs=Clock())
    print(json.dumps({"tokens/s": 64 * 72 * (len(marks) - warm) / (marks[-1] - marks[warm - 1])}))


def tokenize(file: Path) -> None:
    texts = json.loads(file.read_text(encoding="utf-8"))
    started = time.perf_counter()
    workers = int(os.environ.get("OMP_NUM_THREADS") or 2)
    found = list(parallel_tokenize(texts, tok=WordTokenizer(), rules=defaults.text_proc_rules, n_workers=workers))
    seconds = time.perf_counter() - started
    count = sum(len(each[1]) for each in found)
    print(json.dumps({"tokens": count, "tokens/s": count / seconds}))


def main(way: str, folder: Path) -> None:
    if way == "speed":
        return speed(str(folder))
    if way == "tokens":
        return tokenize(folder)
    if way == "write":
        torch.manual_seed(1)
        vocab = [*SPECIALS, *["the", "a", "film", "was", "is", "good", "bad", "not", "very", "and", "of", "it"]]
    else:
        vocab = pickle.loads((folder / "lm_vocab.pkl").read_bytes())
    net = get_language_model(AWD_LSTM, len(vocab), config=awd_lstm_lm_config.copy() | SIZES)
    if way == "write":
        tokens = torch.randint(0, len(vocab), (3, 11))
    else:
        recorded = json.loads((folder / "logits.json").read_text(encoding="utf-8"))
        tokens = torch.tensor(recorded["tokens"])
        net.load_state_dict(torch.load(folder / "lm.pth", weights_only=True))
    net.reset()
    logits = net.eval()(tokens)[0].detach()
    if way == "read":
        print("largest difference", float((logits - torch.tensor(recorded["logits"])).abs().max()))
        return
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), folder / "lm.pth")
    (folder / "lm_vocab.pkl").write_bytes(pickle.dumps(vocab, protocol=2))
    (folder / "logits.json").write_text(json.dumps({"tokens": tokens.tolist(), "logits": logits.tolist()}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
