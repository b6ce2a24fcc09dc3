"""Pure values and rules of sessions: no I/O, no clock, no Textual."""
