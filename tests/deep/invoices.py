"""
Random lives that are invoiced again and again: `python -m tests.deep.invoices 1000 [seed]`.

A step is one invoice. Each is made of what is known on its day, interim or not; in the end all of them together are the
statements of all that was, with discounts, coupons, floors, commitments, free usage and taxes.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import date

from ratecard.money import Money
from ratecard.rating import Invoice, invoice
from tests import histories
from tests.histories import DAY, History
from tests.staged import bills


def live(history: History, dice: random.Random) -> int:
    """One life; how many invoices it had."""
    today, issued = history.start, list[Invoice]()
    for days in (dice.randint(1, 40) for _ in range(dice.randint(1, 6))):
        today += DAY * days
        asked = [change for change in history.changes if isinstance(change.at, date) and change.at <= today]
        known = bills(history._replace(changes=tuple(asked)), today)
        kept = [Invoice.from_json(each.to_json()) for each in issued]
        issued.append(invoice(known, f"{today}T00:00:00Z", issued=kept, interim=dice.random() < 0.4))
    end = today + DAY * 70
    last = [each for each in bills(history, end) if each.period.end.date() <= end]
    issued.append(invoice(last, f"{end}T00:00:00Z", issued=issued))
    zero = Money("0", "USD")
    if sum((each.amount for each in issued), zero) != sum((each.due for each in last), zero):
        raise AssertionError(f"{history!r}: invoices do not add up")
    return len(issued)


def main(steps: int, seed: int) -> int:
    """Live until so many invoices are made; how many were."""
    done = lives = 0
    began = time.perf_counter()
    while done < steps:
        dice = random.Random(f"{seed}.{lives}")  # noqa: S311
        done += live(histories.draw(dice), dice)
        lives += 1
    print(
        f"{done} invoices in {lives} lives, seed {seed}, {time.perf_counter() - began:.0f} s: they are the statements"
    )
    return done


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
