"""LightningDataModules for photos, texts, tables and ratings, in a folder per kind of data.

Beside them: ``synthetic`` (generators of data sets with a known answer), ``files`` (archives, downloads, CSV) and ``loading``
(where files come from, and in which order examples are shown).
"""

# Photos
from .images.augment import Augment
from .images.image_folder import ImageFolder
from .images.kaggle.dog_breeds import DogBreeds
from .images.kaggle.dogs_vs_cats import DogsVsCats
from .images.kaggle.planet import Planet
from .images.rand_augment import RandAugment
from .images.spiders import Spiders

# Ratings
from .ratings.movielens import MovieLens
from .ratings.ratings import Ratings
from .ratings.tastes import Tastes

# Tables
from .tabular.rossmann import Rossmann
from .tabular.stores import Stores
from .tabular.table import Table

# Texts
from .text.bptt_windows import BPTTWindows
from .text.imdb import IMDb
from .text.plain_text import PlainText
from .text.reviews import Reviews
from .text.text_csv import TextCSV
from .text.text_folder import TextFolder

__all__ = [
    "Augment",
    "BPTTWindows",
    "DogBreeds",
    "DogsVsCats",
    "IMDb",
    "ImageFolder",
    "MovieLens",
    "PlainText",
    "Planet",
    "RandAugment",
    "Ratings",
    "Reviews",
    "Rossmann",
    "Spiders",
    "Stores",
    "Table",
    "Tastes",
    "TextCSV",
    "TextFolder",
]
