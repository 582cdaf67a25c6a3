"""How fast is it here? ``mydl bench`` measures this machine, and others on it."""
