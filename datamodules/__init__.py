"""LightningDataModules, one kind of data a file, and what they are made of."""

from .image_folder import ImageFolder
from .random_crop_mirror import RandomCropMirror
from .spiders import Spiders

__all__ = ["ImageFolder", "RandomCropMirror", "Spiders"]
