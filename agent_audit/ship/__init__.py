"""Shipping: copies of logs in stores that many hosts share, which follow the local log and never slow it down."""

from __future__ import annotations

from agent_audit.ship.open import SCHEMES, open_copies, open_sink
from agent_audit.ship.shipper import Progress, ShipLimits, Shipper
from agent_audit.ship.sink import Batch, Copies, Evidence, Position, Sink

__all__ = [
    "SCHEMES",
    "Batch",
    "Copies",
    "Evidence",
    "Position",
    "Progress",
    "ShipLimits",
    "Shipper",
    "Sink",
    "open_copies",
    "open_sink",
]
