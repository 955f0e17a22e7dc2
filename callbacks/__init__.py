"""Lightning callbacks, one technique a file. Each works alone in any Lightning project."""

from .augmentation_examples import AugmentationExamples
from .calibration import Calibration
from .checkpoint_io import WholeFileCheckpointIO
from .confusion_matrix import ConfusionMatrix
from .cyclical_lr import CyclicalLR
from .ema import EMA
from .embedding_maps import EmbeddingMaps
from .error_by import ErrorBy
from .example_batch import ExampleBatch
from .finite_loss import FiniteLoss
from .flat_cosine import FlatCosine
from .full_ranking import FullRanking
from .grad_cam import GradCAM
from .gradual_unfreezing import GradualUnfreezing
from .item_biases import ItemBiases
from .last_checkpoint import LastCheckpoint
from .learning_curves import LearningCurves
from .long_tail import LongTail
from .lr_finder import LRFinder
from .most_wrong_rows import MostWrongRows
from .nearest_words import NearestWords
from .nt_asgd import NTASGD
from .one_cycle import OneCycle
from .per_class import PerClass
from .permutation_importance import PermutationImportance
from .person_page import PersonPage
from .precomputed_activations import PrecomputedActivations
from .predicted_against_true import PredictedAgainstTrue
from .predictions_table import PredictionsTable
from .residuals import Residuals
from .run_log import RunLog
from .run_record import RunRecord
from .sampled_ranking import SampledRanking
from .sgdr import SGDR
from .slanted_triangular import SlantedTriangular
from .snapshot_ensemble import SnapshotEnsemble
from .submission import Submission
from .test_time_augmentation import TestTimeAugmentation
from .text_samples import TextSamples
from .top_losses import TopLosses
from .top_texts import TopTexts
from .truncated_bptt import TruncatedBPTT
from .word_importance import WordImportance
from .word_vectors_file import WordVectorsFile

__all__ = [
    "AugmentationExamples",
    "Calibration",
    "ConfusionMatrix",
    "CyclicalLR",
    "EMA",
    "EmbeddingMaps",
    "ErrorBy",
    "ExampleBatch",
    "FiniteLoss",
    "FlatCosine",
    "FullRanking",
    "GradCAM",
    "GradualUnfreezing",
    "ItemBiases",
    "LRFinder",
    "LastCheckpoint",
    "LearningCurves",
    "LongTail",
    "MostWrongRows",
    "NTASGD",
    "NearestWords",
    "OneCycle",
    "PerClass",
    "PermutationImportance",
    "PersonPage",
    "PrecomputedActivations",
    "PredictedAgainstTrue",
    "PredictionsTable",
    "Residuals",
    "RunLog",
    "RunRecord",
    "SGDR",
    "SampledRanking",
    "SlantedTriangular",
    "SnapshotEnsemble",
    "Submission",
    "TestTimeAugmentation",
    "TextSamples",
    "TopLosses",
    "TopTexts",
    "TruncatedBPTT",
    "WholeFileCheckpointIO",
    "WordImportance",
    "WordVectorsFile",
]
