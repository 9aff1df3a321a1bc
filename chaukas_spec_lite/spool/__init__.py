"""What the exporter keeps on disk. It knows bytes, and no messages.

To be read from the bottom up: ``frames`` says how byte strings stand in a file, ``segment`` reads and writes one such
file, ``segments`` keeps those open that are in use, ``tally`` counts what of a log waits, ``progress`` is the file that
says what is done, and ``lock`` says whose it is. All of them make a ``log``, the queue of one process. ``directory`` is
where the logs of all processes stand, and beside them ``letters``, the dead ones.
"""
