"""The scoring service of the estimation engine: prices of houses over HTTP. It stands alone in its folder."""
