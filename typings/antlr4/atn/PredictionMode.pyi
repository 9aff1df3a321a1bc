class PredictionMode:
    SLL: int
    LL: int
