"""What the exporter keeps on disk. It knows bytes, and no messages.

To be read from the bottom up: ``frames`` says how byte strings stand in a file, ``segment`` reads and writes one such
file, ``segments`` keeps those open that are in use, ``tally`` counts what of a log waits, ``progress`` is the file that
says what is done, and ``lock`` says whose it is. All of them make a ``log``, the queue of one process. ``directory`` is
where the logs of all processes stand, and beside them ``letters``, the dead ones.

Words, here and in ``export``:

=============  ========================================================================================================
directory      what users name by ``spool``: it holds the logs of all processes, and the dead letters
folder         that of one log, ``log-<UUIDv7>``
segment        one file of a log
mark           the first bytes of a frame; in ``export``, a place in the order of events, for which a flush waits
frame          a byte string as it stands in a file: mark, length, CRC, content
entry          a frame that was read, and where it stands; or damage between frames
note           a file in a folder, for whoever has the log next; "to note" what is done is to write ``progress``
record         the entry of an event that waits on disk (``Item.record``)
item           an event that waits in memory, or that an attempt is about
position       a number of bytes: where in its log something stands, as if all segments were one file
``Start``      the place of a segment: its position, and how many frames stand before it
place          of a segment, its ``Start``; of an event, how many wait before it
done           need not be kept: it was sent, or dropped
settled        nothing waits there any more, whether it is done, lost or elsewhere: a stretch between two positions
finished       a segment of which all is settled, and which may be deleted once that is written down
lost           it should be there, and is not: deleted, cut or damaged
elsewhere      another log has it now, and whoever has that counts it
gone           lost or elsewhere (``Tally.gone``)
=============  ========================================================================================================

Who deletes what is in the directory, and when:

===========================  ==========================================================================================
``log-*/*.segment``          the log's owner, once all of it is settled and ``progress`` says so
``log-*``, and the rest in   its owner, when it closes the log and nothing waits in it; a search, if it finds an empty
it: ``lock``, ``progress``   folder; a search claims any other whose owner has ended, and is its owner from then on
``log-*/note``               who made the log, when it closes it empty; else who says what it asks for (``recovery``)
``*.corrupt``                nobody but people: damaged segments, under a second name
``dead-letters``             nobody: whoever sends them again renames it to ``dead-letters-taken-<UUIDv7>``
``dead-letters-taken-*``     whoever sends them again, when it has dealt with the last letter in it
``dead-letters-lock``        nobody; it is empty
===========================  ==========================================================================================
"""
