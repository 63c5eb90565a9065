"""The repository: hardened git, patches, the pending overlay, checkpoints, the scratch checkout, the watcher."""
