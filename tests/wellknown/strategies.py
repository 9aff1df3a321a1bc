"""Timestamps and durations to test with: everywhere, and crowded where the rules change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

from hypothesis import strategies as st

UTC = timezone.utc
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
LONGEST = 86_399_999_999_999

int64 = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(-3, 3)
    | st.integers(FIRST_SECOND - 90_000, FIRST_SECOND + 90_000)
    | st.integers(LAST_SECOND - 90_000, LAST_SECOND + 90_000)
    | st.sampled_from([LONGEST, LONGEST + 1, -LONGEST, 86400 - LONGEST, -86_399_999_913_600, -86_399_999_913_601])
)
int32 = (
    st.integers(-(2**31), 2**31 - 1)
    | st.integers(-2, 2)
    | st.integers(-1_000_000, 1_000_000).map(lambda micros: micros * 1000)
    | st.sampled_from([999_999_999, -999_999_999, 1_000_000_000, -1_000_000_000, 1, 1000])
)
unknown_fields = st.just(b"") | st.sampled_from([b"\x18\x01", b"\x18\x02"])
wires = st.tuples(int64, int32, unknown_fields)
offsets = st.timedeltas(timedelta(days=-1) + timedelta.resolution, timedelta(days=1) - timedelta.resolution)


CHANGE = datetime(2024, 10, 27, 1, tzinfo=UTC).replace(tzinfo=None)


class ChangingZone(tzinfo):
    """A zone whose clocks are put forward or back once; apart from that, the machine's time zones stay out of this."""

    def __init__(self, before: int, after: int) -> None:
        self.before, self.after = timedelta(hours=before), timedelta(hours=after)
        self.change = CHANGE

    def utcoffset(self, when: datetime | None, /) -> timedelta:
        assert when is not None
        first, second = sorted([self.change + self.before, self.change + self.after])
        local = when.replace(tzinfo=None)
        return self.before if local < first or (local < second and not when.fold) else self.after

    def dst(self, when: datetime | None, /) -> timedelta:
        return timedelta(0)

    def fromutc(self, when: datetime, /) -> datetime:
        utc = when.replace(tzinfo=None)
        if utc < self.change:
            return when + self.before
        return (when + self.after).replace(fold=int(utc + self.after < self.change + self.before))


BACK, FORTH = ChangingZone(2, 1), ChangingZone(1, 2)
zones = st.just(UTC) | offsets.map(timezone) | st.sampled_from([BACK, FORTH])
datetimes = st.datetimes(timezones=zones, allow_imaginary=True)
near_the_change = st.datetimes(
    CHANGE - timedelta(hours=2), CHANGE + timedelta(hours=4), timezones=st.sampled_from([BACK, FORTH])
)
datetimes |= st.builds(lambda value, fold: value.replace(fold=fold), near_the_change, st.integers(0, 1))
timedeltas = st.timedeltas()
