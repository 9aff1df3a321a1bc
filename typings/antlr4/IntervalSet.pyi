class IntervalSet:
    intervals: list[range] | None
