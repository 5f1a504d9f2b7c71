"""Holds the audit to account: books with a known mistake must not pass. Run before the scenarios."""

import os
import sqlite3
import tempfile

from . import orders
from .values import Failure

_TABLES = """
CREATE TABLE stock(variant INTEGER PRIMARY KEY, available INTEGER NOT NULL);
CREATE TABLE orders(id INTEGER PRIMARY KEY, placed_at INTEGER, email TEXT, total INTEGER, is_cancelled INTEGER);
CREATE TABLE order_lines(order_id INTEGER, position INTEGER, variant INTEGER, quantity INTEGER, unit_price INTEGER);
"""

# What is done to good books, and a word of what the audit must say then; None if they are to pass.
_CASES = [
    ("SELECT 1", None),
    ("DELETE FROM orders WHERE id = 1", "not in the table"),
    ("INSERT INTO orders SELECT 9, placed_at, email, total, 0 FROM orders WHERE id = 1", "several orders"),
    ("INSERT INTO orders VALUES(8, 0, 'stranger@example.test', 1, 0)", "by nobody"),
    ("UPDATE stock SET available = available + 1", "is not 10"),
    ("DELETE FROM order_lines WHERE order_id = 2", "is not 10"),
    ("UPDATE order_lines SET quantity = 12 WHERE order_id = 2; UPDATE stock SET available = -3", "oversold"),
    ("DELETE FROM stock", "no row of stock"),
    ("UPDATE orders SET is_cancelled = 1 WHERE id = 2; UPDATE stock SET available = 9", None),
]


def _finding(change):
    """What the audit says of books with one variant of ten pieces, two orders, and the change."""
    journal = orders.Journal()
    journal.initial = {7: 10}
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(os.path.join(folder, "shard-0.db"))
        connection.executescript(_TABLES + "INSERT INTO stock VALUES(7, 7);")
        for number, quantity in ((1, 1), (2, 2)):
            entry = journal.add(orders.Entry([(7, quantity)]))
            entry.order = {"id": number, "total": "1.00"}
            connection.execute("INSERT INTO orders VALUES(?, 0, ?, 100, 0)", (number, entry.email))
            connection.execute("INSERT INTO order_lines VALUES(?, 0, 7, ?, 100)", (number, quantity))
        connection.commit()
        connection.executescript(change)
        connection.close()
        try:
            orders.audit(journal, folder, 0)
        except Failure as failure:
            return failure.came
    return None


def mistakes():
    """What the audit did not see, or saw where nothing was."""
    wrong = []
    for change, wanted in _CASES:
        came = _finding(change)
        if (wanted is None) != (came is None) or (wanted and wanted not in came):
            wrong.append(f"{change}: expected {wanted}, came {came}")
    return wrong
