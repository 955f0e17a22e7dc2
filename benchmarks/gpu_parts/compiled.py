"""``torch.compile`` on and off, in a bare loop and in ours: photos' network and that of a table."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import torch
from practicum.callbacks import OneCycle

from gpu_parts.measure import Blocks, Notes, Ready, Setting, bare_rate, fit_rate, ratio
from gpu_parts.rows import bare_step, moved, table_batches, table_model
from gpu_parts.throughput import bare_photo_step, classifier, photo_batch


def _backend(setting: Setting) -> str:
    return str(setting.pick("inductor", "eager"))


def compiled_tables(setting: Setting, note: Notes) -> None:
    size, batch = setting.pick(Blocks(30, 5, 40), Blocks(2, 2, 1)), setting.pick(16384, 8)
    batches = table_batches(batch, size.total)
    ready = Ready([moved(batches[0, number], setting.device) for number in range(len(batches))], size.total)

    def build(compiled: bool) -> Any:
        model = table_model()
        if compiled:
            model.output = torch.compile(model.output, backend=_backend(setting))
        return model

    def bare(compiled: bool) -> Any:
        step = bare_step(setting, build(compiled), batches, on_device=True)
        started = time.perf_counter()
        step(0)
        setting.synchronize()
        note(f"seconds of the first step, {'compiled' if compiled else 'eager'}", time.perf_counter() - started)
        return step

    loops = {name: bare_rate(setting, size, batch, partial(bare, on)) for name, on in (("eager", False), ("compiled", True))}
    for name, found in loops.items():
        note(f"bare loop, {name}, batch {batch}", found)
    ratio(note, "bare loop, compiled relative to eager", loops["compiled"], loops["eager"])
    own = {}
    for name, on in (("eager", False), ("compiled", True)):
        own[name] = fit_rate(setting, size, batch, partial(build, on), ready, lambda: [OneCycle()])
        note(f"practicum, {name}, batch {batch}", own[name])
    ratio(note, "practicum, compiled relative to eager", own["compiled"], own["eager"])


def compiled_photos(setting: Setting, note: Notes) -> None:
    side, batch = setting.pick(224, 32), setting.pick(128, 4)
    size = setting.pick(Blocks(8, 5, 5), Blocks(2, 2, 1))
    ready = photo_batch(setting, batch, side)

    def bare(compiled: bool) -> Any:
        step = bare_photo_step(setting, ready, _backend(setting) if compiled else None)
        started = time.perf_counter()
        step(0)
        setting.synchronize()
        note(f"seconds of the first step, {'compiled' if compiled else 'eager'}", time.perf_counter() - started)
        return step

    def build(compiled: bool) -> Any:
        model = classifier(setting)
        if compiled:
            model.backbone.compile(backend=_backend(setting))
        return model

    own, loops = {}, {}
    for name, on in (("eager", False), ("compiled", True)):  # ours first: compilation may take longer than there is time
        own[name] = fit_rate(setting, size, batch, partial(build, on), Ready([ready], size.total), lambda: [OneCycle()])
        note(f"practicum, {name}, batch {batch}", own[name])
    ratio(note, "practicum, compiled relative to eager", own["compiled"], own["eager"])
    for name, on in (("eager", False), ("compiled", True)):
        loops[name] = bare_rate(setting, size, batch, partial(bare, on))
        note(f"bare loop, {name}, batch {batch}", loops[name])
    ratio(note, "bare loop, compiled relative to eager", loops["compiled"], loops["eager"])
