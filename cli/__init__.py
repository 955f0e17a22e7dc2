"""The command line: ``train.py`` and ``predict.py``, run folders, configuration checks and messages.

This is the only package that knows Hydra and all subpackages; nothing outside of it imports it.
"""
