"""The prediction service of the Flask application: how long flights take, over HTTP. It stands alone in its folder."""
