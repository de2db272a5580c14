"""A package under validation, with something of everything that Python code does with functions, classes and frames."""
