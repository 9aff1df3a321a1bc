"""Runs the command on a package whose generated part may be missing, outdated or broken.

The generator uses the package's modules about the wire format. Importing any of them would import the package itself
first, and with it generated code: the very code that this command is there to write. So an empty stand-in takes the
package's place, which only knows where the package's modules are.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec

_PACKAGE = "chaukas_spec_lite"


def _use_stand_in() -> None:
    spec = find_spec(_PACKAGE)
    if spec is not None:  # if it is None, importing the generator says so
        sys.modules[_PACKAGE] = module_from_spec(spec)  # the package's own code is not run


if __name__ == "__main__":
    _use_stand_in()
    from codegen.command import main

    sys.exit(main())
