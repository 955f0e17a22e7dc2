"""Layers, one technique per file, each tested against its paper's formula."""

from .awd_lstm import AWDLSTM
from .linear_cross_entropy import linear_cross_entropy
from .variational_dropout import VariationalDropout, variational_dropout
from .weight_drop import WeightDropLSTM

__all__ = ["AWDLSTM", "VariationalDropout", "WeightDropLSTM", "linear_cross_entropy", "variational_dropout"]
