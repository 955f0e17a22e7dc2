"""Lightning callbacks, one technique per file; each class names what it needs of a module or data module."""

# Averaging
from .averaging.ema import EMA
from .averaging.nt_asgd import NTASGD
from .averaging.snapshot_ensemble import SnapshotEnsemble

# Figures
from .figures.classification.confusion_matrix import ConfusionMatrix
from .figures.classification.per_class import PerClass
from .figures.images.augmentation_examples import AugmentationExamples
from .figures.images.example_batch import ExampleBatch
from .figures.images.grad_cam import GradCAM
from .figures.images.top_losses import TopLosses
from .figures.learning_curves import LearningCurves
from .figures.ratings.item_biases import ItemBiases
from .figures.ratings.long_tail import LongTail
from .figures.ratings.person_page import PersonPage
from .figures.regression.error_by import ErrorBy
from .figures.regression.most_wrong_rows import MostWrongRows
from .figures.regression.predicted_against_true import PredictedAgainstTrue
from .figures.regression.residuals import Residuals
from .figures.tabular.embedding_maps import EmbeddingMaps
from .figures.tabular.permutation_importance import PermutationImportance
from .figures.text.nearest_words import NearestWords
from .figures.text.text_samples import TextSamples
from .figures.text.top_texts import TopTexts
from .figures.text.word_importance import WordImportance

# Fine-tuning
from .fine_tuning.fine_tuning_cycles import FineTuningCycles
from .fine_tuning.fine_tuning_gain import FineTuningGain
from .fine_tuning.gradual_unfreezing import GradualUnfreezing
from .fine_tuning.precomputed_activations import PrecomputedActivations

# Learning-rate range test
from .lr_finder.lr_finder import LRFinder

# Prediction
from .prediction.calibration import Calibration
from .prediction.prediction_transform import PredictionTransform
from .prediction.test_time_augmentation import TestTimeAugmentation

# Ranking
from .ranking.full_ranking import FullRanking
from .ranking.sampled_ranking import SampledRanking

# Recurrent networks
from .recurrent.truncated_bptt import TruncatedBPTT
from .recurrent.window_length_lr import WindowLengthLR

# Roles
from .roles import Watcher

# Files of a run
from .run.checkpoint_io import WholeFileCheckpointIO
from .run.epoch_lines import EpochLines
from .run.finite_loss import FiniteLoss
from .run.last_checkpoint import LastCheckpoint
from .run.log_figures import LogFigures
from .run.mlflow_log import MLFlowLog
from .run.notebook_progress import NotebookProgress
from .run.patience import Patience
from .run.predictions_table import PredictionsTable
from .run.progress_bar import CompactProgressBar
from .run.run_log import RunLog
from .run.run_record import RunRecord
from .run.submission import Submission
from .run.trial_pruning import TrialPruning
from .run.word_vectors_file import WordVectorsFile

# Learning-rate schedules
from .schedules.cyclical_lr import CyclicalLR
from .schedules.flat_cosine import FlatCosine
from .schedules.lr_schedule import LRSchedule
from .schedules.one_cycle import OneCycle
from .schedules.sgdr import SGDR
from .schedules.slanted_triangular import SlantedTriangular

__all__ = [
    "AugmentationExamples",
    "Calibration",
    "CompactProgressBar",
    "ConfusionMatrix",
    "CyclicalLR",
    "EMA",
    "EmbeddingMaps",
    "EpochLines",
    "ErrorBy",
    "ExampleBatch",
    "FineTuningCycles",
    "FineTuningGain",
    "FiniteLoss",
    "FlatCosine",
    "FullRanking",
    "GradCAM",
    "GradualUnfreezing",
    "ItemBiases",
    "LRFinder",
    "LRSchedule",
    "LastCheckpoint",
    "LearningCurves",
    "LogFigures",
    "LongTail",
    "MLFlowLog",
    "MostWrongRows",
    "NTASGD",
    "NearestWords",
    "NotebookProgress",
    "OneCycle",
    "Patience",
    "PerClass",
    "PermutationImportance",
    "PersonPage",
    "PrecomputedActivations",
    "PredictedAgainstTrue",
    "PredictionTransform",
    "PredictionsTable",
    "Residuals",
    "RunLog",
    "RunRecord",
    "SGDR",
    "SampledRanking",
    "SlantedTriangular",
    "SnapshotEnsemble",
    "Submission",
    "TrialPruning",
    "TestTimeAugmentation",
    "TextSamples",
    "TopLosses",
    "TopTexts",
    "TruncatedBPTT",
    "Watcher",
    "WholeFileCheckpointIO",
    "WindowLengthLR",
    "WordImportance",
    "WordVectorsFile",
]
