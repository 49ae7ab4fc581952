"""How a run ended. Failure is data: a sentence per member, never a lost batch."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """Why a member's run ended."""

    FINISHED = "finished"
    NO_STEADY_STATE = "the cells did not settle to a steady state before the experiment"
    TOO_STIFF = "the integrator gave up: the steps became too small"
    NOT_FINITE = "a quantity became infinite or undefined"
    CROWDED = "events crowd ever closer, or set each other off without end"
    NOT_DUE = "the delay of an event is negative or no number"
