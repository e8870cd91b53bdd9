"""What tests of alerting share."""

from tests.alerting.outbox import outbox

__all__ = ["outbox"]
