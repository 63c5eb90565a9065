"""The embedded pair: two deterministic, rule-based models behind the ordinary wire format.

`transport.OfflineTransport` speaks chat completions; `weak` and `strong` plan answers from nothing but
the prompt they are sent. No language model is imitated here: what they say is what they computed.
"""
