"""Small run folders of each kind of data, as train.py leaves them, without training them."""

from __future__ import annotations

import functools
import json
import os
import tempfile
from pathlib import Path

import yaml

from .photos import photo

FAMILIES = ("table", "ratings", "photos", "texts")


@functools.cache
def run_folder(family: str) -> tuple[dict[str, bytes], str, bytes]:
    """The files of a small run, as ``train.py`` leaves them, with weights as they were drawn; and input for it."""
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.utils import get_object, instantiate
    from omegaconf import OmegaConf
    from practicum.cli.model_facts import facts_for
    from practicum.lightning_shim import Trainer

    with tempfile.TemporaryDirectory() as scratch:
        typed, name, content = _data(family, Path(scratch))
        os.mkdir(f"{scratch}/run")
        GlobalHydra.instance().clear()
        with initialize_config_module("practicum.conf", version_base="1.3"):
            cfg = compose(
                "train", [*typed, f"hydra.run.dir={scratch}/run", f"paths.data={scratch}/data"], return_hydra_config=True
            )
            HydraConfig.instance().set_config(cfg)
        about = OmegaConf.create({"hydra": {"overrides": {"task": typed, "hydra": []}, "runtime": {"choices": {"data": family}}}})
        cfg = OmegaConf.masked_copy(cfg, [key for key in cfg if key != "hydra"])
        kept, cfg.paths.run = OmegaConf.to_yaml(cfg), f"{scratch}/run"
        cfg.data.pop("hints", None)
        cfg.name = family
        data = instantiate(cfg.data, _convert_="all")
        data.prepare_data()
        data.setup("fit")
        facts = facts_for(get_object(cfg.model._target_), data.describe(), {**cfg.model, "optimizer": cfg.optimizer})
        build = instantiate(cfg.model, optimizer=instantiate(cfg.optimizer), _convert_="all", _partial_=True)
        trainer = Trainer(
            accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False
        )
        trainer.strategy.connect(build(**facts))
        trainer.save_checkpoint(f"{scratch}/run/checkpoints/best.ckpt")
        files = {
            str(path.relative_to(f"{scratch}/run")): path.read_bytes()
            for path in Path(scratch, "run").rglob("*")
            if path.is_file()
        }
        HydraConfig.instance().cfg = None
        GlobalHydra.instance().clear()
    record = {"status": "finished", "precision": "32-true", "data/sha256": "0" * 64, "test/loss": 0.5, "epochs": 2}
    files |= {".hydra/config.yaml": kept.encode(), ".hydra/hydra.yaml": OmegaConf.to_yaml(about).encode()}
    files |= {".hydra/overrides.yaml": yaml.safe_dump(typed).encode(), "metrics.json": json.dumps(record).encode()}
    return files, name, content


def _data(family: str, where: Path) -> tuple[list[str], str, bytes]:
    """Overrides of a small training, and the name and content of input for it; the training's input is written."""
    if family == "photos":
        for label in ("cats", "dogs"):
            (where / "photos" / label).mkdir(parents=True)
            for number in range(4):
                (where / "photos" / label / f"{number}.jpg").write_bytes(
                    photo(number + 9 * (label == "cats"), "RGB", "JPEG", (24, 20))
                )
        small = ["data.size=16", "model=timm", "model.backbone=test_resnet", "model.weights=random"]
        return ["data=image_folder", f"data.root={where}/photos", *small], "one.jpg", photo(1, "RGB", "JPEG", (24, 20))
    if family == "texts":
        rows = [f"a {('good', 'bad')[number % 2]} film,{('good', 'bad')[number % 2]}" for number in range(20)]
        (where / "t.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
        small = ["pretraining.model.embedding_dim=8", "pretraining.epochs=1", "data.min_count=1"]
        return ["experiment=reviews", "data=text_csv", f"data.root={where}/t.csv", *small], "new.csv", b"text\na good film\nbad\n"
    if family == "ratings":
        rows = [f"u{number % 5},i{number // 5},{1 + number % 4}" for number in range(30)]
        (where / "r.csv").write_text("\n".join(["user,item,rating", *rows]), encoding="utf-8")
        return ["experiment=ratings", f"data.root={where}/r.csv"], "new.csv", b"user,item\nu1,i2\nu9,i1\n"
    rows = [f"{'abc'[number % 3]},{number / 7:.2f},{number % 5}.5" for number in range(30)]
    (where / "t.csv").write_text("\n".join(["kind,size,y", *rows]), encoding="utf-8")
    return (
        ["experiment=table", f"data.root={where}/t.csv", "data.target=y", "model.hidden_sizes=[4]"],
        "new.csv",
        b"kind,size\na,1\nz,2\n",
    )
