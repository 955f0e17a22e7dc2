"""Metrics that torchmetrics lacks."""
