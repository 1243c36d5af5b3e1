"""Types at the borders: application profile, desired state, request, answer, finding, outcome. No I/O."""
