"""Train: ``python train.py model=resnext50 data=spiders``. See :mod:`practicum.cli.train`."""

from practicum.cli.train import main

if __name__ == "__main__":
    main()
