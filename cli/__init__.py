"""Everything between the terminal and the techniques: training, predicting, run folders, messages."""
