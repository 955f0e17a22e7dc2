"""Learning-rate schedules: each is a pure function of the step, handed to the trainer as a torch scheduler."""
