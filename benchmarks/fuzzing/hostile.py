"""What the files of a stranger's run folder may hold: classes to call, values, and whole files."""

from __future__ import annotations

from typing import Any

# What a stranger's configuration may name: things that write, run, fetch or read.
CALLS: tuple[Any, ...] = (
    {"_target_": "practicum.callbacks.files.atomic_file.write_csv", "path": "../script.sh", "header": ["rm"], "rows": []},
    {"_target_": "practicum.datamodules.files.csv_files.write_csv", "path": "../script.sh", "header": ["rm"], "rows": []},
    {"_target_": "practicum.callbacks.files.atomic_file.os.system", "command": "touch ../evil"},
    {"_target_": "practicum.cli.write_table.write_table", "output": "../script.sh", "columns": {"a": ["b"]}},
    {"_target_": "practicum.callbacks.LastCheckpoint", "folder": "../evil"},
    {"_target_": "practicum.callbacks.RunLog", "folder": "../evil"},
    {"_target_": "practicum.datamodules.files.archive.extract", "archive": "../input/a.zip", "into": ".."},
    {"_target_": "os.system", "command": "touch ../evil"},
    {"_target_": "os.mkdir", "path": "../evil"},
    {"_target_": "pathlib.Path.touch", "self": {"_target_": "pathlib.Path", "_args_": ["../evil"]}},
    {"_target_": "builtins.eval", "_args_": ["__import__('os').mkdir('../evil')"]},
    {"_target_": "builtins.open", "file": "../script.sh", "mode": "w"},
    {"_target_": "hydra.utils.instantiate", "config": {"_target_": "os.mkdir", "path": "../evil"}},
    {"_target_": "practicum.datamodules.Table", "root": "../earlier", "target": "y", "_recursive_": True},
    {"_target_": "practicum.datamodules.text.text_csv.os.mkdir", "path": "../evil"},
    {"_target_": "subprocess.Popen", "args": ["touch", "../evil"]},
    {"_target_": "shutil.rmtree", "path": "../earlier"},
    {"_target_": "practicum.modules.no_such"},
    {"_target_": ["os.mkdir"]},
    {"_target_": 5},
    {"_target_": ""},
    {"_target_": "practicum"},
    {"_target_": "practicum.callbacks..EMA"},
)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e400, float("nan"), 10**30, "", " ", "x" * 5000, "../../earlier", "/etc", "a\0b", "猫", "\u202e"),
    *([], {}, [[]], "${seed}", "${paths.run}/..", "${oc.env:HOME}", "${oc.create:{_target_: os.mkdir}}"),
    *("${nowhere}", "${", "${data}", "???"),
    *("${hydra:runtime.output_dir}", "${oc.decode:1}", "http://127.0.0.1:9/x", "hf-hub:a/b", "local-dir:../earlier", "random"),
)  # fmt: skip

# Whole files.
CONFIGURATIONS = (
    b"- a\n- b\n",
    b"",
    b"5",
    b"a: [",
    b"a: &x [*x]\n",
    b"!!python/object/apply:os.mkdir ['../evil']\n",
    b"model: 1\ndata: 2\n",
    b"{}",
    b"\xff\xfe",
)
OVERRIDES = (
    b"",
    b"5",
    b"a: b\n",
    b"- 5\n",
    b"- [a]\n",
    b"- {a: b}\n",
    b"x: [",
    b"- +callbacks.x._target_=os.mkdir\n",
    b"\xff",
    b"null",
    b"hydra: 5\n",
    b"- ''\n",
)
RECORDS = (
    b"",
    b"[]",
    b"5",
    b"null",
    b'"finished"',
    b"{",
    b'{"status": "finished", "precision": "__import__"}',
    b'{"status": ["finished"]}',
    b'{"status": "finished", "precision": {"a": 1}}',
    b'{"status": "finished", "precision": 64}',
    b"[" * 5000,
    b'{"status": NaN}',
    b"\xff\xfe",
    b"{}",
)
