"""HTTP to models: messages, clients, cards, profiles, usage and price, and the offline pair."""
