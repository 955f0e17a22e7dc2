"""Predict: ``python predict.py run=RUN input=PHOTOS``. See :mod:`practicum.cli.predict`."""

from practicum.cli.predict import main

if __name__ == "__main__":
    main()
