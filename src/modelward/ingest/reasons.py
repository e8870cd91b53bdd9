"""Why an item, or a whole request, was not taken: a closed set, each with a sentence."""

from enum import StrEnum


class Reason(StrEnum):
    """What is counted, and answered beside the sentence."""

    MALFORMED = "malformed"
    EMPTY = "empty"
    BAD_ID = "bad_id"
    BAD_TIMESTAMP = "bad_timestamp"
    IN_FUTURE = "in_future"
    BEFORE_1970 = "before_1970"
    FEATURES_NOT_OBJECT = "features_not_object"
    TOO_MANY_FEATURES = "too_many_features"
    TOO_DEEP = "too_deep"
    NO_MODEL = "no_model"
    UNKNOWN_MODEL = "unknown_model"
    BAD_PROJECT = "bad_project"
    NO_LABEL = "no_label"
    BAD_LABEL = "bad_label"


class Refused(Exception):  # noqa: N818 - not an error of the program: the answer to one item
    """One item is not taken."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
