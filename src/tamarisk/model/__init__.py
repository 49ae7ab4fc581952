"""What we suppose: the model, its cells, its drugs and its plans."""
