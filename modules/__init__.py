"""LightningModules, one technique a file."""

from .image_classifier import ImageClassifier
from .language_model import LanguageModel
from .text_classifier import TextClassifier

__all__ = ["ImageClassifier", "LanguageModel", "TextClassifier"]
