"""The house's rules, on twins of ledger, platform and run: no server, no emulator."""

from houses import tiny, twins

__all__ = ["tiny", "twins"]
