"""Great Expectations' Data Docs page as one file that needs no network.

Its own page template loads styles and scripts from five hosts, some of which would see every reader's address. This
keeps the rendered results, drops everything that is fetched or run, and brings the few styles the page needs.
"""

import re
from html import escape
from typing import Any

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#212529;margin:0}
.container-fluid{padding:.5rem 1rem}.row{display:flex;flex-wrap:wrap;gap:1rem}
.col-md-2{flex:0 0 14rem}.col-md-10{flex:1 1 40rem;min-width:0}.col-12{flex:0 0 100%}.col-6{flex:1 1 20rem}
h4,h5,h6{margin:.3rem 0}.h6{font-weight:600}.nav{list-style:none;padding:0}.card{border:1px solid #ddd;padding:.6rem}
.alert{padding:.6rem 1rem;background:#e9ecef;border-radius:4px}
.badge{background:#e9ecef;padding:0 .3rem;border-radius:3px}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #dee2e6;padding:.35rem;text-align:left;
vertical-align:top}.text-success{color:#1a7f37}.text-danger{color:#c0362c}.fa-check-circle::before{content:"✔"}
.fa-times::before{content:"✘"}.fas{font-style:normal}.sticky>.card.mb-3,a[data-toggle]{display:none}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{style}</style></head><body>
{body}
</body></html>
"""

_SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_FETCHED = re.compile(r"<(?:link|img)\b[^>]*>", re.IGNORECASE)
_HANDLERS = re.compile(r'\son\w+="[^"]*"', re.IGNORECASE)
_LINKS_AWAY = re.compile(r'\shref="(?!#)[^"]*"', re.IGNORECASE)
_MAIN = re.compile(r'(<div class="container-fluid pt-4.*?)<footer\b', re.DOTALL)


def render_data_docs(result: Any, title: str) -> str:
    """Return the page of an ExpectationSuiteValidationResult."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
    found = _MAIN.search(page)
    body = found.group(1) if found else page
    for pattern in (_SCRIPTS, _FETCHED, _HANDLERS, _LINKS_AWAY):
        body = pattern.sub("", body)
    return PAGE.format(policy=POLICY, title=escape(title), style=STYLE, body=body)
