"""LightningDataModules, one kind of data a file, and what they are made of."""

from .augment import Augment
from .dog_breeds import DogBreeds
from .dogs_vs_cats import DogsVsCats
from .image_folder import ImageFolder
from .planet import Planet
from .rand_augment import RandAugment
from .spiders import Spiders

__all__ = ["Augment", "DogBreeds", "DogsVsCats", "ImageFolder", "Planet", "RandAugment", "Spiders"]
