"""Rules that no page needs are left out of the theme's style sheets, and no others."""

import pytest

from book_ext import styles

PAGE = """
<body class="wide dark"><p id="here" class="note" style="top: var(--read)">card, gone</p>
<script>element.className = "made-later"; valueOf("--asked");</script></body>
"""


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        (".note{color:red}", ".note{color:red}"),
        (".card{color:red}", ""),
        (".note .card,#here>p{top:0}", "#here>p{top:0}"),
        (".made-later:hover{top:0}", ".made-later:hover{top:0}"),
        ("p:not(.card){top:0}", "p:not(.card){top:0}"),
        (":is(.card,.note) p{top:0}", ":is(.card,.note) p{top:0}"),
        ('a[href=".card"]{top:0}', 'a[href=".card"]{top:0}'),
        ("@media print{.card{top:0}.note{top:0}}", "@media print{.note{top:0}}"),
        ("@media print{@supports (top:0){.card{top:0}}}", ""),
        ("@keyframes x{from{top:0}50.5%{top:1px}}", "@keyframes x{from{top:0}50.5%{top:1px}}"),
        ("@font-face{src:url(a.card;b)}", "@font-face{src:url(a.card;b)}"),
        ('@charset "x";p{top:0}', '@charset "x";p{top:0}'),
        ("p{content:'}.card{'}", "p{content:'}.card{'}"),
        ("/* .note{ */.card{top:0}", ""),
        ("p{--read:1;--y:url(data:image/svg+xml;base64,a);top:0;--z:1}", "p{--read:1;top:0;}"),
        ("p{--asked:url(data:image/svg+xml;base64,a)}",) * 2,
    ],
)
def test_rules_that_are_needed(sheet, left):
    assert styles.needed(sheet, styles.names_in_page(PAGE)) == left
