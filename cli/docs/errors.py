"""Writes docs/errors.md: what each error of the exchange means, and what to do next."""

from __future__ import annotations

from cli.docs.markdown import code, page, table
from cli.docs.vocabulary import words
from shared.exchange.error_codes import UNLISTED
from shared.exchange.error_table import rule as table_row
from shared.exchange.errors import RULES, STATUSES, UNNAMED, UNNAMED_ORDER, UNNAMED_SERVER


def render() -> str:
    """Render the page."""
    classes = words(table_row, "Action")
    return page(
        "Errors of the exchange",
        "Every code of Binance's USDⓈ-M futures, with its class and a sentence: what happened, and what to do next. Adapter and "
        "simulator read the same table (`shared/exchange/error_table`). The sentence stands in log, alert and `/readyz`.",
        "## Classes",
        table(("class", "meaning"), ((code(word), meaning) for word, meaning in classes.items())),
        "A code that is not here: " + UNNAMED_ORDER.sentence + " (orders and cancels); " + UNNAMED.sentence + " (everything "
        "else below HTTP status 500); " + UNNAMED_SERVER.sentence + " (from status 500 on).",
        "## Codes",
        "Binance's own list does not have the names marked with *: code and text were seen in answers, and are unconfirmed by us.",
        table(
            ("code", "name", "class", "the exchange's text", "what happened, and what to do"),
            (
                (str(number), code(rule.name) + (" *" if number in UNLISTED else ""), rule.action, rule.text, rule.sentence)
                for number, rule in RULES.items()
            ),
        ),
        "## HTTP statuses",
        "That say more than a code, by the text of the body where it matters; 403, 418, 429 and the texts of 503 decide alone.",
        table(
            ("status", "body", "class", "what happened, and what to do"),
            ((str(status), code(body) if body else "", rule.action, rule.sentence) for status, body, rule in STATUSES),
        ),
    )
