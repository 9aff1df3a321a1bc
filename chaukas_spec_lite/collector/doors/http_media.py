"""In which form a message travels over HTTP.

``Content-Type`` says it: ``application/x-protobuf`` is the encoded message, as the official SDK sends it;
``application/json`` the JSON of the platform's published document (``platform_json``); and
``application/protobuf+json`` ProtoJSON of the same message as the encoded one. An answer has the form of its request;
where that has no body, ``Accept`` may ask for the encoded message.
"""

from __future__ import annotations

import enum


class UnknownFormError(Exception):
    """A ``Content-Type``, or ``Content-Encoding``, that is not known here."""


class Form(enum.Enum):
    """How a message is written. The value is the media type of answers."""

    BINARY = "application/x-protobuf"
    JSON = "application/json"
    PROTOJSON = "application/protobuf+json"


_FORMS = {
    **{form.value: form for form in Form},
    # Names that others have for the same, two of them registered (draft-ietf-dispatch-mime-protobuf).
    "application/protobuf": Form.BINARY,
    "application/vnd.google.protobuf": Form.BINARY,
    "application/x-protobuf+json": Form.PROTOJSON,
    "application/x-protobuf-json": Form.PROTOJSON,
}


def form_of(content_type: str) -> Form:
    """Return the form that a ``Content-Type`` names, whatever its parameters; raises ``UnknownFormError``."""
    form = _FORMS.get(content_type.partition(";")[0].strip().lower())
    if form is None:
        said = "no Content-Type" if not content_type else "a Content-Type that is not known"
        raise UnknownFormError(f"{said}: it has to be one of {', '.join(each.value for each in Form)}")
    return form


def wants_encoded(accept: str) -> bool:
    """Whether an ``Accept`` names the encoded message; that it takes anything, as browsers say, is not enough."""
    return any(_FORMS.get(each.partition(";")[0].strip().lower()) is Form.BINARY for each in accept.split(","))
