"""LightningDataModules, one kind of data a file, and what they are made of."""

from .augment import Augment
from .bptt_windows import BPTTWindows
from .dog_breeds import DogBreeds
from .dogs_vs_cats import DogsVsCats
from .image_folder import ImageFolder
from .imdb import IMDb
from .movielens import MovieLens
from .plain_text import PlainText
from .planet import Planet
from .rand_augment import RandAugment
from .ratings import Ratings
from .reviews import Reviews
from .rossmann import Rossmann
from .spiders import Spiders
from .stores import Stores
from .table import Table
from .tastes import Tastes
from .text_csv import TextCSV
from .text_folder import TextFolder

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
