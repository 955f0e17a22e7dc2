"""Export: ``python export.py run=RUN format=onnx``. See :mod:`practicum.cli.export`."""

from practicum.cli.export import main

if __name__ == "__main__":
    main()
