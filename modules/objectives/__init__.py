"""What is predicted and what it costs: classes, labels, numbers, rankings."""
