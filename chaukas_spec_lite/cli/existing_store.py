"""The store that an address of the command line names, if it is there."""

from __future__ import annotations

from pathlib import Path

from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.settings import MEMORY
from chaukas_spec_lite.collector.stores.base import Store
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.errors import ChaukasError


def existing_store(address: str, *, make: bool = False) -> Store:
    """Make the store of an address, for one that is there: a name with a slip in it would become a new, empty one.

    Args:
        address: The address.
        make: Whether a file that is not there is to be made.

    Raises:
        ChaukasError: There is none.
    """
    if address == MEMORY:
        raise ChaukasError("memory: is a store within a collector, and nothing of it is there for others")
    # First, as what looks like a file may be an address with a slip in it, and a password.
    found = store_for(address, texts=searched_text)
    path = Path(address.removeprefix("sqlite:"))
    if not make and "://" not in address and not path.exists():
        raise ChaukasError(f"there is no file {path}")
    return found
