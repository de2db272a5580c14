"""Type adapters, the other half: values built from the parts that `recorders.capture.adapters` took."""
