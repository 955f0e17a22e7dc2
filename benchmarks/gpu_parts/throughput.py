"""Items per second in training, beside bare PyTorch loops of the same work, on batches that are ready and on real loaders.

The bare loops have what a careful writer would give them: autocast to bfloat16, a fused optimizer, ``channels_last``, copies that
don't wait. They log nothing. Ours is Lightning's loop, as train.py sets it up, with the model's own logging and a schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import timm
import torch
from language_model import SIZES, WINDOW, WORDS, Plain, windows
from practicum.callbacks import OneCycle, RunLog, TruncatedBPTT
from practicum.datamodules import Augment, ImageFolder
from practicum.modules import ImageClassifier, LanguageModel
from practicum.modules.layers.awd_lstm import activation_regularization
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

from gpu_parts.fastai_loop import fastai_rate
from gpu_parts.flops import TRAINING, forward_flops, language_model_flops
from gpu_parts.measure import Blocks, Notes, Ready, Setting, adamw, bare_rate, fit_rate, ratio
from gpu_parts.trains import write_noise_photos

CLASSES = ["left", "right"]
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def backbone_of(setting: Setting) -> str:
    return str(setting.pick("resnext50_32x4d", "test_resnet"))


def photo_batch(setting: Setting, batch: int, side: int) -> tuple[Tensor, Tensor]:
    """Random photos on the device, as the loader gives them: ``uint8``, channels last."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8, generator=generator)
    y = torch.randint(0, 2, (batch,), generator=generator)
    return x.to(setting.device, memory_format=torch.channels_last), y.to(setting.device)


def classifier(setting: Setting) -> ImageClassifier:
    return ImageClassifier(CLASSES, backbone=backbone_of(setting), weights="random", optimizer=adamw)


def bare_photo_step(setting: Setting, batch: tuple[Tensor, Tensor], compiled: str | None = None) -> Callable[[int], None]:
    """A step of timm's network in plain PyTorch; photos are normalised on the device, as ours are."""
    net: Any = timm.create_model(backbone_of(setting), num_classes=2)
    net = net.to(setting.device, memory_format=torch.channels_last)
    mean, std = (torch.tensor(each, device=setting.device).view(1, 3, 1, 1) for each in (MEAN, STD))
    optimizer = adamw(net.parameters())
    if compiled is not None:
        net.compile(backend=compiled)
    net.train()

    def step(_: int) -> None:
        x, y = batch
        with setting.autocast():
            x = ((x.float() - mean) / std).contiguous(memory_format=torch.channels_last)
            loss = cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def photos(setting: Setting, note: Notes) -> None:
    side = setting.pick(224, 32)
    size = setting.pick(Blocks(5, 5, 5), Blocks(1, 2, 1))
    note("flops of a photo's training step", TRAINING * forward_flops(classifier(setting), torch.zeros(1, 3, side, side)))
    for batch in setting.pick((128, 256), (4,)):
        ready = photo_batch(setting, batch, side)
        bare = partial(bare_photo_step, setting, ready)

        data = Ready([ready], size.total)
        loop = bare_rate(setting, size, batch, bare)
        note(f"bare loop, batch {batch}", loop)
        ours = fit_rate(setting, size, batch, lambda: classifier(setting), data, lambda: [OneCycle()])
        note(f"practicum, batch {batch}", ours)
        ratio(note, f"practicum relative to the bare loop, batch {batch}", ours, loop)
        if setting.gpu and batch == 256:
            torch.backends.cudnn.benchmark = True
            tuned = bare_rate(setting, size, batch, bare)
            torch.backends.cudnn.benchmark = False
            note(f"bare loop, cudnn.benchmark, batch {batch}", tuned)
            own = fit_rate(setting, size, batch, lambda: classifier(setting), data, lambda: [OneCycle()], benchmark=True)
            torch.backends.cudnn.benchmark = False
            note(f"practicum, trainer.benchmark=true, batch {batch}", own)
            ratio(note, f"practicum relative to the bare loop, cudnn.benchmark, batch {batch}", own, tuned)
    _photos_from_disk(setting, note, side)
    net: Any = timm.create_model(backbone_of(setting), num_classes=2).to(memory_format=torch.channels_last)
    x, y = photo_batch(setting, setting.pick(128, 4), side)
    x = x.float().div(255).contiguous(memory_format=torch.channels_last)
    note("fastai", fastai_rate(setting, size, len(y), net, [(x, y)], cross_entropy))


def _photos_from_disk(setting: Setting, note: Notes, side: int) -> None:
    """The whole way: decoded pixels from the cache, pinned, augmented on the device, every step in metrics.csv."""
    batch, count = setting.pick(128, 4), setting.pick(1024, 12)
    root = setting.work / "noise"
    write_noise_photos(root, count)
    augment = Augment(hflip=0.5, device="device")
    data = ImageFolder(root, size=side, batch_size=batch, augment=augment, cache=setting.work / "noise_cache")
    data.prepare_data()
    data.setup("fit")
    size = setting.pick(Blocks(16, 4, 8), Blocks(1, 2, 1))
    found = fit_rate(
        setting,
        size,
        batch,
        lambda: classifier(setting),
        data,
        lambda: [OneCycle()],
        logger=RunLog(setting.work / "log"),
        log_every_n_steps=1,
    )
    note(f"practicum, photos from the cache, views on the device, metrics.csv, batch {batch}", found)


# Language models ------------------------------------------------------------------------------------------------------


def _language_model(size: str) -> LanguageModel:
    words = [str(number) for number in range(WORDS)]
    return LanguageModel(words, optimizer=lambda groups: adamw(groups, fused=False), **SIZES[size])


def _bare_plain(setting: Setting, size: str, data: Any) -> Callable[[int], None]:
    net = Plain(**SIZES[size]).to(setting.device)
    optimizer = adamw(net.parameters())
    states: list[Any] = [None] * len(net.rnns)

    def step(number: int) -> None:
        nonlocal states
        x, y = (each.to(setting.device, non_blocking=True) for each in data[number])
        with setting.autocast():
            logits, states = net(x, states)
            loss = cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        optimizer.step()

    return step


def _bare_awd(setting: Setting, size: str, data: Any) -> Callable[[int], None]:
    """Our network with all its dropouts and penalties, the same optimizer, in a loop of its own."""
    net = _language_model(size).to(setting.device).train()
    optimizer = adamw(net.parameters(), fused=False)
    states: Any = None

    def step(number: int) -> None:
        nonlocal states
        x, y = (each.to(setting.device, non_blocking=True) for each in data[number])
        with setting.autocast():
            raw, dropped, states = net.encoder(x, states)
            loss = net.loss(dropped, y) + activation_regularization(raw, dropped, net.alpha, net.beta)
        states = [(hidden.detach(), cell.detach()) for hidden, cell in states]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        optimizer.step()

    return step


def language(setting: Setting, note: Notes) -> None:
    blocks = setting.pick(Blocks(10, 5, 20), Blocks(1, 2, 1))
    batch, window = setting.pick((64, WINDOW), (4, 5))
    data = windows(blocks.total, window, batch)
    for size in setting.pick(("small", "paper"), ("small",)):
        note(f"flops of a token's training step, {size}", TRAINING * language_model_flops(WORDS, **SIZES[size]))
        tokens = batch * window
        plain = bare_rate(setting, blocks, tokens, partial(_bare_plain, setting, size, data))
        note(f"bare loop of nn.LSTM without dropout, {size}", plain)
        loop = bare_rate(setting, blocks, tokens, partial(_bare_awd, setting, size, data))
        note(f"bare loop of the same AWD-LSTM, {size}", loop)
        ours = fit_rate(
            setting,
            blocks,
            tokens,
            partial(_language_model, size),
            DataLoader(data, batch_size=None),
            lambda: [TruncatedBPTT(), OneCycle()],
            gradient_clip_val=0.25,
        )
        note(f"practicum, {size}", ours)
        ratio(note, f"practicum relative to the bare loop of the same AWD-LSTM, {size}", ours, loop)
        ratio(note, f"practicum relative to the bare loop of nn.LSTM, {size}", ours, plain)
    note("fastai", _fastai_language(setting, blocks, data))


def _fastai_language(setting: Setting, blocks: Blocks, data: Any) -> Any:
    """fastai's AWD-LSTM with its training callbacks, at the paper's size."""
    from importlib.util import find_spec

    if find_spec("fastai") is None:
        return "fastai is not installed here"
    from fastai.callback.rnn import ModelResetter, RNNCallback, RNNRegularizer
    from fastai.text.models import AWD_LSTM, awd_lstm_lm_config, get_language_model

    config = {**awd_lstm_lm_config, **setting.pick({}, {"emb_sz": 20, "n_hid": 40})}
    net = get_language_model(AWD_LSTM, WORDS, config=config)
    batches = [tuple(each.to(setting.device) for each in data[number]) for number in range(blocks.warm + 1)]

    def loss(output: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(output.flatten(0, 1), y.flatten())

    more = [ModelResetter(), RNNCallback(), RNNRegularizer(alpha=2.0, beta=1.0)]
    return fastai_rate(setting, blocks, batches[0][0].numel(), net, batches, loss, more)
