"""The process that is killed amid all that may happen to a spool file: path, seed. Prints what was committed."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from chaukas_spec_lite.spool import file as room
from chaukas_spec_lite.spool.file import Spool, SpoolError


def main() -> None:
    path, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    room._FREE_PAGES = 4
    spool = Spool.claim(path, new=not path.exists())
    spool._execute("PRAGMA cache_size = 5")  # so that pages are written before their transaction is committed
    seq = spool.totals()[3] + 1
    os.write(1, b"0\n")
    while True:
        match chance.randrange(12):
            case 0:
                spool.sync_log()
                spool.checkpoint()
            case 1:
                spool.shrink()
            case 2:
                spool.apply([], range(seq - chance.randrange(200)))
                os.write(1, b"-%d\n" % seq)
            case 3:
                many = [(seq + each, os.urandom(chance.randrange(6000))) for each in range(chance.randrange(1, 60))]
                try:
                    spool.apply([*many, many[0]] if chance.random() < 0.5 else many)
                except SpoolError:  # a number twice: all of it is taken back
                    continue
                seq += len(many)
                os.write(1, b"%d\n" % (seq - 1))
            case _:
                spool.append(seq, os.urandom(chance.randrange(3000)))
                os.write(1, b"%d\n" % seq)
                seq += 1


if __name__ == "__main__":
    main()
