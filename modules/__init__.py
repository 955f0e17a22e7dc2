"""LightningModules, one technique per file."""

from .dot_product_bias import DotProductBias
from .embedding_extractor import EmbeddingExtractor
from .entity_embedding_model import EntityEmbeddingModel
from .image_classifier import ImageClassifier
from .language_model import LanguageModel
from .neural_collaborative_filter import NeuralCollaborativeFilter
from .skip_gram import SkipGram
from .tabular_ensemble import TabularEnsemble
from .text_classifier import TextClassifier
from .word_vector_classifier import WordVectorClassifier

__all__ = [
    "DotProductBias",
    "EmbeddingExtractor",
    "EntityEmbeddingModel",
    "ImageClassifier",
    "LanguageModel",
    "NeuralCollaborativeFilter",
    "SkipGram",
    "TabularEnsemble",
    "TextClassifier",
    "WordVectorClassifier",
]
