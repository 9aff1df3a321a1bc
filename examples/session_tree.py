"""Print sessions as trees: query events, pair STARTs with ENDs, and show how long each piece of work took.

CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/session_tree.py [SESSION_ID]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

from chaukas_spec_lite import ChaukasClient
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import Session, Span, build


def lines(span: Span, depth: int = 1) -> Iterator[str]:
    """One line for a span, then those of the spans below it."""
    took = f"{span.duration.total_seconds() * 1000:.1f} ms" if span.duration is not None else ""
    failed = f"FAILED: {span.error}" if span.failed else ""
    yield " ".join(part for part in ("  " * depth + span.kind, span.title, took, failed) if part)
    for child in span.children:
        yield from lines(child, depth + 1)


async def sessions(session_id: str) -> tuple[Session, ...]:
    """Fetch the events of one session, or of all if it is empty. ``query_events`` fetches page by page."""
    async with ChaukasClient() as client:
        moments = [moment(event) async for event in client.query_events(session_id=session_id)]
    return build(moments)


def main() -> None:
    """Print the trees."""
    for session in asyncio.run(sessions(sys.argv[1] if len(sys.argv) > 1 else "")):
        totals = session.totals
        print(f"{session.session_id}: {totals.events} events, {totals.tokens} tokens, {totals.errors} errors")
        for root in session.roots:
            print("\n".join(lines(root)))


if __name__ == "__main__":
    main()
