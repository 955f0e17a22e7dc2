"""LightningDataModules, one kind of data a file, and what they are made of."""

from .augment import Augment
from .image_folder import ImageFolder
from .rand_augment import RandAugment
from .spiders import Spiders

__all__ = ["Augment", "ImageFolder", "RandAugment", "Spiders"]
