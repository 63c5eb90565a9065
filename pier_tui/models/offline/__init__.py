"""The embedded pair of rule-based models behind the same wire format as any endpoint."""
