"""mydl: learn backpropagation on a real network, in NumPy."""
