"""The recorder: entries, boundaries, capture, retention and the store. It runs in other people's production."""
