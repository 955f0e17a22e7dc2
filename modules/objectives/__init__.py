"""What a network's output means and how it is trained: one class per kind of target."""
