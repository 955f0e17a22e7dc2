"""Where weights come from: timm, checkpoints, language models, word vectors."""
