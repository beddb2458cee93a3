"""From a cohort to fitted models: scaling, time bins, loss, the shared loop, cross-validation."""
