"""A tiny fastai AWD-LSTM with its logits, for our tests; and fastai's logits on a file of ours.

    PEER benchmarks/peers/fastai_language_model.py write tests/modules/fastai_lm
    PEER benchmarks/peers/fastai_language_model.py read FOLDER      # lm.pth, lm_vocab.pkl and logits.json, as ours are written

PEER is a Python with fastai 2.8.12.
"""

import json
import pickle
import sys
from pathlib import Path

import torch
from fastai.text.all import AWD_LSTM, awd_lstm_lm_config, get_language_model

SIZES = {"emb_sz": 8, "n_hid": 12, "n_layers": 2}
SPECIALS = ["xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxrep", "xxwrep", "xxup", "xxmaj"]


def main(way: str, folder: Path) -> None:
    if way == "write":
        torch.manual_seed(1)
        vocab = [*SPECIALS, *["the", "a", "film", "was", "is", "good", "bad", "not", "very", "and", "of", "it"]]
    else:
        vocab = pickle.loads((folder / "lm_vocab.pkl").read_bytes())
    net = get_language_model(AWD_LSTM, len(vocab), config=awd_lstm_lm_config.copy() | SIZES)
    if way == "write":
        tokens = torch.randint(0, len(vocab), (3, 11))
    else:
        recorded = json.loads((folder / "logits.json").read_text())
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
    (folder / "logits.json").write_text(json.dumps({"tokens": tokens.tolist(), "logits": logits.tolist()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
