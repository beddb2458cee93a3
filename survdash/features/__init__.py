"""From tiles to numbers: encoders and the bags they fill."""
