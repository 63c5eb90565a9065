"""The three panes: backbone, conversation, diff."""
