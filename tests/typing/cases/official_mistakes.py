"""What is no message and no bytes is refused by type checkers, too."""

from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event


def wrong(client: BlockingChaukasClient, exporter: BlockingExporter) -> None:
    Event.parse("text")  # error: text is no bytes
    Event.parse(Event())  # error: it is a message already
    exporter.emit({"event_id": "e1"})  # error: a dict is no event
    exporter.emit([Event()])  # error: nor is a list of them
    client.ingest_event("e1")  # error: nor is text
    client.ingest_events([3])  # error: nor is a number
