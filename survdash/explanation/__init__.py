"""Why a model says what it says of one case: parts, genes, tiles, like patients, and how like the training patients."""
