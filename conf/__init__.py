"""The configuration: what `train.py` and `predict.py` are composed of, and its checks."""
