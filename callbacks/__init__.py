"""Lightning callbacks, one technique a file. Each works alone in any Lightning project."""

from .confusion_matrix import ConfusionMatrix
from .example_batch import ExampleBatch
from .gradual_unfreezing import GradualUnfreezing
from .learning_curves import LearningCurves
from .predictions_table import PredictionsTable
from .run_record import RunRecord
from .top_losses import TopLosses

__all__ = [
    "ConfusionMatrix",
    "ExampleBatch",
    "GradualUnfreezing",
    "LearningCurves",
    "PredictionsTable",
    "RunRecord",
    "TopLosses",
]
