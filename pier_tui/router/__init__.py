"""Which model does the turn: strategies as sans-IO flows, and the one driver that makes their calls."""
