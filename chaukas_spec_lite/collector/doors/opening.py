"""Which doors a collector has, by its settings, and what all of them can do.

What a door stands on is loaded where there is one: a collector without HTTP needs nothing of its extra.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from chaukas_spec_lite.collector.amounts import OFF
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.collector.tls import server_context
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rpc.client.endpoint import Tcp

Authenticate: TypeAlias = "Callable[[str | None, str | None, str], Awaitable[Caller]]"
"""Tells who calls, by the header ``authorization``, the name in a client's certificate, and the peer's address."""
