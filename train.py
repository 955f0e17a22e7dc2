"""Train: ``python train.py model=resnext50 data=spiders``; what it does is in :mod:`practicum.cli.train`, top to bottom."""

from practicum.cli.train import main

if __name__ == "__main__":
    main()
