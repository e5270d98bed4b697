"""Plays conversations on the wire against the real binary: a scripted XMPP server on one side, scripted IRC servers on
the other. docs/testing.md says how a dialogue is written."""
