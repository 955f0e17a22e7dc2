"""Schedules of the learning rate: each is a function of the step, handed to the trainer as a torch scheduler."""
