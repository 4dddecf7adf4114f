"""An order that nobody placed, in every state that one can be in."""
